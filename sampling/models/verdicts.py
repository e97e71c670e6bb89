"""What comparing documents with references said, and what a similarity is worth."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from decontamination.models import Reference, ReferenceSet
from foundation.triggers import Trigger, append_only
from sampling.models.corpora import Document


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def of_the_text(self) -> VerdictQuerySet:
        """Made of the words that the document has now."""
        return self.filter(text_digest=F("document__text_digest"))


class Verdict(models.Model):
    """What comparing one document's text with the references said, by one rule. Without shared runs it is clean."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="verdicts")
    ngram = models.PositiveSmallIntegerField()
    cjk_weight = models.FloatField()
    text_digest = models.CharField(max_length=64, help_text="of the text that was compared")
    made_with = models.ForeignKey(ReferenceSet, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = VerdictQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document", "ngram", "cjk_weight"], name="one_verdict_per_document_and_rule"
            ),
        ]


class SharedRun(models.Model):
    """Words that a document shares with prompts of one version of a reference."""

    verdict = models.ForeignKey(Verdict, models.CASCADE, related_name="runs")
    reference = models.ForeignKey(Reference, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, help_text="of the words: what a waiver is bound to")
    key = models.CharField(max_length=200, help_text="of the first prompt in which the words stand")
    prompts = models.PositiveIntegerField(help_text="of this reference in which they stand")
    words = models.PositiveIntegerField()
    start = models.PositiveIntegerField(help_text="in characters of the document's wording")
    text = models.TextField(help_text="as the words stand in the document, cut where long")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["verdict", "reference", "digest"], name="one_row_per_verdict_and_run"),
            models.CheckConstraint(condition=Q(prompts__gte=1, words__gte=1), name="shared_run_has_words"),
        ]
        indexes = [models.Index(fields=["digest"], name="shared_run_by_words")]


class SimilarityCalibration(models.Model):
    """From what cosine on a model's nearest reference prompt means something, measured on known pairs of prompts."""

    model = models.CharField(max_length=300, help_text="embedding model, revision and number format")
    references = models.JSONField(help_text="digests of the versions that the pairs were taken from, sorted")
    threshold = models.FloatField(null=True, help_text="cosine; none where no cosine is precise enough")
    rows = models.JSONField(help_text="all pairs together, then each kind (similarity.calibration.Reliability)")
    made_at = models.DateTimeField()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("similarity_calibrations_append_only"),)
