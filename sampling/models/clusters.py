"""Clusterings of a corpus, what algorithms and leads say of a cluster, and each document's place."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from campaigns.models import Campaign, Category
from foundation.triggers import Trigger, append_only
from sampling.models.corpora import Corpus, Document


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


class CorpusSummary(models.Model):
    """A corpus as a whole: counted whenever it changed, so that no page counts a million documents.

    Every change of documents, places or categories makes another version of it; what was counted is of `counted`.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="summary")
    version = models.PositiveIntegerField(default=1)
    counted = models.PositiveIntegerField(default=0, help_text="the version that the figures are of")
    documents = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    empty = models.PositiveIntegerField(default=0, help_text="neither title nor text")
    languages = models.JSONField(default=list, help_text="[natural language, documents], commonest first")
    run = models.ForeignKey(ClusterRun, models.SET_NULL, null=True, related_name="+", help_text="the newest then")
    placed = models.PositiveIntegerField(default=0, help_text="usable documents whose words have a place in the run")
    classified = models.BooleanField(default=False, help_text="every place in the run has a category")
    distances = models.JSONField(default=dict, help_text="of places clustered and assigned: number and mean distance")
    # What was known when near-duplicates were last looked for. An import empties the digest: they are to be looked for.
    model = models.CharField(max_length=300, blank=True, help_text="embedding model of the vectors they were told by")
    texts_digest = models.CharField(max_length=64, blank=True, help_text="sha256 of model, threshold and texts")
    embedded = models.PositiveIntegerField(default=0, help_text="distinct texts that had a vector then: all there were")
    readings = models.JSONField(default=dict, help_text="by natural language (sampling.embedding.legibility.Reading)")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(counted__lte=F("version")), name="corpus_counted_as_it_was_or_is"),
        ]
