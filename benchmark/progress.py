"""How far a campaign's releases are: for the set-up page and the end of the funnel."""

from dataclasses import dataclass

from benchmark.models import Release
from campaigns.models import Campaign


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
