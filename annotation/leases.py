"""Who writes on which seed, and until when.

A lease is not a lock. A claim is one guarded UPDATE that sets a random token and an expiry; every later write names
the token. A lease that has run out still counts until somebody else takes the seed: then the token is another one.
The named constraints one_live_lease_per_seed and one_live_lease_per_annotator have the last word in a race.
"""

import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from annotation.queue import next_seed
from annotation.workflow import SEED
from campaigns.access import Permission, require
from campaigns.models import Campaign, User, Verb
from campaigns.transitions import IllegalTransition, LostRace, move
from sampling.models import Seed

# How often one claim starts again after a lost race before it gives up: each time somebody else got a seed.
_RACES = 100


class LeaseLost(Exception):
    """The seed is not, or no longer, this person's under this token."""


def holding(token: str, by: User) -> Q:
    """The guard of every write under a lease."""
    return Q(holder=by, lease_token=token.replace("\x00", ""))


def lost() -> LeaseLost:
    return LeaseLost(_("Either somebody else took it when its time ran out, or you are done with it."))


def _until(campaign: Campaign, now: datetime) -> datetime:
    return now + timedelta(minutes=campaign.lease_minutes)


def claim_next(*, campaign: Campaign, by: User, now: datetime) -> Seed | None:
    """The seed this person holds already, renewed, or else the next free one; None when the queue is empty.

    A double click or two open tabs never take two seeds. Raises NotAllowed.
    """
    require(campaign, by, Permission.WRITE)
    for left in reversed(range(_RACES)):
        try:
            held = Seed.objects.filter(campaign=campaign, status=Seed.Status.CLAIMED, holder=by).first()
            if held is not None:
                renew(seed=held, token=held.lease_token, by=by, now=now)
                return held
            free = next_seed(campaign=campaign, now=now)
            if free is not None:
                claim(seed=free, by=by, now=now)
            return free
        except (LeaseLost, LostRace, IntegrityError):
            if not left:
                raise
    return None


@transaction.atomic
def claim(*, seed: Seed, by: User, now: datetime) -> None:
    """Take a free seed; one whose lease ran out is freed first. Raises LostRace, or IntegrityError from a race."""
    if seed.status == Seed.Status.CLAIMED:
        expire(seed=seed, now=now)
    move(
        seed,
        Seed.Status.CLAIMED,
        table=SEED,
        campaign=seed.campaign,
        by=by,
        now=now,
        verb=Verb.SEED_CLAIMED,
        holder=by,
        lease_token=secrets.token_urlsafe(32),
        lease_expires_at=_until(seed.campaign, now),
    )


def renew(*, seed: Seed, token: str, by: User, now: datetime) -> None:
    """Start the lease's time again. Raises LeaseLost."""
    until = _until(seed.campaign, now)
    rows = Seed.objects.filter(holding(token, by), pk=seed.pk, status=Seed.Status.CLAIMED)
    if rows.update(lease_expires_at=until) != 1:
        raise lost()
    seed.lease_expires_at = until


def release(*, seed: Seed, token: str, by: User, now: datetime) -> None:
    """Put the seed back for somebody else; the draft stays with its writer. Raises NotAllowed and LeaseLost."""
    require(seed.campaign, by, Permission.WRITE)
    end(seed=seed, to=Seed.Status.DRAWN, token=token, by=by, now=now, verb=Verb.SEED_RELEASED)


def expire(*, seed: Seed, now: datetime) -> None:
    """Free a seed whose lease ran out. Raises LostRace if it did not, or if somebody was quicker."""
    move(
        seed,
        Seed.Status.DRAWN,
        table=SEED,
        campaign=seed.campaign,
        by=None,
        now=now,
        verb=Verb.LEASE_EXPIRED,
        guard=Q(lease_token=seed.lease_token, lease_expires_at__lte=now),
        data={"holder": seed.holder_id},
        **_NOBODY,
    )


def end(*, seed: Seed, to: str, token: str, by: User, now: datetime, verb: Verb, skip_reason: str = "") -> None:
    """Move a seed out of the hands of the person who holds it. Raises LeaseLost."""
    try:
        move(
            seed,
            to,
            table=SEED,
            campaign=seed.campaign,
            by=by,
            now=now,
            verb=verb,
            guard=holding(token, by),
            data={"reason": skip_reason} if skip_reason else {},
            skip_reason=skip_reason,
            **_NOBODY,
        )
    except (LostRace, IllegalTransition) as error:
        raise lost() from error


_NOBODY = {"holder": None, "lease_token": "", "lease_expires_at": None}
