"""How far the writing is: counts for the annotator's home, the dashboard and the set-up page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from annotation.models import Item
from campaigns.models import Campaign, Event, Membership, Role, User, Verb
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
class AnnotatorProgress:
    """`claimed` and `skipped` count acts, from the event log; the others count items."""

    user: User
    claimed: int
    skipped: int
    submitted: int
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


def _by_status(prefix: str, where: Q) -> dict[str, Count]:
    return {
        status.value: Count(f"{prefix}pk", filter=where & Q(**{f"{prefix}status": status.value}), distinct=True)
        for status in Item.Status
    }


def own_counts(*, campaign: Campaign, user: User, now: datetime) -> ItemCounts:
    """One person's items; today begins at midnight of the time zone in use."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = (
        campaign.items.counted()
        .filter(author=user)
        .aggregate(today=Count("pk", filter=Q(submitted_at__gte=midnight)), total=Count("pk"), **_by_status("", Q()))
    )
    return ItemCounts(**counts)


def progress_by_annotator(campaign: Campaign) -> list[AnnotatorProgress]:
    """Everybody who writes for the campaign, or has written for it, by user name. Two queries."""
    acts: dict[int, dict[str, int]] = {}
    events = campaign.events.filter(verb__in=(Verb.SEED_CLAIMED, Verb.SEED_SKIPPED), actor__isnull=False)
    for actor, verb, count in events.values_list("actor", "verb").annotate(Count("pk")).order_by("actor", "verb"):
        acts.setdefault(actor, {})[verb] = count
    ours = Q(items__campaign=campaign)
    writes = Membership.objects.filter(campaign=campaign, user=OuterRef("pk"), role=Role.ANNOTATOR)
    wrote = Event.objects.filter(campaign=campaign, actor=OuterRef("pk"), verb=Verb.SEED_CLAIMED)
    users = (
        User.objects.filter(Exists(writes) | Exists(wrote))
        .annotate(submitted=Count("items", filter=ours, distinct=True), **_by_status("items__", ours))
        .order_by("username", "pk")
    )
    return [
        AnnotatorProgress(
            user=user,
            claimed=acts.get(user.pk, {}).get(Verb.SEED_CLAIMED, 0),
            skipped=acts.get(user.pk, {}).get(Verb.SEED_SKIPPED, 0),
            submitted=user.submitted,
            **{status.value: getattr(user, status.value) for status in Item.Status},
        )
        for user in users
    ]


def queue_counts(campaign: Campaign) -> QueueCounts:
    counts = {status.value: Count("pk", filter=Q(status=status.value)) for status in Seed.Status}
    return QueueCounts(**Seed.objects.filter(campaign=campaign).aggregate(**counts))
