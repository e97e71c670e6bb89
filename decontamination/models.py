from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models import Campaign
from foundation.triggers import Trigger, append_only


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def in_force(self) -> ReferenceQuerySet:
        """The versions that a text must not share words with, in a fixed order."""
        return self.filter(retired_at=None).order_by("name", "digest")


class Reference(models.Model):
    """One version of one benchmark's prompts; a changed file is a new version."""

    name = models.SlugField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=300, help_text="file names or hub dataset the prompts were read from")
    prompt_count = models.PositiveIntegerField()
    loaded_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(retired_at=None), name="one_version_in_force_per_reference"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:12]})"


class ReferencePrompt(models.Model):
    reference = models.ForeignKey(Reference, models.CASCADE, related_name="prompts")
    key = models.CharField(max_length=200)
    text = models.TextField()

    triggers: ClassVar[tuple[Trigger, ...]] = (Trigger("reference_prompts_never_change", ("UPDATE",)),)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference", "key"], name="one_prompt_per_reference_and_key")]


class ReferenceSet(models.Model):
    """Which versions a verdict was made with, and by which rule; verdicts of any other set than today's are stale."""

    digest = models.CharField(max_length=64, unique=True, help_text="sha256 of rule, definition and versions' digests")
    ngram = models.PositiveSmallIntegerField()
    cjk_weight = models.FloatField()
    references = models.JSONField(help_text="digests of the versions, sorted")
    made_at = models.DateTimeField()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("reference_sets_append_only"),)


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def in_force(self) -> WaiverQuerySet:
        """Newest first."""
        return self.filter(withdrawal=None).order_by("-at", "-pk")

    def withdrawn(self) -> WaiverQuerySet:
        return self.exclude(withdrawal=None).select_related("withdrawal__by").order_by("-withdrawal__at", "-pk")


class Waiver(models.Model):
    """A lead's word that in this campaign sharing these very words with a prompt is no leak."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="waivers")
    digest = models.CharField(max_length=64, help_text="sha256 of the words (decontamination.leaks.run_digest)")
    run = models.TextField(help_text="the words, normalised, with a space between")
    words = models.PositiveIntegerField()
    reference = models.CharField(max_length=80, help_text="of the prompt that it was looked at against")
    key = models.CharField(max_length=200)
    prompts = models.PositiveIntegerField(help_text="reference prompts in which the words stood then")
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = WaiverQuerySet.as_manager()

    triggers: ClassVar[tuple[Trigger, ...]] = (
        append_only("waivers_append_only"),
        Trigger(
            "one_waiver_in_force_per_words",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {decontamination.Waiver} w WHERE w.campaign_id = NEW.campaign_id "
            "AND w.digest = NEW.digest AND NOT EXISTS "
            "(SELECT 1 FROM {decontamination.WaiverWithdrawal} x WHERE x.waiver_id = w.id))",
        ),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_a_reason"),
            models.CheckConstraint(condition=~Q(run="") & Q(words__gte=1, prompts__gte=1), name="waiver_has_words"),
        ]


class WaiverWithdrawal(models.Model):
    """The end of a waiver."""

    waiver = models.OneToOneField(Waiver, models.PROTECT, related_name="withdrawal")
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("waiver_withdrawals_append_only"),)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="waiver_withdrawal_has_a_reason")]


class WaiverRequestQuerySet(models.QuerySet["WaiverRequest"]):
    def open(self) -> WaiverRequestQuerySet:
        """Oldest first."""
        return self.filter(closed_at=None).order_by("asked_at", "pk")


class WaiverRequest(models.Model):
    """An annotator's question whether a match may be waived. It is answered by a waiver or declined."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="waiver_requests")
    digest = models.CharField(max_length=64)
    run = models.TextField()
    words = models.PositiveIntegerField()
    reference = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    granted = models.BooleanField(null=True)
    answer = models.TextField(blank=True)

    objects = WaiverRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "digest"], condition=Q(closed_at=None), name="one_open_waiver_request_per_words"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, granted__isnull=True, answer="")
                | Q(closed_at__isnull=False, closed_by__isnull=False, granted__isnull=False) & ~Q(answer=""),
                name="waiver_request_answered_by_someone",
            ),
        ]
