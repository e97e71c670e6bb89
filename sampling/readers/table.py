"""A table in text in, its columns set off by commas, tabs, semicolons or bars; records out."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from sampling.readers.record import LONGEST, Record, Reject, Unreadable

_DELIMITERS = ",\t;|"


def table(path: Path, stream: io.RawIOBase, encoding: str, start: str) -> Iterator[Record | Reject]:
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
