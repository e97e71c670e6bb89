"""What a reader makes of a file: records, and a reason for each line that is none."""

from dataclasses import dataclass
from typing import Any

LONGEST = 16 * 1024 * 1024  # bytes of one record; a longer "line" is a damaged file, not a question


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


def checked(line: int, value: object) -> Record | Reject:
    """A JSON value as a record, which an object alone can be."""
    if not isinstance(value, dict):
        return Reject(line, "", f"a {type(value).__name__} where an object was expected")
    return Record(line, value)
