from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models import Item, Revision
from campaigns.models import Campaign
from foundation.triggers import Trigger

_FROZEN = "EXISTS (SELECT 1 FROM {benchmark.Release} f WHERE f.id = %s.release_id AND f.status = 'frozen')"


class ReleaseQuerySet(models.QuerySet["Release"]):
    def frozen(self) -> ReleaseQuerySet:
        """Newest first."""
        return self.filter(status=Release.Status.FROZEN).order_by("-number", "-pk")

    def drafts(self) -> ReleaseQuerySet:
        return self.filter(status=Release.Status.DRAFT).order_by("pk")


class Release(models.Model):
    """A numbered, frozen state of a campaign's benchmark. Its bundle is rebuilt from these rows alone.

    A draft is one that is being written, or that a killed process left behind: it is shown nowhere and counts for
    nothing, and its number is taken only when it is frozen.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        FROZEN = "frozen", _("frozen")

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="releases")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=6, choices=Status, default=Status.DRAFT)
    facts = models.JSONField(
        default=dict,
        help_text="what may change elsewhere but not in this release: names, rules, taxonomy, references, waivers, "
        "statistics, the card and the verifier",
    )
    digest = models.CharField(max_length=64, blank=True, help_text="sha256 of the bundle's manifest, once frozen")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)

    objects = ReleaseQuerySet.as_manager()

    triggers: ClassVar[tuple[Trigger, ...]] = (
        Trigger("frozen_release_never_changes", ("UPDATE", "DELETE"), "OLD.status = 'frozen'"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "number"],
                condition=Q(status="frozen"),
                name="one_frozen_release_per_campaign_and_number",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", frozen_at__isnull=True)
                | Q(status="frozen", frozen_at__isnull=False) & ~Q(digest=""),
                name="frozen_release_has_a_digest",
            ),
        ]

    @property
    def size(self) -> int:
        """Items, as counted at the freeze."""
        return int(self.facts["statistics"]["items"])

    @property
    def left_out(self) -> int:
        return sum(self.facts["statistics"]["excluded"].values())


class ReleaseItem(models.Model):
    release = models.ForeignKey(Release, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    valid_votes = models.PositiveSmallIntegerField()
    votes = models.PositiveSmallIntegerField()
    uid = models.CharField(max_length=32, help_text="names the item in every release of its campaign, anywhere")
    provenance = models.JSONField(default=dict, help_text="the document and the draw, as they were at the freeze")

    triggers: ClassVar[tuple[Trigger, ...]] = (
        Trigger("frozen_release_keeps_its_items", ("UPDATE", "DELETE"), _FROZEN % "OLD"),
        Trigger("frozen_release_takes_no_items", ("INSERT", "UPDATE"), _FROZEN % "NEW"),
        Trigger(
            "released_item_has_its_quorum",
            ("INSERT", "UPDATE"),
            "NEW.valid_votes < (SELECT r.quorum FROM {annotation.Revision} r WHERE r.id = NEW.revision_id) "
            "OR NEW.valid_votes <> "
            "(SELECT COUNT(*) FROM {review.Vote} v WHERE v.revision_id = NEW.revision_id AND v.valid)",
        ),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="one_release_item_per_position"),
            models.UniqueConstraint(fields=["release", "item"], name="one_place_per_release_and_item"),
            models.UniqueConstraint(fields=["release", "uid"], name="one_place_per_release_and_uid"),
        ]


class ReleaseExclusion(models.Model):
    """An item that a release leaves out, and why."""

    class Reason(models.TextChoices):
        IN_REVIEW = "in_review", _("votes are still missing")
        REJECTED = "rejected", _("fewer valid votes than the quorum")
        RETURNED = "returned", _("sent back to its author")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LEAK = "leak", _("shares words with a reference prompt")
        DUPLICATE = "duplicate", _("same wording as another item")

    release = models.ForeignKey(Release, models.CASCADE, related_name="exclusions")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason)
    evidence = models.JSONField(default=dict)
    uid = models.CharField(max_length=32)

    @property
    def leaked(self) -> str:
        """The words of the query that stand in a reference prompt, too."""
        if self.reason != self.Reason.LEAK:
            return ""
        return self.revision.query[self.evidence["start"] : self.evidence["end"]]

    triggers: ClassVar[tuple[Trigger, ...]] = (
        Trigger("frozen_release_keeps_its_exclusions", ("UPDATE", "DELETE"), _FROZEN % "OLD"),
        Trigger("frozen_release_takes_no_exclusions", ("INSERT", "UPDATE"), _FROZEN % "NEW"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "item"], name="one_exclusion_per_release_and_item"),
            models.UniqueConstraint(fields=["release", "uid"], name="one_exclusion_per_release_and_uid"),
        ]
