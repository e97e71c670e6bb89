"""What pages may show of items and votes. Votes of others are seen once a wording is decided, never before."""

from dataclasses import dataclass

from django.db.models import Count, Prefetch, QuerySet

from annotation.models import Difficulty, Item, Revision
from campaigns.models import Campaign, User
from review.models import Decision, Vote


def votes_of(*, campaign: Campaign, by: User) -> QuerySet[Vote]:
    """A reviewer's own votes, the newest first, with what became of each wording."""
    decisions = Decision.objects.order_by("-created_at", "-pk")
    return (
        Vote.objects.counted()
        .filter(reviewer=by, revision__item__campaign=campaign)
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
    revisions = item.revisions.select_related("category", "author").annotate(votes_in=Count("votes"))
    return [
        History(revision, decisions.get(revision.pk, []), votes.get(revision.pk, []), revision.votes_in)
        for revision in revisions.order_by("-number", "-pk")
    ]


def listed(
    *, campaign: Campaign, status: str = "", difficulty: str = "", major: str = "", search: str = ""
) -> QuerySet[Item]:
    """A lead's list of items, the newest first; an empty filter or an unknown status or difficulty narrows nothing."""
    items = campaign.items.counted().select_related("revision__category", "author")
    if status in Item.Status.values:
        items = items.filter(status=status)
    if difficulty in Difficulty.values:
        items = items.filter(revision__difficulty=difficulty)
    if major := major.replace("\x00", ""):
        items = items.filter(revision__category__major=major)
    if search := search.replace("\x00", "").strip():
        items = items.filter(revision__query__icontains=search)
    votes = Count("revision__votes", distinct=True)
    return items.annotate(votes_in=votes).order_by("-submitted_at", "-pk")
