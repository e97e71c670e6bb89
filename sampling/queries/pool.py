"""A corpus as a campaign could draw from it: its documents, where they stand, and why some cannot be drawn."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q

from campaigns.models import Campaign
from decontamination.indexes import versions_in_force
from sampling.models import ClusterDecision, ClusterRun, Corpus, Document, DrawExclusion, SharedRun
from sampling.queries.runs import latest_run
from sampling.queries.topics import Topic

Excluded = dict[int, tuple[str, dict[str, Any]]]  # reason and evidence, by the document's primary key

Reason = DrawExclusion.Reason


@dataclass(frozen=True)
class PoolEntry:
    pk: int
    key: str
    text_digest: str
    empty: bool
    canonical: int | None
    similarity: float | None


@dataclass(frozen=True)
class Place:
    topic: Topic
    category: str | None  # a person's for the cluster, else what the document's own words suggest


def state_of(campaign: Campaign, corpus: Corpus) -> str:
    """A digest of all that a draw depends on, to tell whether it is what it was. Raises NotClustered.

    Verdicts are left out: they follow from the words and the references. So are seeds' other columns, which never
    change. 200,000 documents take a second; the words themselves are not read.
    """
    run = latest_run(corpus)
    own = Campaign.objects.filter(pk=campaign.pk)
    seeds = campaign.seeds.aggregate(number=Count("pk"), last=Max("pk"))
    # Seeds of other corpora keep their words; what they are linked to may change.
    corpora = {corpus.pk, *campaign.draws.values_list("corpus_id", flat=True)}
    linked = Document.objects.filter(corpus__in=corpora).exclude(canonical=None).order_by("pk")
    rules = ("taxonomy_id", "ngram", "cjk_weight", "seeds_per_category", "random_seed", "is_demo")
    parts: tuple[Iterable[object], ...] = (
        [run.pk, run.classifier_digest, seeds, versions_in_force()],
        own.values_list(*rules),
        campaign.taxonomy.categories.order_by("position").values_list("pk", "slug"),
        campaign.waivers.in_force().values_list("pk"),
        ClusterDecision.objects.filter(campaign=campaign, cluster__run=run).order_by("pk").values_list("pk", "version"),
        run.assignments.order_by("pk")
        .values_list("document_id", "cluster_id", "text_digest", "category_id")
        .iterator(chunk_size=5000),
        # In the order of an index that holds all of this.
        Document.objects.filter(corpus=corpus)
        .order_by("text_digest", "pk")
        .values_list("text_digest", "pk")
        .iterator(chunk_size=5000),
        linked.values_list("pk", "canonical_id", "similarity").iterator(chunk_size=5000),
    )
    digest = hashlib.sha256()
    for part in parts:
        for row in part:
            digest.update(f"{row}\n".encode())
        digest.update(b"\n")
    return digest.hexdigest()


def pool_of(corpus: Corpus) -> dict[int, PoolEntry]:
    """All documents of the corpus, in the order of their keys."""
    # Whether there are words is asked of the database: the words themselves are most of what it holds.
    fields = ("pk", "key", "text_digest", "empty", "canonical_id", "similarity")
    documents = Document.objects.filter(corpus=corpus).annotate(empty=Q(title="", text="")).order_by("pk")
    entries = [PoolEntry(*row) for row in documents.values_list(*fields).iterator(chunk_size=5000)]
    return {entry.pk: entry for entry in sorted(entries, key=lambda entry: entry.key)}


def places_of(run: ClusterRun, seen: dict[int, Topic], entries: dict[int, PoolEntry]) -> dict[int, Place]:
    """By the document's primary key, of those whose words are still the ones that were placed."""
    rows = run.assignments.order_by("pk").values_list("document_id", "cluster_id", "text_digest", "category__slug")
    found = {}
    for document, cluster, text_digest, own in rows.iterator(chunk_size=5000):
        topic, entry = seen[cluster], entries.get(document)
        if entry is not None and entry.text_digest == text_digest:
            found[document] = Place(topic, topic.decided.slug if topic.decided else own)
    return found


def left_out(campaign: Campaign, entries: dict[int, PoolEntry], places: dict[int, Place]) -> Excluded:
    """Documents that cannot be drawn, whatever they say, each with its reason and the evidence."""
    fields = (
        "document_id",
        "draw_id",
        "document__key",
        "document__text_digest",
        "document__canonical_id",
        "draw__corpus__name",
    )
    drawn: dict[int, int] = {}
    same_words: dict[str, dict[str, Any]] = {}
    stood_for: dict[int, dict[str, Any]] = {}
    for document, draw, key, digest, canonical, name in campaign.seeds.order_by("rank").values_list(*fields):
        drawn[document] = draw
        evidence = {"of": key, "corpus": name, "drawn": draw}
        same_words.setdefault(digest, evidence)
        if canonical is not None:
            stood_for.setdefault(canonical, evidence)
    excluded: Excluded = {}
    for pk, entry in entries.items():
        if pk in drawn:
            excluded[pk] = (Reason.DRAWN, {"draw": drawn[pk]})
        elif entry.empty:
            excluded[pk] = (Reason.EMPTY, {})
        elif entry.canonical is not None:
            of = entries[entry.canonical]
            excluded[pk] = (Reason.DUPLICATE, {"of": of.key, "similarity": entry.similarity})
        elif pk in stood_for or entry.text_digest in same_words:
            excluded[pk] = (Reason.DUPLICATE, stood_for.get(pk) or same_words[entry.text_digest])
        elif pk not in places:
            excluded[pk] = (Reason.UNCLUSTERED, {})
        elif (topic := places[pk].topic).exclusion:
            excluded[pk] = (Reason.EXCLUDED, {"cluster": topic.group, "because": topic.exclusion})
        elif places[pk].category is None:
            excluded[pk] = (Reason.UNCLASSIFIED, {"cluster": topic.group})
    return excluded


def leaks_left_out(leaking: dict[int, SharedRun]) -> Excluded:
    return {
        pk: (
            Reason.LEAK,
            {"reference": run.reference.name, "prompt": run.key, "words": run.words, "text": run.text},
        )
        for pk, run in leaking.items()
    }
