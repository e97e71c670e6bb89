"""Waivers of shared words: granted by a lead with a reason, withdrawn with a reason, asked for by an annotator.

A waiver is bound to the very words of a run, by their digest. The same words, shared with whatever prompt, are then
no leak in this campaign; a run that is one word longer or shorter is other words and still leaks.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import events
from campaigns.access import Permission, require
from campaigns.models import Campaign, User, Verb
from decontamination.checks import campaign_index, waivers_in_force
from decontamination.leaks import Index, Match
from decontamination.models import Waiver, WaiverRequest, WaiverWithdrawal


class WaiverReasonMissing(Exception):
    """No waiver, withdrawal or refusal without a written reason."""


class NotShared(Exception):
    """These words are not the whole of what is shared with any prompt in force: there is nothing to waive."""


def standing(index: Index, run: str) -> list[Match]:
    """The prompts in which a whole run of words stands, one match for each."""
    return [match for match in index.matches(run) if match.run == run]


@transaction.atomic
def waive(*, campaign: Campaign, run: str, reason: str, by: User, now: datetime, key: str = "") -> Waiver:
    """Let the words of a run, as `Match.run` has them, be shared. Waived already, it is the same waiver.

    `key` is the prompt it was looked at against (`reference key`); the first by default. Open requests for these words
    are answered with it. Raises NotAllowed, WaiverReasonMissing and NotShared.
    """
    reason = _reason(campaign, reason, by)
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    found = standing(campaign_index(campaign), run)
    if not found:
        raise NotShared(_("These words stand in no reference prompt as a whole: nothing is waived."))
    match = next((each for each in found if f"{each.reference} {each.key}" == key), found[0])
    if match.digest in (held := waivers_in_force(campaign)):
        return held[match.digest]
    waiver = Waiver.objects.create(
        campaign=campaign,
        digest=match.digest,
        run=run,
        words=match.words,
        reference=match.reference,
        key=match.key,
        prompts=len({(each.reference, each.key) for each in found}),
        reason=reason,
        by=by,
        at=now,
    )
    data = {"digest": waiver.digest, "words": waiver.words, "reference": waiver.reference, "key": waiver.key}
    data |= {"prompts": waiver.prompts, "run": run, "reason": reason}
    events.record(Verb.WORDS_WAIVED, waiver, campaign=campaign, by=by, now=now, data=data)
    WaiverRequest.objects.filter(campaign=campaign, digest=waiver.digest, closed_at=None).update(
        closed_by=by, closed_at=now, answer=reason, granted=True
    )
    return waiver


@transaction.atomic
def withdraw(*, waiver: Waiver, reason: str, by: User, now: datetime) -> None:
    """End a waiver: its words leak again from now on. Frozen releases keep it. Raises as `waive` does."""
    reason = _reason(waiver.campaign, reason, by)
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=waiver.campaign_id)
    if WaiverWithdrawal.objects.filter(waiver=waiver).exists():
        return
    WaiverWithdrawal.objects.create(waiver=waiver, reason=reason, by=by, at=now)
    data = {"digest": waiver.digest, "words": waiver.words, "reason": reason}
    events.record(Verb.WAIVER_WITHDRAWN, waiver, campaign=campaign, by=by, now=now, data=data)


@transaction.atomic
def ask(*, campaign: Campaign, match: Match, note: str, by: User, now: datetime) -> WaiverRequest:
    """Ask the leads to waive a match; asked twice, for the same words, it is one request. Raises NotAllowed."""
    require(campaign, by, Permission.WRITE)
    request, new = WaiverRequest.objects.get_or_create(
        campaign=campaign,
        digest=match.digest,
        closed_at=None,
        defaults={
            "run": match.run,
            "words": match.words,
            "reference": match.reference,
            "key": match.key,
            "note": _line(note),
            "asked_by": by,
            "asked_at": now,
        },
    )
    if new:
        data = {"digest": match.digest, "words": match.words, "reference": match.reference, "key": match.key}
        events.record(Verb.WAIVER_ASKED_FOR, request, campaign=campaign, by=by, now=now, data=data)
    return request


@transaction.atomic
def decline(*, request: WaiverRequest, reason: str, by: User, now: datetime) -> None:
    """Answer a request with no. Raises NotAllowed and WaiverReasonMissing."""
    reason = _reason(request.campaign, reason, by)
    rows = WaiverRequest.objects.filter(pk=request.pk, closed_at=None)
    if rows.update(closed_by=by, closed_at=now, answer=reason, granted=False):
        data = {"digest": request.digest, "words": request.words, "reason": reason}
        events.record(Verb.WAIVER_DECLINED, request, campaign=request.campaign, by=by, now=now, data=data)


def _reason(campaign: Campaign, reason: str, by: User) -> str:
    require(campaign, by, Permission.WAIVE)
    if not (said := _line(reason)):
        raise WaiverReasonMissing(_("Say why: the reason is printed in the release."))
    return said


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())
