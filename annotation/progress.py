"""How far the writing is: counts for the annotator's home, the dashboard and the set-up page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count as CountRows
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models import Item
from campaigns.models import Campaign, User
from campaigns.progress import Stage, number
from foundation.counts import Count, count_up_to
from sampling.models import Seed


@dataclass(frozen=True)
class ItemCounts:
    today: int
    total: int
    in_review: int
    accepted: int
    rejected: int
    returned: int
    withdrawn: int


@dataclass(frozen=True)
class QueueCounts:
    """Seeds by status, each counted up to `foundation.counts.MOST`."""

    drawn: Count
    claimed: Count
    submitted: Count
    skipped: Count


def own_counts(*, campaign: Campaign, user: User, now: datetime) -> ItemCounts:
    """One person's items; today begins at midnight of the time zone in use."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = (
        campaign.items.counted()
        .filter(author=user)
        .aggregate(
            today=CountRows("pk", filter=Q(submitted_at__gte=midnight)),
            total=CountRows("pk"),
            **{status.value: CountRows("pk", filter=Q(status=status)) for status in Item.Status},
        )
    )
    return ItemCounts(**counts)


def queue_counts(campaign: Campaign) -> QueueCounts:
    seeds = Seed.objects.filter(campaign=campaign)
    return QueueCounts(**{status.value: count_up_to(seeds.filter(status=status)) for status in Seed.Status})


def work_stage(campaign: Campaign) -> Stage:
    seeds, items = queue_counts(campaign), campaign.items.counted()
    counts = {status: count_up_to(items.filter(status=status)) for status in Item.Status}
    waiting = seeds.drawn or seeds.claimed or counts[Item.Status.IN_REVIEW] or counts[Item.Status.RETURNED]
    drawn = bool(seeds.drawn or seeds.claimed or seeds.submitted or seeds.skipped)
    stage = Stage("work", _("Annotate and review"), done=drawn and not waiting)
    stage.facts = [
        number(seeds.drawn, "%d seed waits", "%d seeds wait"),
        number(seeds.claimed, "%d being written", "%d being written"),
        number(seeds.skipped, "%d skipped", "%d skipped"),
        *(f"{status.label}: {count}" for status, count in counts.items() if count),
    ]
    stage.link = (reverse("review:dashboard", args=[campaign.slug]), _("Dashboard"))
    if seeds.skipped:
        stage.link = (reverse("annotation:skipped", args=[campaign.slug]), _("Look at the skipped seeds"))
    return stage
