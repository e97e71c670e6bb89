"""What waits for a reviewer and in which order, what they judged, and what may be seen of an item."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotation.models import Difficulty, Item, Revision
from campaigns.models import Campaign, User
from review.models import Decision, Seat, Vote


def waiting(*, campaign: Campaign, by: User, now: datetime) -> QuerySet[Revision]:
    """Wordings that this person may judge and has not: with a seat that is free, has run out, or is their own.

    Their own seat comes first, then the wordings with the most votes, so that items get finished, then the oldest.
    Never an item that this person wrote, in whole or in one of its revisions.
    """
    seat = Seat.objects.filter(revision=OuterRef("pk"), reviewer=by)
    wrote = Revision.objects.filter(item=OuterRef("item"), author=by)
    voted = Vote.objects.filter(revision=OuterRef("pk"), reviewer=by)
    return (
        Revision.objects.filter(item__campaign=campaign, item__status=Item.Status.IN_REVIEW, pk=F("item__revision"))
        .exclude(item__author=by)
        .exclude(Exists(wrote))
        .exclude(Exists(voted))
        .annotate(mine=Exists(seat), votes_in=_number(Vote.objects.all()), taken=_number(Seat.objects.live(now)))
        .filter(Q(mine=True) | Q(reviewers__gt=F("votes_in") + F("taken")))
        .order_by("-mine", "-votes_in", "created_at", "pk")
    )


def votes_of(*, campaign: Campaign, by: User) -> QuerySet[Vote]:
    """A reviewer's own votes, the newest first, with what became of each wording."""
    decisions = Decision.objects.order_by("-created_at", "-pk")
    return (
        Vote.objects.filter(reviewer=by, revision__item__campaign=campaign)
        .select_related("revision__category")
        .prefetch_related(Prefetch("revision__decisions", decisions))
        .order_by("-created_at", "-pk")
    )


@dataclass(frozen=True)
class History:
    """A wording, what was decided about it, and then, but not before, its votes. `votes_in` is known all along."""

    revision: Revision
    decisions: list[Decision]
    votes: list[Vote]
    votes_in: int


def history(item: Item) -> list[History]:
    """Every wording of an item, the newest first."""
    decisions: dict[int, list[Decision]] = {}
    for decision in Decision.objects.filter(revision__item=item).select_related("by").order_by("-created_at", "-pk"):
        decisions.setdefault(decision.revision_id, []).append(decision)
    votes: dict[int, list[Vote]] = {}
    for vote in Vote.objects.revealed().filter(revision__item=item).select_related("reviewer").order_by("seat", "pk"):
        votes.setdefault(vote.revision_id, []).append(vote)
    revisions = item.revisions.select_related("category", "author").annotate(votes_in=_number(Vote.objects.all()))
    return [
        History(revision, decisions.get(revision.pk, []), votes.get(revision.pk, []), revision.votes_in)
        for revision in revisions.order_by("-number", "-pk")
    ]


def listed(
    *, campaign: Campaign, status: str = "", difficulty: str = "", major: str = "", search: str = ""
) -> QuerySet[Item]:
    """A lead's list of items, the newest first; what is empty or unknown does not narrow it."""
    items = Item.objects.filter(campaign=campaign).select_related("revision__category", "author")
    if status in Item.Status.values:
        items = items.filter(status=status)
    if difficulty in Difficulty.values:
        items = items.filter(revision__difficulty=difficulty)
    if major:
        items = items.filter(revision__category__major=major)
    if search := search.replace("\x00", "").strip():
        items = items.filter(revision__query__icontains=search)
    votes = Count("revision__votes", distinct=True)
    return items.annotate(votes_in=votes).order_by("-submitted_at", "-pk")


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many of `rows` belong to the wording at hand."""
    counted = rows.filter(revision=OuterRef("pk")).order_by().values("revision").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)
