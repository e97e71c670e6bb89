"""What an author gets to read of the review: votes on wordings that were decided, never on one still under vote.

The review lies above the writing and tells it: `told_by` says who is asked.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from annotation.models import Item, Revision


@dataclass(frozen=True)
class Said:
    """One reviewer's judgement, without a name."""

    valid: bool
    clear: bool
    ethical: bool
    solvable: bool
    rationale: str


@dataclass(frozen=True)
class Outcome:
    """What became of a wording: counted from its votes, or a lead's own act with a note."""

    label: str
    valid_votes: int
    votes: int
    quorum: int
    note: str
    created_at: datetime


@dataclass(frozen=True)
class Judgement:
    """One decided wording with its votes, in the order of the seats, and its decisions, in the order of time."""

    revision: Revision
    votes: list[Said]
    decisions: list[Outcome]


Source = Callable[[Collection[Item]], dict[int, list[Judgement]]]


def _nobody(items: Collection[Item]) -> dict[int, list[Judgement]]:
    return {}


_source: Source = _nobody


def told_by(source: Source) -> None:
    """Name what knows the judgements of items: by item, its decided wordings, the newest first."""
    global _source
    _source = source


def judgements(items: Collection[Item]) -> dict[int, list[Judgement]]:
    """By item, its decided wordings, the newest first; an item without any has an empty list."""
    return {item.pk: [] for item in items} | _source(items)
