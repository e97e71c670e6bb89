"""Counts that a page may show of however many rows: exact up to a bound, and "more than" beyond it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

MOST = 100_000  # rows that one count looks at: above what one campaign of the paper's size has in any status


@dataclass(frozen=True)
class Count:
    number: int
    more: bool = False  # there are more than that

    def __str__(self) -> str:
        return _("more than %(number)s") % {"number": f"{self.number:,}"} if self.more else f"{self.number:,}"

    def __bool__(self) -> bool:
        return self.number > 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.number + other.number, self.more or other.more)


def count_up_to(rows: QuerySet[Any], most: int = MOST) -> Count:
    """How many rows there are, looking at no more than `most` and one of them."""
    found = rows.order_by()[: most + 1].count()
    return Count(min(found, most), found > most)
