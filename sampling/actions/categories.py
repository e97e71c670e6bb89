"""Labelled documents and people's corrections in; a category with a score for every document and cluster out."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction

from campaigns import events
from campaigns.actions import load_taxonomy
from campaigns.models import Campaign, Category, User
from sampling import duplicates
from sampling.actions.clusters import NotEmbedded
from sampling.actions.embedding import Watch, chosen_model, encode_missing, store_of
from sampling.actions.imports import documents_of
from sampling.classifier import Classifier, Evaluation, Training, evaluate
from sampling.model import Model
from sampling.models import Assignment, Cluster, ClusterRun, Corpus, Document

_DEMO = settings.FIXTURES_DIR / "demo" / "corpus.jsonl"
_CONFUSIONS_KEPT = 20


class NotClustered(Exception):
    """The corpus has no clusters yet."""


class UnknownCategory(Exception):
    """The campaign's taxonomy has no such category."""


@dataclass
class ClassificationReport:
    run: ClusterRun
    changed: bool
    training: int
    documents: int
    clusters: int
    overruled: int
    not_english: float
    evaluation: Evaluation | None


def latest_run(corpus: Corpus) -> ClusterRun:
    """Raises NotClustered."""
    run = corpus.cluster_runs.order_by("-pk").first()
    if run is None:
        raise NotClustered(f"{corpus.name}: no clusters yet; run cluster_corpus first")
    return run


def _labelled(model: Model, watch: Watch) -> Training:
    """What there is to learn from: the shipped labelled documents, labels that came with any corpus, and the
    documents of clusters whose category a person has set.
    """
    labels: dict[str, str] = {}
    texts: dict[str, str] = {}
    known: list[tuple[str, str, str, str]] = []
    if _DEMO.exists():
        known += [
            (row.text_digest, row.title, row.text, row.true_category.slug)
            for row in documents_of(_DEMO)
            if row.true_category
        ]
    fields = ("text_digest", "title", "text")
    own = Document.objects.exclude(true_category=None).order_by("pk")
    known += own.values_list(*fields, "true_category__slug")
    newest = ClusterRun.objects.order_by("corpus", "-pk")
    runs = {run.corpus_id: run.pk for run in reversed(newest)}.values()
    corrected = Document.objects.filter(assignments__run__in=runs, assignments__cluster__overruled__isnull=False)
    known += corrected.order_by("pk").values_list(*fields, "assignments__cluster__overruled__slug")
    for digest, title, text, slug in known:
        if text:
            # The first label stays: one that came with the document itself says more than its cluster's.
            labels.setdefault(digest, slug)
            texts.setdefault(digest, f"{title}\n\n{text}".strip())
    encode_missing(model=model, texts=texts, watch=watch)
    digests = sorted(labels)
    vectors = store_of(model).get(digests)
    groups = duplicates.canonical(vectors)[0].tolist()
    return Training(digests, vectors, [labels[digest] for digest in digests], groups)


def classify_clusters(
    *,
    corpus: Corpus,
    by: User | None,
    now: datetime,
    with_evaluation: bool = False,
    watch: Watch = lambda batches, _total: batches,
) -> ClassificationReport:
    """Propose a category for each document of the newest run, and for each cluster the likeliest over its documents.

    A document that is itself labelled is scored by a model that has seen neither it nor its near-duplicates, so that
    nothing votes on its own category. What a person has decided of a cluster stays.
    Raises NotClustered, NotEmbedded, TooFewLabels or CannotLoad.
    """
    run = latest_run(corpus)
    model = chosen_model()
    if run.model != model.key:
        raise NotEmbedded(f"{corpus.name}: clustered with {run.model}, not with {model.key}; run cluster_corpus first")
    training = _labelled(model, watch)
    classifier = Classifier(training)
    rows = list(
        run.assignments.order_by("pk").values_list(
            "pk", "cluster_id", "document__text_digest", "document__natural_language"
        )
    )
    changed = run.classifier_digest != training.digest
    judged = evaluate(classifier, training) if with_evaluation or changed else None
    if changed and judged:
        digests = [digest for _pk, _cluster, digest, _language in rows]
        scores = classifier.probabilities(digests, store_of(model).get(digests))
        _propose(
            run=run, rows=[(pk, cluster) for pk, cluster, *_rest in rows], scores=scores, names=classifier.categories
        )
        run.classifier_digest, run.classifier_scores = training.digest, _kept(judged)
        run.save(update_fields=["classifier_digest", "classifier_scores"])
        data = {"corpus": corpus.name, "training": len(training.labels), "digest": training.digest}
        events.record(
            "clusters classified", run, campaign=None, by=by, now=now, data={**data, "macro_f1": judged.macro_f1}
        )
    return ClassificationReport(
        run=run,
        changed=changed,
        training=len(training.labels),
        documents=len(rows),
        clusters=run.k,
        overruled=run.clusters.exclude(overruled=None).count(),
        not_english=sum(language != "en" for *_rest, language in rows) / max(len(rows), 1),
        evaluation=judged,
    )


def _kept(judged: Evaluation) -> dict[str, Any]:
    return {**asdict(judged), "confusions": [list(row) for row in judged.confusions[:_CONFUSIONS_KEPT]]}


@transaction.atomic
def _propose(*, run: ClusterRun, rows: list[tuple[int, int]], scores: Any, names: list[str]) -> None:
    categories = {row.slug: row for row in load_taxonomy().categories.all()}
    best = scores.argmax(axis=1)
    size = 200 if connection.vendor == "sqlite" else 2000
    Assignment.objects.bulk_update(
        [
            Assignment(pk=pk, category=categories[names[at]], score=round(float(scores[row, at]), 6))
            for row, ((pk, _cluster), at) in enumerate(zip(rows, best, strict=True))
        ],
        ["category", "score"],
        batch_size=size,
    )
    of_cluster: dict[int, list[int]] = {}
    for row, (_pk, cluster) in enumerate(rows):
        of_cluster.setdefault(cluster, []).append(row)
    clusters = []
    for pk, members in of_cluster.items():
        mean = np.asarray(scores[members]).mean(axis=0)
        at = int(mean.argmax())
        clusters.append(Cluster(pk=pk, proposed=categories[names[at]], score=round(float(mean[at]), 6)))
    Cluster.objects.bulk_update(clusters, ["proposed", "score"], batch_size=size)


@transaction.atomic
def overrule(*, cluster: Cluster, category: Category | None, campaign: Campaign, by: User, now: datetime) -> None:
    """Set a cluster's category by hand, or with None go back to the proposed one. The next classification learns
    from it. Raises UnknownCategory.
    """
    if category is not None and category.taxonomy_id != campaign.taxonomy_id:
        raise UnknownCategory(category.name)
    cluster = Cluster.objects.select_for_update().get(pk=cluster.pk)
    before = cluster.overruled
    if before == category:
        return
    cluster.overruled, cluster.overruled_by = category, by if category else None
    cluster.save(update_fields=["overruled", "overruled_by"])
    data = {
        "cluster": cluster.number,
        "run": cluster.run_id,
        "from": before.slug if before else None,
        "to": category.slug if category else None,
    }
    events.record("cluster overruled", cluster, campaign=campaign, by=by, now=now, data=data)
