"""Labelled documents and leads' decisions in; a category with a score for every document and cluster out."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from campaigns import events
from campaigns.models import Campaign, Taxonomy, User, Verb
from foundation import bulk
from sampling.actions import summaries
from sampling.actions.embedding import Watch, encode_missing
from sampling.classification.classifier import Classifier, Evaluation, Training, evaluate
from sampling.embedding.model import Model
from sampling.models import Assignment, Cluster, ClusterDecision, ClusterRun, Corpus, Document
from sampling.queries.embedding import NotEmbedded, chosen_model, store_of
from sampling.queries.runs import latest_run
from sampling.queries.scrapes import documents_of
from sampling.queries.topics import topics
from sampling.similarity import duplicates
from sampling.text import cleaning

_CONFUSIONS_KEPT = 20


@dataclass
class ClassificationReport:
    run: ClusterRun
    changed: bool
    training: int
    documents: int
    clusters: int
    overruled: int
    evaluation: Evaluation | None
    right: tuple[int, int, int]  # labelled documents of this run; of these, right by own words, right by their cluster
    languages: dict[str, "LanguageFit"]  # of labelled documents, commonest first


@dataclass(frozen=True)
class LanguageFit:
    """How well topics of one natural language are kept apart, told by its labelled documents."""

    labelled: int
    purity: float  # share that is of its cluster's commonest category in this language
    right: float  # share whose own words suggest its category


def _labelled(taxonomy: Taxonomy, model: Model, watch: Watch) -> Training:
    """What there is to learn from: the shipped labelled documents, labels that came with any corpus, the documents
    of clusters whose category a person has set, and the descriptions of the categories. Nothing is learnt from
    documents of clusters that a person has excluded.
    """
    known: list[tuple[str, str, str, str]] = []
    if (shipped := settings.FIXTURES_DIR / "demo" / "corpus.jsonl").exists():
        documents = documents_of(shipped, taxonomy)
        known += [
            (row.text_digest, row.title, row.text, row.true_category.slug) for row in documents if row.true_category
        ]
    fields = ("text_digest", "title", "text")
    own = Document.objects.filter(true_category__taxonomy=taxonomy).order_by("pk")
    known += own.values_list(*fields, "true_category__slug")
    corrected, dropped = _corrections(taxonomy)
    rows = Assignment.objects.of_the_text().filter(cluster__in=corrected).order_by("pk")
    known += [
        (digest, title, text, corrected[cluster])
        for digest, title, text, cluster in rows.values_list(*(f"document__{name}" for name in fields), "cluster_id")
    ]
    left_out = set(Assignment.objects.filter(cluster__in=dropped).values_list("document__text_digest", flat=True))
    labels: dict[str, str] = {}
    texts: dict[str, str] = {}
    for digest, title, text, slug in known:
        if (title or text) and digest not in left_out:
            # The first label stays: one that came with the document itself says more than its cluster's.
            labels.setdefault(digest, slug)
            texts.setdefault(digest, f"{title}\n\n{text}".strip())
    described = {
        cleaning.digest(row.name, row.description): (row.slug, f"{row.name}. {row.description}")
        for row in taxonomy.categories.order_by("position")
        if row.description
    }
    texts |= {digest: text for digest, (_slug, text) in described.items()}
    encode_missing(model=model, texts=texts, watch=watch)
    store, digests = store_of(model), sorted(labels)
    vectors = store.get(digests)
    return Training(
        digests=digests,
        vectors=vectors,
        labels=[labels[digest] for digest in digests],
        groups=duplicates.canonical(vectors)[0].tolist(),
        description_digests=list(described),
        descriptions=store.get(list(described)),
        described=[slug for slug, _text in described.values()],
    )


def _corrections(taxonomy: Taxonomy) -> tuple[dict[int, str], set[int]]:
    """Clusters of the newest runs with the category that leads of any campaign have set, and those they excluded.

    Where two campaigns have set different ones, none is learnt.
    """
    newest = ClusterRun.objects.values("corpus").annotate(newest=Max("pk")).order_by("corpus")
    runs = ClusterRun.objects.filter(pk__in=list(newest.values_list("newest", flat=True))).order_by("pk")
    found: dict[int, set[str]] = {}
    excluded: set[int] = set()
    campaigns = list(Campaign.objects.filter(taxonomy=taxonomy, cluster_decisions__isnull=False).distinct())
    for run in runs:
        for campaign in campaigns:
            for pk, topic in topics(campaign, run).items():
                if topic.exclusion:
                    excluded.add(pk)
                elif topic.decided:
                    found.setdefault(pk, set()).add(topic.decided.slug)
    agreed = {pk: slugs.pop() for pk, slugs in found.items() if len(slugs) == 1 and pk not in excluded}
    return agreed, excluded


def classify_clusters(
    *,
    corpus: Corpus,
    taxonomy: Taxonomy,
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
        raise NotEmbedded(
            f"{corpus.name}: clustered with {run.model}, not with {model.key}; run cluster_corpus --again, "
            "or set QUORUM_EMBEDDING_MODEL to what it was"
        )
    training = _labelled(taxonomy, model, watch)
    rows = [_Row(*row) for row in _places(run)]
    # Documents that came to the run since, or whose words have changed, have a place and no category.
    changed = run.classifier_digest != training.digest or any(row.category is None for row in rows)
    judged = None
    if changed or with_evaluation:
        classifier = Classifier(training)
        judged = evaluate(classifier, training)
    if changed and judged:
        scores = classifier.probabilities(
            [row.text_digest for row in rows], store_of(model).get([row.text_digest for row in rows])
        )
        places, clusters = _proposed(taxonomy=taxonomy, rows=rows, scores=scores, names=classifier.categories)
        changes = [place for place, row in zip(places, rows, strict=True) if place[:2] != (row.category, row.score)]
        data = {"corpus": corpus.name, "training": len(training.labels), "digest": training.digest}
        with transaction.atomic():
            before, run = run, ClusterRun.objects.select_for_update(no_key=True).get(pk=run.pk)
            # Where somebody else has classified meanwhile, what was read says nothing of what stands. A document that
            # was placed anew since then keeps what it has: the next classification sees to it.
            same = run.classifier_digest == before.classifier_digest
            bulk.update(Assignment, ("category", "score"), changes if same else places, where=("id", "text_digest"))
            bulk.update(Cluster, ("proposed", "score"), clusters)
            run.classifier_digest, run.classifier_scores = training.digest, _kept(judged)
            run.save(update_fields=["classifier_digest", "classifier_scores"])
            summaries.changed(corpus)
            events.record(
                Verb.CLUSTERS_CLASSIFIED, run, campaign=None, by=by, now=now, data={**data, "macro_f1": judged.macro_f1}
            )
    summaries.summarise(corpus)
    return ClassificationReport(
        run=run,
        changed=changed,
        training=len(training.labels),
        documents=len(rows),
        clusters=run.k,
        overruled=ClusterDecision.objects.filter(cluster__run=run).exclude(category=None).count(),
        evaluation=judged,
        right=_right(run),
        languages=_languages(run),
    )


def _right(run: ClusterRun) -> tuple[int, int, int]:
    labelled = run.assignments.exclude(document__true_category=None)
    own = labelled.filter(category=F("document__true_category")).count()
    return labelled.count(), own, labelled.filter(cluster__proposed=F("document__true_category")).count()


def _languages(run: ClusterRun) -> dict[str, LanguageFit]:
    fields = ("document__natural_language", "cluster_id", "document__true_category_id", "category_id")
    rows = run.assignments.exclude(document__true_category=None).order_by("pk").values_list(*fields)
    sizes, right = Counter[str](), Counter[str]()
    groups = defaultdict[tuple[str, int], Counter[int | None]](Counter)
    for language, cluster, true, own in rows.iterator(chunk_size=5000):
        sizes[language] += 1
        right[language] += own == true
        groups[language, cluster][true] += 1
    pure = Counter[str]()
    for (language, _cluster), topics_there in groups.items():
        pure[language] += max(topics_there.values())
    return {
        language: LanguageFit(size, round(pure[language] / size, 4), round(right[language] / size, 4))
        for language, size in sizes.most_common()
    }


def _kept(judged: Evaluation) -> dict[str, Any]:
    return {**asdict(judged), "confusions": [list(row) for row in judged.confusions[:_CONFUSIONS_KEPT]]}


@dataclass(frozen=True)
class _Row:
    """A place, as it was read."""

    pk: int
    cluster: int
    text_digest: str
    category: int | None
    score: float | None


def _places(run: ClusterRun) -> Iterator[tuple[Any, ...]]:
    fields = ("pk", "cluster_id", "text_digest", "category_id", "score")
    return run.assignments.order_by("pk").values_list(*fields).iterator(chunk_size=5000)


def _proposed(
    *, taxonomy: Taxonomy, rows: list[_Row], scores: Any, names: list[str]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Category and score of each place, in the order of `rows`, with the words they are for; and of each cluster."""
    categories = dict(taxonomy.categories.values_list("slug", "pk"))
    places, of_cluster = list[tuple[Any, ...]](), dict[int, list[int]]()
    for at, row in enumerate(rows):
        of_cluster.setdefault(row.cluster, []).append(at)
        best = int(scores[at].argmax())
        places.append((categories[names[best]], round(float(scores[at, best]), 6), row.pk, row.text_digest))
    clusters = list[tuple[Any, ...]]()
    for pk, members in of_cluster.items():
        mean = np.asarray(scores[members]).mean(axis=0)
        at = int(mean.argmax())
        clusters.append((categories[names[at]], round(float(mean[at]), 6), pk))
    return places, clusters
