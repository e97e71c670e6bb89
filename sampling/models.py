from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Category
from campaigns.triggers import Trigger, append_only
from decontamination.models import Reference, ReferenceSet


class Corpus(models.Model):
    """A named pool of scraped documents that any number of campaigns may draw from."""

    name = models.SlugField(unique=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class DocumentQuerySet(models.QuerySet["Document"]):
    def usable(self) -> DocumentQuerySet:
        """Documents that are worth embedding: they say something and stand for themselves."""
        return self.with_words().filter(canonical=None).order_by("pk")

    def with_words(self) -> DocumentQuerySet:
        """A title alone is a question, too."""
        return self.exclude(title="", text="")


class Document(models.Model):
    """A cleaned question. The raw record is kept only as a digest."""

    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="documents")
    key = models.CharField(max_length=200, help_text="the record's own id, else its URL, else the raw digest")
    title = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True, help_text="cleaned Markdown of the body")
    answer = models.TextField(blank=True, help_text="cleaned Markdown of the accepted answer; never embedded or shown")
    url = models.CharField(max_length=1000, blank=True)
    licence = models.CharField(max_length=120, blank=True)
    created = models.CharField(max_length=40, blank=True, help_text="when the source says it was asked")
    tags = models.JSONField(default=list)
    programming_languages = models.JSONField(default=list)
    natural_language = models.CharField(max_length=8, blank=True)
    source_file = models.CharField(max_length=300)
    raw_digest = models.CharField(max_length=64, help_text="sha256 of the raw record")
    text_digest = models.CharField(max_length=64, help_text="sha256 of the normalised title and text")
    raw_characters = models.PositiveIntegerField()
    canonical = models.ForeignKey("self", models.PROTECT, null=True, related_name="duplicates")
    similarity = models.FloatField(null=True, help_text="cosine to the canonical document")
    true_category = models.ForeignKey(
        Category, models.SET_NULL, null=True, related_name="+", help_text="a label that came with the data"
    )
    imported_at = models.DateTimeField()

    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["corpus", "key"], name="one_document_per_corpus_and_key"),
            models.CheckConstraint(condition=~Q(canonical=F("id")), name="document_not_its_own_duplicate"),
        ]
        indexes = [models.Index(fields=["corpus", "text_digest"], name="document_by_text")]

    def __str__(self) -> str:
        """The title; where there is none, as with chat prompts, the first words."""
        return self.title or Truncator(" ".join(self.text[:400].split())).chars(100) or self.key

    @property
    def wording(self) -> str:
        """What is embedded, clustered and compared with references."""
        return f"{self.title}\n\n{self.text}".strip()

    @property
    def characters(self) -> int:
        """Of what is left of `raw_characters`."""
        return len(self.title) + len(self.text)

    @property
    def percent_shorter(self) -> int:
        """By which cleaning made it shorter; below 0 where Markdown is longer than what was scraped."""
        return round(100 - 100 * self.characters / self.raw_characters) if self.raw_characters else 0


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
    rows = models.JSONField(help_text="all pairs together, then each kind (sampling.resemblance.Reliability)")
    made_at = models.DateTimeField()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("similarity_calibrations_append_only"),)


class ClusterRun(models.Model):
    """One clustering of one corpus under one model; the newest is the one in use.

    Its digest names the clusters as they were made and goes into every lot of its draws. It stays when documents that
    come later are assigned to the centres.
    """

    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="cluster_runs")
    model = models.CharField(max_length=300, help_text="embedding model, revision and number format")
    corpus_digest = models.CharField(max_length=64, help_text="sha256 over the clustered documents' text digests")
    method = models.CharField(max_length=40)
    asked_k = models.PositiveIntegerField(help_text="what was asked for, or follows from the rule")
    k = models.PositiveIntegerField(help_text="fewer where fewer texts differ")
    seed = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="sha256 over (document key, cluster) in key order")
    inertia = models.FloatField(null=True)
    centres = models.CharField(max_length=64, help_text="sha256 of the file of centres that new documents go to")
    expected_distance = models.FloatField(
        null=True, help_text="mean over the clustered documents, had each been assigned instead"
    )
    classifier_digest = models.CharField(max_length=64, blank=True)
    classifier_scores = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class Cluster(models.Model):
    """What the algorithms say of a topic; what the leads of a campaign say of it is a `ClusterDecision`."""

    run = models.ForeignKey(ClusterRun, models.CASCADE, related_name="clusters")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    keywords = models.JSONField(default=list)
    proposed = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+", help_text="the classifier's")
    score = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_cluster_per_run_and_number"),
        ]


class ClusterProposal(models.Model):
    """What a language model was asked of a cluster, and what came back. A lead may accept it; it decides nothing."""

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="proposals")
    url = models.CharField(max_length=500)
    model = models.CharField(max_length=200)
    messages = models.JSONField(help_text="the prompt as it was sent")
    prompt_digest = models.CharField(max_length=64, help_text="sha256 of the messages")
    answer = models.TextField(blank=True, help_text="as it came")
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+")
    refusal = models.CharField(max_length=100, blank=True, help_text="why the answer counts for nothing")
    seconds = models.FloatField(help_text="until the answer, attempts that failed included")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "model", "prompt_digest"], name="one_answer_per_cluster_model_and_prompt"
            ),
            models.CheckConstraint(
                condition=Q(category__isnull=False, refusal="") | Q(category__isnull=True) & ~Q(refusal=""),
                name="proposal_names_a_category_or_says_why_not",
            ),
        ]

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("cluster_proposals_append_only"),)


class ClusterDecision(models.Model):
    """What the leads of one campaign have decided of a cluster, as it stands; how it came about is in the events.

    A merged cluster has no category and no exclusion of its own: those of the cluster it was merged into hold.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="cluster_decisions")
    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="decisions")
    label = models.CharField(max_length=120, blank=True, help_text="shown instead of its number")
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, related_name="+", help_text="overrules all others"
    )
    exclusion = models.CharField(max_length=200, blank=True, help_text="why its documents are not drawn")
    merged_into = models.ForeignKey(Cluster, models.CASCADE, null=True, related_name="merged")
    version = models.PositiveIntegerField(help_text="counts the changes, so that nobody overwrites unseen ones")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "cluster"], name="one_decision_per_campaign_and_cluster"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(category__isnull=True, exclusion=""),
                name="merged_cluster_has_no_category_of_its_own",
            ),
        ]

    triggers: ClassVar[tuple[Trigger, ...]] = (
        Trigger(
            "cluster_merged_one_deep_within_its_run",
            ("INSERT", "UPDATE"),
            "NEW.merged_into_id IS NOT NULL AND (NEW.merged_into_id = NEW.cluster_id "
            "OR (SELECT run_id FROM {sampling.Cluster} WHERE id = NEW.merged_into_id) "
            "<> (SELECT run_id FROM {sampling.Cluster} WHERE id = NEW.cluster_id) "
            "OR EXISTS (SELECT 1 FROM {sampling.ClusterDecision} d WHERE d.campaign_id = NEW.campaign_id AND "
            "(d.cluster_id = NEW.merged_into_id AND d.merged_into_id IS NOT NULL "
            "OR d.merged_into_id = NEW.cluster_id)))",
        ),
    )


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def of_the_text(self) -> AssignmentQuerySet:
        """Made of the words that the document has now."""
        return self.filter(text_digest=F("document__text_digest"))


class Assignment(models.Model):
    """A document's place in a run: its cluster, and the category that its own words suggest."""

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="assignments")
    run = models.ForeignKey(ClusterRun, models.CASCADE, related_name="assignments")
    document = models.ForeignKey(Document, models.PROTECT, related_name="assignments")
    text_digest = models.CharField(max_length=64, help_text="of the words that were placed")
    assigned = models.BooleanField(default=False, help_text="to the nearest centre, after the clusters were made")
    distance = models.FloatField(help_text="1 − cosine to the cluster's centre")
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+")
    score = models.FloatField(null=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "document"], name="one_cluster_per_run_and_document"),
        ]


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
    def claimable(self, now: datetime) -> SeedQuerySet:
        """Nobody's: never claimed, or the lease ran out. In the order of the draw."""
        free = Q(status=Seed.Status.DRAWN) | Q(status=Seed.Status.CLAIMED, lease_expires_at__lte=now)
        return self.filter(free).order_by("rank", "pk")


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
