"""Draws, what they left out and why, and the seeds that they gave."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Category
from foundation.triggers import Trigger
from sampling.models.clusters import Cluster, ClusterRun
from sampling.models.corpora import Corpus, Document


class Draw(models.Model):
    """One replayable random draw: everything it depended on."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="draws")
    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="draws")
    run = models.ForeignKey(ClusterRun, models.PROTECT, related_name="draws")
    per_category = models.PositiveIntegerField(null=True)
    total = models.PositiveIntegerField(null=True)
    seed = models.PositiveIntegerField()
    corpus_digest = models.CharField(max_length=64, help_text="sha256 over all documents' text digests at the draw")
    model = models.CharField(max_length=300, help_text="embedding model, revision and number format")
    classifier_digest = models.CharField(max_length=64, blank=True)
    decisions = models.JSONField(default=list, help_text="the leads' decisions of clusters that held then")
    inputs_digest = models.CharField(max_length=64, help_text="sha256 of the file that the draw can be replayed from")
    index_digest = models.CharField(max_length=64, help_text="of the reference index it was checked against")
    waivers = models.JSONField(default=list, help_text="digests of the shared words that were waived then")
    left_out = models.JSONField(default=dict, help_text="documents by the reason of their exclusion")
    report = models.JSONField(default=dict, help_text="quota, filled, shortfall and clusters covered by category")
    spread = models.JSONField(default=dict, help_text="effective numbers of clusters, beside plain random samples'")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(per_category__isnull=True, total__isnull=False)
                | Q(per_category__isnull=False, total__isnull=True),
                name="draw_per_category_or_in_total",
            )
        ]


class DrawExclusion(models.Model):
    """A document that a draw left out, and why."""

    class Reason(models.TextChoices):
        DUPLICATE = "duplicate", _("duplicate of another document")
        LEAK = "leak", _("shares words with a reference prompt")
        EMPTY = "empty", _("neither title nor text")
        DRAWN = "drawn", _("already drawn")
        UNCLUSTERED = "unclustered", _("new or changed since documents were last given a cluster")
        UNCLASSIFIED = "unclassified", _("new or changed since documents were last given a category")
        EXCLUDED = "excluded", _("in a cluster that a lead excluded")

    draw = models.ForeignKey(Draw, models.CASCADE, related_name="exclusions")
    document = models.ForeignKey(Document, models.PROTECT, related_name="exclusions")
    reason = models.CharField(max_length=12, choices=Reason)
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw", "document"], name="one_exclusion_per_draw_and_document"),
        ]


class SeedQuerySet(models.QuerySet["Seed"]):
    def left_behind(self, now: datetime) -> SeedQuerySet:
        """Claimed by leases that ran out."""
        return self.filter(status=Seed.Status.CLAIMED, lease_expires_at__lte=now)


class Seed(models.Model):
    """A drawn document, waiting for or under annotation. Who holds it, and until when, is its lease."""

    class Status(models.TextChoices):
        DRAWN = "drawn", _("waiting")
        CLAIMED = "claimed", _("being written")
        SUBMITTED = "submitted", _("submitted")
        SKIPPED = "skipped", _("skipped")

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="seeds")
    draw = models.ForeignKey(Draw, models.PROTECT, related_name="seeds")
    document = models.ForeignKey(Document, models.PROTECT, related_name="seeds")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")
    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="seeds")
    rank = models.PositiveIntegerField(help_text="place in the campaign's queue, round-robin over categories")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAWN)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    lease_token = models.CharField(max_length=43, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    skip_reason = models.TextField(blank=True)

    objects = SeedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "document"], name="one_seed_per_campaign_and_document"),
            models.UniqueConstraint(fields=["campaign", "rank"], name="one_seed_per_campaign_and_rank"),
            models.CheckConstraint(
                condition=Q(status="claimed", holder__isnull=False, lease_expires_at__isnull=False) & ~Q(lease_token="")
                | (~Q(status="claimed") & Q(holder__isnull=True, lease_expires_at__isnull=True, lease_token="")),
                name="one_live_lease_per_seed",
            ),
            models.UniqueConstraint(
                fields=["campaign", "holder"], condition=Q(status="claimed"), name="one_live_lease_per_annotator"
            ),
            models.CheckConstraint(
                condition=Q(status="skipped") & ~Q(skip_reason="") | ~Q(status="skipped") & Q(skip_reason=""),
                name="skipped_seed_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["campaign", "status", "rank"], name="seed_queue")]

    triggers: ClassVar[tuple[Trigger, ...]] = (
        Trigger(
            "seed_keeps_its_origin",
            ("UPDATE",),
            "NEW.campaign_id <> OLD.campaign_id OR NEW.draw_id <> OLD.draw_id OR NEW.document_id <> OLD.document_id "
            "OR NEW.category_id <> OLD.category_id OR NEW.cluster_id <> OLD.cluster_id OR NEW.rank <> OLD.rank",
        ),
    )
