"""Clusters and the decisions of one campaign's leads in; what each cluster counts as, in that campaign, out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Campaign, Category, User
from sampling.models import Cluster, ClusterDecision, ClusterProposal, ClusterRun


@dataclass
class Topic:
    """A cluster as one campaign sees it. What was decided of a cluster holds for all that are merged into it."""

    cluster: Cluster
    label: str = ""
    decided: Category | None = None  # a person's category, for all documents of the cluster
    exclusion: str = ""
    into: Cluster | None = None
    merged: list[Cluster] = field(default_factory=list)
    by: User | None = None
    version: int = 0

    @property
    def name(self) -> str:
        return self.label or _("cluster %(number)d") % {"number": self.cluster.number}

    @property
    def category(self) -> Category | None:
        """Of the cluster as a whole: a person's, or else the classifier's. Its documents may have others."""
        return self.decided or self.cluster.proposed

    @property
    def group(self) -> int:
        """The number under which a draw counts it."""
        return (self.into or self.cluster).number


def topics(campaign: Campaign, run: ClusterRun) -> dict[int, Topic]:
    """By primary key, in the order of their numbers."""
    clusters = run.clusters.select_related("proposed").order_by("number")
    found = {cluster.pk: Topic(cluster) for cluster in clusters}
    rows = ClusterDecision.objects.filter(campaign=campaign, cluster__run=run)
    decisions = list(rows.select_related("category", "decided_by").order_by("pk"))
    for row in decisions:
        topic = found[row.cluster_id]
        topic.label, topic.by, topic.version = row.label, row.decided_by, row.version
        topic.decided, topic.exclusion = row.category, row.exclusion
    for row in decisions:
        if row.merged_into_id is not None:
            topic, root = found[row.cluster_id], found[row.merged_into_id]
            topic.into, topic.decided, topic.exclusion = root.cluster, root.decided, root.exclusion
            root.merged.append(topic.cluster)
    return found


def proposals_of(cluster: Cluster) -> list[ClusterProposal]:
    """The last answer of each language model that was asked of it, the newest first."""
    rows = cluster.proposals.select_related("category").order_by("-asked_at", "-pk")
    newest: dict[str, ClusterProposal] = {}
    for row in rows:
        newest.setdefault(row.model, row)
    return list(newest.values())


def in_force(seen: Iterable[Topic]) -> list[dict[str, Any]]:
    """The decisions that a draw depends on, for its record."""
    return [
        {
            "cluster": topic.cluster.number,
            "category": topic.decided.slug if topic.decided else None,
            "excluded": topic.exclusion,
            "merged_into": topic.into.number if topic.into else None,
        }
        for topic in seen
        if topic.decided or topic.exclusion or topic.into
    ]
