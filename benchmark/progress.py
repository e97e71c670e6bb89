"""How far a campaign's releases are: for the set-up page and the end of the funnel."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from benchmark.models import Release
from campaigns.models import Campaign
from campaigns.progress import Stage, number


@dataclass(frozen=True)
class ReleaseCounts:
    """`items` and `excluded` are those of `newest`; zero and None before the first release."""

    releases: int
    items: int
    excluded: int
    newest: Release | None


def release_counts(campaign: Campaign) -> ReleaseCounts:
    newest = Release.objects.frozen().filter(campaign=campaign).first()
    if newest is None:
        return ReleaseCounts(0, 0, 0, None)
    # Numbers have no gaps: a release takes the next one when it is frozen, and is never removed.
    return ReleaseCounts(newest.number, newest.size, newest.left_out, newest)


def released(campaign: Campaign) -> int:
    """Items of the newest release."""
    return release_counts(campaign).items


def release_stage(campaign: Campaign) -> Stage:
    counts = release_counts(campaign)
    stage = Stage("release", _("Release"), done=counts.newest is not None)
    stage.command = f"manage.py export_benchmark --campaign {campaign.slug} --out DIR"
    stage.link = (reverse("benchmark:releases", args=[campaign.slug]), _("Releases"))
    if counts.newest is not None:
        stage.facts = [
            number(counts.releases, "%d release", "%d releases"),
            number(counts.items, "%d item in the newest", "%d items in the newest"),
        ]
    return stage
