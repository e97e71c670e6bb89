from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Category
from decontamination.models import ReferencePrompt
from foundation.triggers import Trigger, append_only
from sampling.models import Seed


class Difficulty(models.TextChoices):
    EASY = "easy", _("Easy")
    MEDIUM = "medium", _("Medium")
    HARD = "hard", _("Hard")


class NaturalLanguage(models.TextChoices):
    ENGLISH = "en", _("English")
    CHINESE = "zh", _("Chinese")
    JAPANESE = "ja", _("Japanese")
    KOREAN = "ko", _("Korean")
    RUSSIAN = "ru", _("Russian")
    SPANISH = "es", _("Spanish")


class Draft(models.Model):
    """What one annotator has typed so far for one seed, exactly as typed. Nobody else sees it."""

    seed = models.ForeignKey(Seed, models.CASCADE, related_name="drafts")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drafts")
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seed", "annotator"], name="one_draft_per_seed_and_annotator"),
        ]


class Purpose(models.TextChoices):
    """What an item is there for. Only real ones ever count."""

    REAL = "real", _("real")
    PRACTICE = "practice", _("practice")
    PLANTED = "planted", _("planted")


class ItemQuerySet(models.QuerySet["Item"]):
    def counted(self) -> ItemQuerySet:
        """The door through which every count, queue, figure and release goes."""
        return self.filter(purpose=Purpose.REAL)

    def new_in_review(self) -> ItemQuerySet:
        """Not laid before the reviewers yet."""
        return self.counted().filter(status=Item.Status.IN_REVIEW, queued_at=None)

    def with_work(self) -> ItemQuerySet:
        return self.select_related("revision__category", "author", "seed__document")


class Item(models.Model):
    """A query on its way into the benchmark. Its wording lives in revisions; the newest one counts."""

    class Status(models.TextChoices):
        IN_REVIEW = "in_review", _("in review")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")
        RETURNED = "returned", _("sent back")
        WITHDRAWN = "withdrawn", _("withdrawn")

    campaign = models.ForeignKey(  # found by item_queue
        Campaign, models.PROTECT, related_name="items", db_index=False
    )
    seed = models.ForeignKey(Seed, models.PROTECT, related_name="items")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="items")
    status = models.CharField(max_length=10, choices=Status, default=Status.IN_REVIEW)
    revision = models.ForeignKey(
        "annotation.Revision", models.PROTECT, null=True, related_name="+", help_text="the current one"
    )
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.REAL)
    queued_at = models.DateTimeField(null=True, help_text="when its wording was laid before the reviewers")
    submitted_at = models.DateTimeField()

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seed"], name="one_item_per_seed"),
            models.CheckConstraint(
                condition=Q(status__in=["in_review", "accepted", "rejected", "returned", "withdrawn"]),
                name="item_status_known",
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="item_purpose_known"),
            models.CheckConstraint(
                condition=Q(queued_at=None) | Q(status="in_review"), name="queued_item_is_in_review"
            ),
        ]
        # Of those in review, the few that are not queued yet stand together. (No partial index: SQLite uses one only
        # where the values of its condition stand in the statement itself.)
        indexes = [models.Index(fields=["campaign", "purpose", "status", "queued_at", "id"], name="item_queue")]


class Revision(models.Model):
    """One wording of an item, as it was judged. Never changed: an edit is a new revision."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    original = models.TextField(help_text="step 1: the part of the seed the query is built on")
    knowledge = models.TextField(help_text="step 2: what one must know to answer it")
    query = models.TextField(help_text="step 3: the new question")
    difficulty = models.CharField(max_length=6, choices=Difficulty, help_text="step 4")
    programming_languages = models.JSONField()
    natural_language = models.CharField(max_length=8, choices=NaturalLanguage)
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="revisions")
    digest = models.CharField(max_length=64, help_text="sha256 of what reviewers judge (annotation.wording)")
    reviewers = models.PositiveSmallIntegerField(help_text="seats, by the rules in force when it was handed in")
    quorum = models.PositiveSmallIntegerField(help_text="valid votes that accept it, by the same rules")
    created_at = models.DateTimeField()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("revisions_append_only"),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="one_revision_per_item_and_number"),
            models.CheckConstraint(condition=Q(difficulty__in=Difficulty.values), name="revision_difficulty_known"),
            models.CheckConstraint(condition=~Q(query=""), name="revision_has_a_query"),
            models.CheckConstraint(
                condition=Q(quorum__gte=1, quorum__lte=models.F("reviewers")), name="revision_quorum_reachable"
            ),
        ]


class Resemblance(models.Model):
    """The reference prompt whose embedding is nearest to a wording's. A hint for people; nothing is decided by it."""

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="resemblances")
    prompt = models.ForeignKey(ReferencePrompt, models.PROTECT, related_name="+")
    cosine = models.FloatField()
    model = models.CharField(max_length=300, help_text="embedding model, revision and number format")
    references = models.CharField(max_length=64, help_text="sha256 of the versions' digests")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision"], name="one_resemblance_per_revision"),
            models.CheckConstraint(condition=Q(cosine__gte=-1.001, cosine__lte=1.001), name="resemblance_is_a_cosine"),
        ]
