"""What waits for a reviewer, and in which order."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce

from annotation.models import Item, Revision
from campaigns.models import Campaign, Event, User, Verb
from review.models import Seat, Vote

PASSED = Verb.QUERY_PASSED_ON


def waiting(*, campaign: Campaign, by: User, now: datetime) -> QuerySet[Revision]:
    """Wordings that this person may judge and has not: with a seat that is free, has run out, or is their own.

    Their own seat comes first and what they passed on comes last; then the wordings with the most votes, so that
    items get finished, then the oldest.
    Never an item that this person wrote, in whole or in one of its revisions.
    """
    seat = Seat.objects.filter(revision=OuterRef("pk"), reviewer=by)
    wrote = Revision.objects.filter(item=OuterRef("item"), author=by)
    voted = Vote.objects.filter(revision=OuterRef("pk"), reviewer=by)
    this = Cast(OuterRef("pk"), CharField())
    passed = Event.objects.filter(campaign=campaign, actor=by, verb=PASSED, object_type="revision", object_id=this)
    return (
        Revision.objects.filter(item__campaign=campaign, item__status=Item.Status.IN_REVIEW, pk=F("item__revision"))
        .exclude(item__author=by)
        .exclude(Exists(wrote))
        .exclude(Exists(voted))
        .annotate(mine=Exists(seat), passed=Exists(passed))
        .annotate(votes_in=_number(Vote.objects.all()), taken=_number(Seat.objects.live(now)))
        .filter(Q(mine=True) | Q(reviewers__gt=F("votes_in") + F("taken")))
        .order_by("-mine", "passed", "-votes_in", "created_at", "pk")
    )


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many of `rows` belong to the wording at hand."""
    counted = rows.filter(revision=OuterRef("pk")).order_by().values("revision").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)
