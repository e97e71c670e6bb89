"""Every write to seats, votes and decisions."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Item, Revision
from annotation.wording import normalise
from annotation.workflow import ITEM
from campaigns import events
from campaigns.access import Permission, require
from campaigns.models import Campaign, Role, User, Verb
from campaigns.transitions import move
from review import consensus, desks
from review.ballot import LONGEST_RATIONALE, Ballot, Problem
from review.models import Decision, Seat, Vote, Waiting
from review.queue import waiting

# How many wordings one search for a seat tries before it gives up: each time somebody else was quicker.
_RACES = 50

_VERBS: dict[consensus.Verdict, Verb] = {"accepted": Verb.ITEM_ACCEPTED, "rejected": Verb.ITEM_REJECTED}

_PROBLEMS: dict[Problem, Promise] = {
    "missing": gettext_lazy("Answer this."),
    "fails_the_checklist": gettext_lazy("A valid query passes the whole checklist. Vote invalid, or mend the answers."),
    "needs_a_rationale": gettext_lazy("Say what makes it invalid: its author will read this."),
    "too_long": gettext_lazy("This is longer than {longest} characters."),
}


class OwnItem(Exception):
    """Nobody judges what they wrote."""


class AlreadyVoted(Exception):
    """This person has judged this wording, otherwise than now; votes are final."""


class StaleWording(Exception):
    """The item has another wording than the one that was judged."""


class Decided(Exception):
    """No vote is wanted any more: they were counted, or a lead sent the item back or withdrew it."""


class NoSeat(Exception):
    """The lease ran out and others have taken all seats."""


class BadVote(Exception):
    """A ballot that cannot be cast; `errors` says by field why."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in errors.items()))
        self.errors = dict(errors)


class NoteMissing(Exception):
    """An item is sent back or withdrawn with a note that says why."""


def take_seat(*, campaign: Campaign, by: User, now: datetime) -> Seat | None:
    """A seat at the next wording to judge (`review.queue`), or the one this person holds already, renewed.

    None when nothing waits for them. Raises NotAllowed.
    """
    require(campaign, by, Permission.JUDGE)
    membership = campaign.memberships.get(user=by, role=Role.REVIEWER)
    desk = desks.desk_at_work(campaign=campaign, membership=membership, now=now)
    with transaction.atomic():
        if not desks.in_turn(desk):
            return None
        rows = list(waiting(desk=desk, now=now).select_related("revision")[:_RACES])
        # Past those where somebody is sitting down or voting this moment: all who search begin with the same ones.
        for row in rows:
            if (seat := _seat_at(_free(row.revision), row.revision, by, now)) is not None:
                return seat
    for row in rows:
        # A transaction for each try: two who search at once must not hold one item and wait for the next.
        with transaction.atomic():
            if not desks.in_turn(desk):
                return None
            # That of a double click, taken meanwhile.
            own = Waiting.objects.filter(desk=desk, place=Waiting.Place.SEATED).select_related("revision").first()
            revision = (own or row).revision
            if (seat := _seat_at(_locked(revision), revision, by, now)) is not None:
                return seat
    return None


@transaction.atomic
def vote(
    *,
    revision: Revision,
    digest: str,
    ballot: Ballot,
    by: User,
    now: datetime,
) -> Vote:
    """Cast a vote on the wording with this digest, from one's seat or any free one. The last vote decides the item.

    Sent twice, it is the same vote. Raises BadVote, NotAllowed, OwnItem, AlreadyVoted, StaleWording, Decided and
    NoSeat.
    """
    ballot = replace(ballot, rationale=normalise(ballot.rationale))
    if problems := ballot.problems():
        longest = f"{LONGEST_RATIONALE:,}"
        raise BadVote({name: str(_PROBLEMS[problem]).format(longest=longest) for name, problem in problems.items()})
    item = _locked(revision)  # whoever votes on the same item waits here: the votes are counted one after the other
    campaign = item.campaign
    require(campaign, by, Permission.JUDGE)
    if by.pk == item.author_id or item.revisions.filter(author=by).exists():
        raise OwnItem(_("You wrote this item: others judge it."))
    cast = revision.votes.filter(reviewer=by).first()
    if cast is not None:
        if cast.digest == digest and Ballot.of(cast) == ballot:
            return cast
        raise AlreadyVoted(_("You have voted on this wording. Votes are final."))
    if item.revision_id != revision.pk or revision.digest != digest:
        raise StaleWording(_("The wording changed while you read. Your vote was not recorded."))
    if item.status != Item.Status.IN_REVIEW:
        raise Decided(_("This item was decided while you read. Your vote was not recorded."))
    seat = _sit(revision, campaign, by, now)
    if seat is None:
        raise NoSeat(_("Your time at this item ran out and others took every seat. Your vote was not recorded."))
    cast = Vote.objects.create(
        revision=revision,
        digest=digest,
        reviewer=by,
        seat=seat.number,
        created_at=now,
        **asdict(ballot),
    )
    # The log says that there was a vote, not which: it is read before the decision, too.
    data = {"item": item.pk, "revision": revision.pk, "seat": seat.number}
    events.record(Verb.VOTE_CAST, cast, campaign=campaign, by=by, now=now, data=data)
    desks.voted(revision=revision, by=by)
    _count(item, revision, now)
    return cast


@transaction.atomic
def pass_on(*, revision: Revision, by: User, now: datetime) -> None:
    """Give one's seat to whoever comes next; for this person, the wording goes to the end of the queue.

    Without a seat, or once they voted, nothing happens. Raises NotAllowed.
    """
    item = _locked(revision)
    require(item.campaign, by, Permission.JUDGE)
    voted = revision.votes.filter(reviewer=by).exists()
    if not voted and revision.seats.filter(reviewer=by).delete()[0]:
        desks.passed_on(revision=revision, by=by)
        events.record(Verb.QUERY_PASSED_ON, revision, campaign=item.campaign, by=by, now=now, data={"item": item.pk})


@transaction.atomic
def send_back(*, item: Item, note: str, by: User, now: datetime) -> Decision:
    """Ask the author for another wording. Raises NotAllowed, NoteMissing and IllegalTransition."""
    return _overrule(item, Decision.Outcome.RETURNED, Verb.ITEM_SENT_BACK, note, by, now)


@transaction.atomic
def withdraw(*, item: Item, note: str, by: User, now: datetime) -> Decision:
    """Take an item out for good. Raises NotAllowed, NoteMissing and IllegalTransition."""
    return _overrule(item, Decision.Outcome.WITHDRAWN, Verb.ITEM_WITHDRAWN, note, by, now)


def _locked(revision: Revision) -> Item:
    """The item as it is now, for this transaction alone. SQLite locks the whole database at BEGIN instead."""
    return Item.objects.select_for_update(of=("self",), no_key=True).select_related("campaign").get(pk=revision.item_id)


def _free(revision: Revision) -> Item | None:
    """As `_locked`, but None where somebody else holds it."""
    rows = Item.objects.select_for_update(
        of=("self",), no_key=True, skip_locked=connection.features.has_select_for_update_skip_locked
    )
    return rows.select_related("campaign").filter(pk=revision.item_id).first()


def _seat_at(item: Item | None, revision: Revision, by: User, now: datetime) -> Seat | None:
    """A seat at a wording, if it is the one in review."""
    if item is None or item.status != Item.Status.IN_REVIEW or item.revision_id != revision.pk:
        return None
    return _sit(revision, item.campaign, by, now)


def _sit(revision: Revision, campaign: Campaign, by: User, now: datetime) -> Seat | None:
    """This person's seat, or the first one that is free or has run out, from now on for them. The item is locked."""
    until = now + timedelta(minutes=campaign.lease_minutes)
    seats = {seat.number: seat for seat in revision.seats.order_by("number", "pk")}
    voted = set(revision.votes.values_list("seat", flat=True))
    own = [seat for seat in seats.values() if seat.reviewer_id == by.pk]
    for number in [seat.number for seat in own] or range(1, revision.reviewers + 1):
        if number in voted:
            continue
        seat = seats.get(number)
        if seat is None:
            seat = Seat.objects.create(revision=revision, number=number, reviewer=by, lease_expires_at=until)
            desks.seat_taken(revision=revision, by=by, before=None)
            return seat
        if seat.reviewer_id == by.pk or seat.lease_expires_at <= now:
            before = seat.reviewer_id
            seat.reviewer, seat.lease_expires_at = by, until
            seat.save(update_fields=["reviewer", "lease_expires_at"])
            if before != by.pk:
                desks.seat_taken(revision=revision, by=by, before=before)
            return seat
    return None


def _count(item: Item, revision: Revision, now: datetime) -> None:
    """Decide the item if its last vote is in."""
    valid = list(revision.votes.order_by("seat").values_list("valid", flat=True))
    verdict = consensus.verdict(valid, reviewers=revision.reviewers, quorum=revision.quorum)
    if verdict is not None:
        _decide(item, revision, verdict, _VERBS[verdict], valid, "", None, now)


def _overrule(item: Item, outcome: str, verb: Verb, note: str, by: User, now: datetime) -> Decision:
    note = normalise(note)
    if not note:
        raise NoteMissing(_("Say why: the author will read it."))
    current = Item.objects.select_for_update(of=("self",), no_key=True).select_related("campaign").get(pk=item.pk)
    require(current.campaign, by, Permission.OVERSEE)
    revision = current.revisions.latest("number")
    valid = list(revision.votes.order_by("seat").values_list("valid", flat=True))
    decision = _decide(current, revision, outcome, verb, valid, note, by, now)
    item.status = current.status
    return decision


def _decide(
    item: Item,
    revision: Revision,
    outcome: str,
    verb: Verb,
    valid: list[bool],
    note: str,
    by: User | None,
    now: datetime,
) -> Decision:
    decision = Decision.objects.create(
        revision=revision,
        outcome=outcome,
        valid_votes=sum(valid),
        votes=len(valid),
        quorum=revision.quorum,
        by=by,
        note=note,
        created_at=now,
    )
    data: dict[str, Any] = {"revision": revision.pk, "valid_votes": sum(valid), "votes": len(valid)}
    if note:
        data["note"] = note
    move(item, outcome, table=ITEM, campaign=item.campaign, by=by, now=now, verb=verb, data=data, queued_at=None)
    desks.cleared(revision=revision)
    return decision
