"""A file of scraped records in; its records, and the lines that are none, out.

The format is recognised by content, never by the file's name: gzip or zstd around any of JSON Lines, a JSON array,
CSV or TSV (any encoding), the Posts.xml of a Stack Exchange dump; or Parquet; or a folder of HTML pages. Files are
streamed: what is held in memory is one batch.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from foundation.packed import DAMAGE, PIECE, unpacked
from sampling.readers import columns, pages, posts
from sampling.readers.json import is_json_lines, json_array, json_lines, json_object
from sampling.readers.lines import lines
from sampling.readers.parquet import parquet
from sampling.readers.record import Record, Reject, Unreadable
from sampling.readers.table import table

SAMPLE = 4 * 1024 * 1024  # bytes looked at to recognise format and encoding
_RECORDS_SEEN = 200  # to guess what the columns mean
_LARGEST = 32_000_000  # characters of records that are held at once, however few records that is


def read(path: Path) -> Iterator[Record | Reject]:
    """Every record of a file in order. Raises Unreadable."""
    try:
        if path.is_dir():
            yield from _pages(path)
            return
        with path.open("rb") as file:
            if file.peek(4).startswith(b"PAR1"):
                yield from parquet(path)
                return
            with unpacked(file) as stream:
                yield from _text(path, stream)
    except (*DAMAGE, UnicodeError) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def meaning(path: Path, pairs: Sequence[str]) -> dict[str, str]:
    """Field → column: what was asked for by `field=column` pairs, else guessed from the first records.

    Raises Unreadable or BadMapping.
    """
    if path.is_dir():
        found = {**{name: name for name in pages.COLUMNS}, **columns.chosen(pairs, pages.COLUMNS)}
        return {name: column for name, column in found.items() if column}
    sample = [row.fields for row in next(batches(read(path), _RECORDS_SEEN), []) if isinstance(row, Record)]
    known = {name for fields in sample for name in columns.flat(fields)}
    found = {**columns.guess(sample), **columns.chosen(pairs, known)}
    found = {name: column for name, column in found.items() if column}
    if sample and not {"title", "body"} & set(found):
        raise columns.BadMapping(f"{path}: no column looks like a question; name one with --map body=COLUMN")
    return found


def name_of(path: Path, page: str = "") -> str:
    """What a file or a folder is called, also one that is given as a dot; of a page, with its path below the folder."""
    name = path.resolve().name if path.is_dir() else path.name
    return f"{name}/{page}" if page else name


def batches(rows: Iterable[Record | Reject], count: int) -> Iterator[list[Record | Reject]]:
    """At most so many rows at a time, and fewer where they are long. Also those before a file turns out damaged."""
    batch: list[Record | Reject] = []
    characters = 0
    try:
        for row in rows:
            batch.append(row)
            characters += row.characters if isinstance(row, Record) else 0
            if len(batch) == count or characters > _LARGEST:
                yield batch
                batch, characters = [], 0
    except Unreadable:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _pages(path: Path) -> Iterator[Record | Reject]:
    for number, (name, page) in enumerate(pages.read(path), 1):
        if isinstance(page, pages.NoPage):
            yield Reject(page.line, page.field, page.reason, name)
        else:
            yield Record(number, page, name)


def _text(path: Path, stream: io.BufferedReader) -> Iterator[Record | Reject]:
    sample, damage = b"", None
    try:
        while len(sample) < SAMPLE and (more := stream.read1(PIECE)):
            sample += more
    except DAMAGE as error:
        damage = error
        if not sample:
            raise
    encoding = _encoding(sample)
    whole = _Joined(sample, stream, damage)
    start = sample.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if not start:
        raise Unreadable(f"{path}: the file is empty")
    if posts.is_posts(start):
        yield from _posts(path, encoding)
        return
    if start[0] == "[":
        yield from json_array(whole, encoding)
    elif start[0] == "{":
        if is_json_lines(start):
            yield from json_lines(whole, encoding)
        else:
            yield from json_object(path, whole, encoding)
    elif "\x00" in start[:1000]:
        raise Unreadable(f"{path}: neither JSON, CSV nor Parquet")
    else:
        yield from table(path, whole, encoding, start)


class _Joined(io.RawIOBase):
    """The sample that was read to recognise the file, then the rest of it."""

    def __init__(self, sample: bytes, rest: io.BufferedReader, damage: Exception | None) -> None:
        self._sample = memoryview(sample)
        self._rest = rest
        self._damage = damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        if self._damage and not len(self._sample):
            raise self._damage
        part = self._sample[:wanted] if len(self._sample) else self._rest.read1(min(wanted, PIECE))
        self._sample = self._sample[len(part) :] if len(self._sample) else self._sample
        buffer[: len(part)] = part
        return len(part)


def _encoding(sample: bytes) -> str:
    """By byte order mark; else UTF-8 where most lines with bytes beyond ASCII are UTF-8; else the likeliest.

    JSON is UTF-8 by its standard: there, a few lines that are not are broken lines.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return name
    good = bad = 0
    for line in sample.split(b"\n")[:-1] or [sample]:
        if not line.isascii():
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad += 1
    is_json = sample.lstrip()[:1] in (b"{", b"[")
    if good >= bad or (is_json and bad < 3):
        return "utf-8"
    best = from_bytes(sample[: 256 * 1024]).best()
    return best.encoding if best else "latin-1"


def _posts(path: Path, encoding: str) -> Iterator[Record | Reject]:
    def numbered() -> Iterator[tuple[int, bytes]]:
        with path.open("rb") as file, unpacked(file) as stream:
            yield from enumerate(lines(stream, encoding), 1)

    try:
        for line, row in posts.questions(numbered, DAMAGE):
            yield Reject(line, "", row) if isinstance(row, str) else Record(line, dict(row))
    except posts.Forbidden as error:
        raise Unreadable(f"{path}: {error}") from error
