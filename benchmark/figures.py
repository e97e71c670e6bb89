"""A release's statistics as rows of tables, in the order in which people read them."""

from collections.abc import Mapping
from typing import Any

LEVELS = ("easy", "medium", "hard")


def most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """
    >>> most_first({"Go": 1, "C": 1, "Python": 2})
    [('Python', 2), ('C', 1), ('Go', 1)]
    """
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def by_level(statistics: Mapping[str, Any]) -> list[int]:
    """Items that are easy, medium and hard."""
    return [statistics["difficulty"].get(level, 0) for level in LEVELS]


def by_subcategory(statistics: Mapping[str, Any]) -> list[tuple[str, str, int, list[int]]]:
    """Major, subcategory, items, and how many of these are easy, medium and hard."""
    levels = statistics["difficulty_by_subcategory"]
    return [
        (major, name, count, [levels[name].get(level, 0) for level in LEVELS])
        for major, names in sorted(statistics["subcategories"].items())
        for name, count in sorted(names.items())
    ]


def by_votes(statistics: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Items by their valid votes, the most unanimous first."""
    return sorted(statistics["votes"].items(), reverse=True)
