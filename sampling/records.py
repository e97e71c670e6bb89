"""A file of scraped records in; its records, and the lines that are none, out.

The format is recognised by content, never by the file's name: gzip or zstd around any of JSON Lines, a JSON array,
CSV or TSV (any encoding), the Posts.xml of a Stack Exchange dump; or Parquet; or a folder of HTML pages. Files are
streamed: what is held in memory is one batch.
"""

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from charset_normalizer import from_bytes

from sampling import pages, posts

LONGEST = 16 * 1024 * 1024  # bytes of one record; a longer "line" is a damaged file, not a question
SAMPLE = 4 * 1024 * 1024  # bytes looked at to recognise format and encoding
_PIECE = 64 * 1024  # bytes read at a time: what is lost in front of a damage
_DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
_LONGEST_OBJECT = 256 * 1024 * 1024  # characters of a file that is one object, the only kind that is held whole
_SPACE = re.compile("[\ufeff \\t\\r\\n]*")
_DELIMITERS = ",\t;|"


class Unreadable(Exception):
    """The file cannot be read as a whole; says which and why."""


@dataclass(frozen=True)
class Reject:
    line: int
    field: str
    reason: str
    page: str = ""


@dataclass(frozen=True)
class Record:
    """`line` is the line on which it starts (CSV, JSON), its row number (Parquet) or its number among the pages.

    `page` is the path of a page below its folder, else "".
    """

    line: int
    fields: dict[str, Any]
    page: str = ""

    @property
    def characters(self) -> int:
        """About how much memory it takes."""
        return sum(len(value if isinstance(value, str) else repr(value)) for value in self.fields.values())

    def rejected(self, field: str, reason: str) -> Reject:
        return Reject(1 if self.page else self.line, field, reason, self.page)


def read(path: Path) -> Iterator[Record | Reject]:
    """Every record of a file in order. Raises Unreadable."""
    try:
        if path.is_dir():
            yield from _pages(path)
            return
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if head == b"PAR1":
                yield from _parquet(path)
                return
            with _unpacked(file, head) as stream:
                yield from _text(path, stream)
    except (*_DAMAGE, UnicodeError) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _pages(path: Path) -> Iterator[Record | Reject]:
    for number, (name, page) in enumerate(pages.read(path), 1):
        if isinstance(page, pages.NoPage):
            yield Reject(page.line, page.field, page.reason, name)
        else:
            yield Record(number, page, name)


def _unpacked(file: io.BufferedReader, head: bytes) -> io.BufferedReader:
    if head[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=file), _PIECE)
    if head == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True), _PIECE)
    return io.BufferedReader(file, SAMPLE)


def _text(path: Path, stream: io.BufferedReader) -> Iterator[Record | Reject]:
    sample, damage = b"", None
    try:
        while len(sample) < SAMPLE and (more := stream.read1(_PIECE)):
            sample += more
    except _DAMAGE as error:
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
        yield from _json_array(whole, encoding)
    elif start[0] == "{":
        if _is_json_lines(start):
            yield from _json_lines(whole, encoding)
        else:
            yield from _json_object(path, whole, encoding)
    elif "\x00" in start[:1000]:
        raise Unreadable(f"{path}: neither JSON, CSV nor Parquet")
    else:
        yield from _table(path, whole, encoding, start)


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
        part = self._sample[:wanted] if len(self._sample) else self._rest.read1(min(wanted, _PIECE))
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


def _is_json_lines(start: str) -> bool:
    first = start.split("\n", 1)[0]
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        # A broken or a huge first line is still a line if the next one opens an object of its own.
        return any(line.startswith("{") and line.rstrip().endswith("}") for line in start.split("\n")[1:20])


def _posts(path: Path, encoding: str) -> Iterator[Record | Reject]:
    def lines() -> Iterator[tuple[int, bytes]]:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            with _unpacked(file, head) as stream:
                yield from enumerate(_lines(stream, encoding), 1)

    try:
        for line, row in posts.questions(lines, _DAMAGE):
            yield Reject(line, "", row) if isinstance(row, str) else Record(line, dict(row))
    except posts.Forbidden as error:
        raise Unreadable(f"{path}: {error}") from error


def _lines(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    """Lines; of one that is too long only its start, just long enough to show that it is. UTF-16 becomes UTF-8."""
    if encoding != "utf-16":
        return _short_lines(stream)
    order = "utf-16-be" if stream.peek(2)[:2] == b"\xfe\xff" else "utf-16-le"
    return (_utf_8(line, order) for line in _wide_lines(stream, "\n".encode(order)))


def _utf_8(line: bytes, encoding: str) -> bytes:
    try:
        return line.decode(encoding).lstrip("\ufeff").encode()
    except UnicodeDecodeError:
        return b"\xff"  # which is no UTF-8 either: whoever reads the line will say so


def _wide_lines(stream: io.BufferedReader, newline: bytes) -> Iterator[bytes]:
    """Lines of UTF-16, where the byte of a line feed may also be half of another letter."""
    line = bytearray()
    while piece := stream.readline(LONGEST):
        line += piece
        if len(line) % 2:
            line += stream.read(1)
        if line.endswith(newline):
            yield bytes(line)
            line.clear()
        elif len(line) > 2 * LONGEST:
            del line[LONGEST + 2 :]
    if line:
        yield bytes(line)


def _json_lines(stream: io.RawIOBase, encoding: str) -> Iterator[Record | Reject]:
    lines = _lines(io.BufferedReader(stream, 1 << 20), encoding)
    encoding = "utf-8" if encoding == "utf-16" else encoding
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST:
            yield Reject(number, "", f"the line is longer than {LONGEST:,} bytes")
            continue
        if not line.strip():
            continue
        try:
            yield _checked(number, json.loads(line.decode(encoding)))
        except UnicodeDecodeError as error:
            yield Reject(number, "", f"not {encoding}: {error.reason} at byte {error.start}")
        except (ValueError, RecursionError) as error:
            yield Reject(number, "", f"not JSON: {error}")


def _short_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    while line := stream.readline(LONGEST + 1):
        if len(line) > LONGEST and not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        yield line


def _checked(line: int, value: object) -> Record | Reject:
    if not isinstance(value, dict):
        return Reject(line, "", f"a {type(value).__name__} where an object was expected")
    return Record(line, value)


def _json_array(stream: io.RawIOBase, encoding: str) -> Iterator[Record | Reject]:
    """The elements of one or more top-level arrays, one at a time."""
    text = io.TextIOWrapper(io.BufferedReader(stream, 1 << 20), encoding, errors="replace")
    decoder = json.JSONDecoder()
    buffer, line, wanted, ended = "", 1, 1 << 16, False
    opened = False
    while True:
        stripped = buffer.lstrip("\ufeff \t\r\n," if opened else "\ufeff \t\r\n")
        line += buffer.count("\n", 0, len(buffer) - len(stripped))
        buffer = stripped
        if not opened and buffer.startswith("["):
            buffer, opened = buffer[1:], True
            continue
        if opened and buffer.startswith("]"):
            buffer, opened = buffer[1:], False
            continue
        if not opened and buffer:
            yield Reject(line, "", "not read from here on: something else follows the array")
            return
        if not opened and ended:
            return
        value, end = None, 0
        if buffer:
            with suppress(ValueError, RecursionError):
                value, end = decoder.raw_decode(buffer)
        # A number may go on in what is not read yet; objects, arrays and strings end where they end.
        if end and (ended or end < len(buffer)):
            yield _checked(line, value)
            line += buffer.count("\n", 0, end)
            buffer, wanted = buffer[end:], 1 << 16
            continue
        if ended or len(buffer) > LONGEST:
            yield Reject(line, "", "not JSON from here on" if buffer else "the array is not closed")
            return
        more = text.read(wanted)
        ended, wanted = not more, wanted * 2
        buffer += more


def _json_object(path: Path, stream: io.RawIOBase, encoding: str) -> Iterator[Record | Reject]:
    """Objects that each hold the records in a list, such as {"items": [...]}, or that are one record."""
    text = io.TextIOWrapper(io.BufferedReader(stream), encoding).read(_LONGEST_OBJECT + 1)
    if len(text) > _LONGEST_OBJECT:
        raise Unreadable(f"{path}: one JSON object of more than {_LONGEST_OBJECT:,} characters; write its list alone")
    decoder, at, line = json.JSONDecoder(), 0, 1
    while True:
        end = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        line, at = line + text.count("\n", at, end), end
        if at == len(text):
            return
        try:
            data, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if not at:
                raise Unreadable(f"{path}: neither JSON Lines nor JSON: {error}") from error
            yield Reject(line, "", f"not JSON from here on: {error}")
            return
        lists: list[list[Any]] = []
        if isinstance(data, dict):
            lists = [value for value in data.values() if _is_records(value)]
        if lists:
            longest: list[Any] = max(lists, key=len)
            for number, value in enumerate(longest, 1):
                yield _checked(number if line == 1 else line, value)
        else:
            yield _checked(line, data)
        line, at = line + text.count("\n", at, end), end


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _table(path: Path, stream: io.RawIOBase, encoding: str, start: str) -> Iterator[Record | Reject]:
    header = start.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=lambda mark: (header.count(mark), -_DELIMITERS.index(mark)))
    if not header.count(delimiter):
        raise Unreadable(f"{path}: line 1: neither JSON nor a table: no column is set off by , ; | or a tab")
    csv.field_size_limit(min(LONGEST, sys.maxsize))
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    lines = _TableLines(io.TextIOWrapper(io.BufferedReader(stream, 1 << 20), encoding, errors=errors, newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    columns: list[str] | None = None
    too_long = 0  # the line that was rejected last for its length
    while True:
        line, lines.cut = lines.next, False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not lines.cut:
                yield Reject(line, "", str(error))
                continue
            cells = []
        if lines.cut:
            if line != too_long:
                yield Reject(line, "", f"the line is longer than {LONGEST:,} characters")
            too_long = line
        elif columns is None:
            columns = _distinct([cell.strip().lstrip("\ufeff") for cell in cells])
        elif cells:
            yield _row(line, columns, cells)


class _TableLines:
    """Lines of a table; one that is too long comes in pieces, none of which is to be believed."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._open = False  # the line that the last piece belongs to goes on
        self.next = 1  # the number of the line that the next piece belongs to
        self.cut = False  # a piece of a line that is too long was among the last ones

    def __iter__(self) -> Iterator[str]:
        while piece := self._text.readline(LONGEST):
            goes_on = len(piece) == LONGEST and not piece.endswith("\n")
            self.cut = self.cut or goes_on or self._open
            self._open = goes_on
            self.next += piece.endswith("\n")
            yield piece


def _row(line: int, columns: list[str], cells: list[str]) -> Record | Reject:
    if len(cells) != len(columns):
        return Reject(line, "", f"{len(cells)} columns where the header has {len(columns)}")
    for name, cell in zip(columns, cells, strict=True):
        if not cell.isascii() and any("\udc80" <= char <= "\udcff" for char in cell):
            return Reject(line, name, "bytes that are not UTF-8")
    return Record(line, dict(zip(columns, cells, strict=True)))


def _distinct(names: list[str]) -> list[str]:
    """Repeated names get a number: score, score (2)."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def _parquet(path: Path) -> Iterator[Record | Reject]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=500):
                for fields in batch.to_pylist():
                    number += 1
                    yield Record(number, fields)
    except pyarrow.ArrowException as error:
        raise Unreadable(f"{path}: row {number + 1}: {str(error).splitlines()[0]}") from error
