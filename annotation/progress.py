"""How far the writing is: counts for the annotator's home, the dashboard and the set-up page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from annotation.models import Item
from campaigns.models import Campaign, User
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
    """Seeds by status."""

    drawn: int
    claimed: int
    submitted: int
    skipped: int

    @property
    def total(self) -> int:
        return self.drawn + self.claimed + self.submitted + self.skipped


def own_counts(*, campaign: Campaign, user: User, now: datetime) -> ItemCounts:
    """One person's items; today begins at midnight of the time zone in use."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = (
        campaign.items.counted()
        .filter(author=user)
        .aggregate(
            today=Count("pk", filter=Q(submitted_at__gte=midnight)),
            total=Count("pk"),
            **{status.value: Count("pk", filter=Q(status=status)) for status in Item.Status},
        )
    )
    return ItemCounts(**counts)


def queue_counts(campaign: Campaign) -> QueueCounts:
    counts = {status.value: Count("pk", filter=Q(status=status.value)) for status in Seed.Status}
    return QueueCounts(**Seed.objects.filter(campaign=campaign).aggregate(**counts))
