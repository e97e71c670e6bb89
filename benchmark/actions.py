"""Freezing a release, and rebuilding its bundle."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _

from benchmark import bundle, folder, queries
from benchmark.models import Release, ReleaseExclusion, ReleaseItem, ReleaseQuerySet
from benchmark.proposal import Proposal, propose
from benchmark.workflow import RELEASE
from campaigns.access import Permission, require
from campaigns.models import Campaign, User, Verb
from campaigns.transitions import move

_BATCH = 200  # rows that are written in one transaction: others wait for no more
_PAUSE = 0.03  # seconds
_PASSES = 5


class NothingToRelease(Exception):
    """No item has its quorum and is clean."""


class Overtaken(Exception):
    """Each time a release was computed, something that it depends on changed before it could be frozen."""


class BrokenRelease(Exception):
    """The bundle rebuilt from a frozen release's rows is not the one that was frozen."""


class _Changed(Exception):
    """Something that the draft depends on is no longer as it was in its snapshot."""


def freeze(*, campaign: Campaign, by: User | None, now: datetime) -> Release:
    """Freeze what is agreed on and clean as a new release; the newest one, if it would say the same.

    Nobody waits for it: it is computed from a snapshot, written as a draft in short transactions, and frozen in one
    more if what it depends on still holds; else all of it is done again.
    Raises NotAllowed, NothingToRelease and Overtaken.
    """
    require(campaign, by, Permission.RELEASE)
    for _attempt in range(_PASSES):
        proposal = propose(campaign=campaign, by=by, now=now)
        if proposal.unchanged is not None:
            return _without_drafts(proposal.unchanged)
        if not proposal.items:
            raise NothingToRelease(
                _("%(campaign)s: no item has its quorum of valid votes and is clean; %(excluded)d are left out.")
                % {"campaign": campaign.slug, "excluded": len(proposal.exclusions)}
            )
        try:
            _write(proposal)
            _settle(proposal, by, now)
        except _Changed:
            _remove(Release.objects.filter(pk=proposal.release.pk))
        except BaseException:
            _remove(Release.objects.filter(pk=proposal.release.pk))
            raise
        else:
            return _without_drafts(proposal.release)
    raise Overtaken(
        _("%(campaign)s: decisions, references or rules changed each time the release was computed. Try again.")
        % {"campaign": campaign.slug}
    )


def build(release: Release) -> dict[str, bytes]:
    """The bundle of a frozen release, from its rows alone. Raises BrokenRelease."""
    files = bundle.files(queries.frozen_content(release))
    if bundle.digest(files) != release.digest:
        raise BrokenRelease(
            _("%(campaign)s release %(number)d: its rows no longer give the bundle that was frozen (%(digest)s).")
            % {"campaign": release.campaign.slug, "number": release.number, "digest": release.digest}
        )
    return files


def write_bundle(release: Release, out: Path) -> bool:
    """Make `out` the release's bundle; False if it is already. Raises BrokenRelease, folder.Occupied and OSError."""
    return folder.write(build(release), out, campaign=release.campaign.slug)


def _write(proposal: Proposal) -> None:
    """The draft and its rows. Raises _Changed where somebody else removes it meanwhile."""
    if len(proposal.items) > _BATCH:
        # Among so many new objects the garbage collector stops everything for tenths of a second: better now than when
        # others wait for a lock.
        gc.collect()
    proposal.release.save()
    for start in range(0, len(proposal.items), _BATCH):
        with _step(proposal.release.pk):
            ReleaseItem.objects.bulk_create(proposal.items[start : start + _BATCH])
    for start in range(0, len(proposal.exclusions), _BATCH):
        with _step(proposal.release.pk):
            ReleaseExclusion.objects.bulk_create(proposal.exclusions[start : start + _BATCH])


@transaction.atomic
def _settle(proposal: Proposal, by: User | None, now: datetime) -> None:
    """Freeze the draft, if all that matters is still as it was in its snapshot. Raises _Changed."""
    release = proposal.release
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=release.campaign_id)
    _hold(release.pk)
    newest = campaign.releases.frozen().first()
    if (
        (newest.number if newest else 0) != release.number - 1
        or queries.terms(campaign) != proposal.terms
        or queries.no_longer_accepted(release).exists()
    ):
        raise _Changed
    counts = {"number": release.number, "items": len(proposal.items), "excluded": len(proposal.exclusions)}
    move(
        release,
        Release.Status.FROZEN,
        table=RELEASE,
        campaign=campaign,
        by=by,
        now=now,
        verb=Verb.RELEASE_FROZEN,
        data={**counts, "digest": proposal.digest},
        digest=proposal.digest,
        frozen_at=now,
    )


def _hold(draft: int) -> None:
    """Keep the draft as it is until the end of the transaction. Raises _Changed if it is gone."""
    held = Release.objects.drafts().select_for_update(no_key=True).filter(pk=draft)
    if not list(held.values_list("pk", flat=True)):
        raise _Changed


@contextmanager
def _step(draft: int) -> Iterator[None]:
    """A short transaction on a draft, and then a pause. Raises _Changed if the draft is gone."""
    with transaction.atomic():
        _hold(draft)
        yield
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        # Who waits for SQLite's lock does not queue but looks again, up to every 25 ms in the first tenth of a second:
        # without a pause as long as that, the next step would be there first, time and again.
        time.sleep(_PAUSE)


def _without_drafts(release: Release) -> Release:
    """The frozen release, after removing what was left by whoever was killed: drafts whose numbers are taken by now.

    One of a number that is still free may be somebody's at work.
    """
    _remove(release.campaign.releases.filter(number__lte=release.number))
    return release


def _remove(releases: ReleaseQuerySet) -> None:
    """The drafts among them, in short transactions. Who still writes to one finds it gone."""
    for draft in list(releases.drafts().values_list("pk", flat=True)):
        with suppress(_Changed):
            while _removed_some(draft):
                pass


def _removed_some(draft: int) -> bool:
    """Remove some rows of the draft, or the draft where none are left; whether there may be more."""
    with _step(draft):
        for rows in (ReleaseItem.objects, ReleaseExclusion.objects):
            some = list(rows.filter(release=draft).order_by("pk").values_list("pk", flat=True)[:_BATCH])
            if some:
                rows.filter(pk__in=some).delete()
                return True
        Release.objects.filter(pk=draft).delete()
    return False
