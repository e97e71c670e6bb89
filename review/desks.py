"""Laying wordings on reviewers' desks, and taking them off again.

A wording that comes into review is laid on every desk but its authors' when the next reviewer asks for work. From then
on each vote, seat and decision keeps the desks up to date, so that asking for work looks at one desk and nowhere else.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F

from annotation.models import Item, Revision
from campaigns.models import Campaign, Membership, Role, User
from review.models import Desk, Seat, Vote, Waiting

_ITEMS = 200  # laid out in one transaction


def desk_at_work(*, campaign: Campaign, membership: Membership, now: datetime) -> Desk:
    """A reviewer's desk with everything on it that is in review now."""
    desk = Desk.objects.filter(membership=membership).first() or _set_up(campaign, membership)
    if not desk.filled:
        _fill(campaign, desk)
    while _lay_out(campaign, now):
        pass
    return desk


def in_turn(desk: Desk) -> bool:
    """Until this transaction ends, nobody else takes a seat from this desk: a double click. False if it is gone."""
    return bool(Desk.objects.select_for_update(no_key=True).filter(pk=desk.pk))


def seat_taken(*, revision: Revision, by: User, before: int | None) -> None:
    """Somebody has sat down, perhaps where the time of another one (their primary key) had run out."""
    rows = Waiting.objects.filter(revision=revision)
    if before is not None:
        rows.filter(desk__membership__user=before, place=Waiting.Place.SEATED).update(place=Waiting.Place.OPEN)
    rows.filter(desk__membership__user=by).update(place=Waiting.Place.SEATED)


def passed_on(*, revision: Revision, by: User) -> None:
    Waiting.objects.filter(revision=revision, desk__membership__user=by).update(place=Waiting.Place.PASSED)


def voted(*, revision: Revision, by: User) -> None:
    rows = Waiting.objects.filter(revision=revision)
    rows.filter(desk__membership__user=by).delete()
    rows.update(votes_in=F("votes_in") + 1)


def cleared(*, revision: Revision) -> None:
    """Nobody is to judge this wording any more."""
    Waiting.objects.filter(revision=revision).delete()


def _set_up(campaign: Campaign, membership: Membership) -> Desk:
    with transaction.atomic():
        # Who lays wordings out holds the campaign, too: what is not laid on this desk was laid out before it was there.
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        return Desk.objects.get_or_create(membership=membership)[0]


def _fill(campaign: Campaign, desk: Desk) -> None:
    """Lay on a new desk what was laid out before. A run that was cut off begins again, and lays nothing twice."""
    laid_out = campaign.items.counted().filter(status=Item.Status.IN_REVIEW, queued_at__isnull=False).order_by("pk")
    last = 0
    while rows := list(laid_out.filter(pk__gt=last).values_list("pk", flat=True)[: _ITEMS * 5]):
        last = rows[-1]
        with transaction.atomic():
            _lay(_in_review(campaign, rows, queued=True), [desk])
    Desk.objects.filter(pk=desk.pk).update(filled=True)
    desk.filled = True


def _lay_out(campaign: Campaign, now: datetime) -> bool:
    """Lay the next wordings that are new in review on all desks; whether there were any."""
    new = campaign.items.new_in_review().values_list("pk", flat=True)
    if not (rows := list(new[:_ITEMS])):
        return False
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        of_reviewers = Desk.objects.filter(membership__campaign=campaign, membership__role=Role.REVIEWER)
        items = _in_review(campaign, rows, queued=False)
        _lay(items, of_reviewers.select_related("membership").order_by("pk"))
        Item.objects.filter(pk__in=[item.pk for item in items]).update(queued_at=now)
    return True


def _in_review(campaign: Campaign, pks: Collection[int], *, queued: bool) -> list[Item]:
    """Those of the items that still are, for nobody else to change until this transaction ends."""
    items = Item.objects.filter(
        campaign=campaign, pk__in=pks, status=Item.Status.IN_REVIEW, queued_at__isnull=not queued
    )
    return list(items.select_for_update(no_key=True).order_by("pk"))


def _lay(items: Collection[Item], desks: Iterable[Desk]) -> None:
    wordings = Revision.objects.filter(pk__in=[item.revision_id for item in items]).annotate(votes_in=Count("votes"))
    found = {revision.pk: revision for revision in wordings}
    authors: dict[int, set[int]] = {item.pk: {item.author_id} for item in items}
    for pk, author in Revision.objects.filter(item__in=items).values_list("item_id", "author_id").order_by("pk"):
        authors[pk].add(author)
    seated = set(Seat.objects.filter(revision__in=found).order_by().values_list("revision_id", "reviewer_id"))
    judged = set(Vote.objects.filter(revision__in=found).order_by().values_list("revision_id", "reviewer_id"))
    rows = []
    for desk in desks:
        user = desk.membership.user_id
        for item in items:
            if user in authors[item.pk] or (item.revision_id, user) in judged or item.revision_id is None:
                continue
            revision = found[item.revision_id]
            place = Waiting.Place.SEATED if (revision.pk, user) in seated else Waiting.Place.OPEN
            rows.append(
                Waiting(
                    desk=desk, revision=revision, place=place, votes_in=revision.votes_in, since=revision.created_at
                )
            )
    Waiting.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
