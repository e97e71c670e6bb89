"""Which seed comes next, and how many wait. Both take the same time with a hundred seeds and with a million."""

from datetime import datetime

from campaigns.models import Campaign
from foundation.counts import Count, count_up_to
from sampling.models import Seed


def next_seed(*, campaign: Campaign, now: datetime) -> Seed | None:
    """The first in the order of the draw that is nobody's: never claimed, or claimed by a lease that ran out.

    Two statements, since no index gives both kinds in one order. Claimed are at most as many as there are annotators.
    """
    waiting = Seed.objects.filter(campaign=campaign, status=Seed.Status.DRAWN).order_by("rank").first()
    left = Seed.objects.filter(campaign=campaign).left_behind(now).order_by("rank").first()
    found = [seed for seed in (waiting, left) if seed is not None]
    return min(found, key=lambda seed: seed.rank, default=None)


def waiting_count(*, campaign: Campaign, now: datetime) -> Count:
    seeds = Seed.objects.filter(campaign=campaign)
    return count_up_to(seeds.filter(status=Seed.Status.DRAWN)) + count_up_to(seeds.left_behind(now))
