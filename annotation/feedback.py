"""What an author gets to read of the review: votes on wordings that were decided, never on one still under vote."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from annotation.models import Item, Revision


@dataclass(frozen=True)
class Judgement:
    """One decided wording with its votes, in the order of the seats, and its decisions, in the order of time."""

    revision: Revision
    votes: list[Any]
    decisions: list[Any]


def judgements(items: Collection[Item]) -> dict[int, list[Judgement]]:
    """By item, its decided wordings, the newest first. Three queries, however many items."""
    revisions = (
        Revision.objects.filter(item__in=items, decisions__isnull=False)
        .distinct()
        .order_by("item_id", "-number")
        .prefetch_related("votes", "decisions")
    )
    found: dict[int, list[Judgement]] = {item.pk: [] for item in items}
    for revision in revisions:
        votes = sorted(revision.votes.all(), key=lambda vote: vote.seat)
        decisions = sorted(revision.decisions.all(), key=lambda decision: decision.pk)
        found[revision.item_id].append(Judgement(revision, votes, decisions))
    return found
