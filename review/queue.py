"""What waits for a reviewer, and in which order. It is read off their desk, whatever else is in review."""

from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotation.models import Item
from campaigns.models import Campaign, Role, User
from foundation import counts
from review.models import Desk, Seat, Vote, Waiting


def desk_of(campaign: Campaign, by: User) -> Desk | None:
    """None where this person is no reviewer, or has never asked for a wording."""
    return Desk.objects.filter(
        membership__campaign=campaign, membership__user=by, membership__role=Role.REVIEWER
    ).first()


def waiting(*, desk: Desk, now: datetime) -> QuerySet[Waiting]:
    """What lies on a desk, as far as a seat is this reviewer's own, is free or has run out.

    Their own seat comes first and what they passed on comes last; then the wordings with the most votes, so that
    items get finished, then the oldest.
    """
    return (
        Waiting.objects.filter(desk=desk)
        .annotate(taken=_number(Seat.objects.live(now)))
        .filter(Q(place=Waiting.Place.SEATED) | Q(revision__reviewers__gt=F("votes_in") + F("taken")))
        .order_by("place", "-votes_in", "since", "revision")
    )


def waiting_count(*, campaign: Campaign, by: User, now: datetime, most: int = 1_000) -> counts.Count:
    """How much waits for this person; what nobody has laid on their desk yet counts, too."""
    desk = desk_of(campaign, by)
    if desk is None or not desk.filled:
        return counts.count_up_to(_not_laid_out(campaign, by, now), most)
    on_desk = counts.count_up_to(waiting(desk=desk, now=now), most)
    return on_desk + counts.count_up_to(campaign.items.new_in_review().exclude(author=by), most)


def _not_laid_out(campaign: Campaign, by: User, now: datetime) -> QuerySet[Item]:
    """What would lie on a desk that is not set up yet."""
    items = campaign.items.counted().filter(status=Item.Status.IN_REVIEW).exclude(author=by)
    items = items.exclude(revisions__author=by).exclude(revision__votes__reviewer=by)
    return items.annotate(taken=_number(Seat.objects.live(now)), votes_in=_number(Vote.objects.all())).filter(
        revision__reviewers__gt=F("votes_in") + F("taken")
    )


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many of `rows` belong to the wording at hand."""
    counted = rows.filter(revision=OuterRef("revision")).order_by().values("revision").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)
