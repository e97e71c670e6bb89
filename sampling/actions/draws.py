"""Classified clusters in; seeds of a campaign, and a reason for every document left out, out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from campaigns import events
from campaigns.access import Permission, require
from campaigns.models import Campaign, User, Verb
from decontamination.checks import current_check
from sampling.actions.verdicts import check_documents
from sampling.drawing import allocation, diversity, drawfile
from sampling.drawing.allocation import Candidate, Group
from sampling.models import ClusterRun, Corpus, Document, Draw, DrawExclusion, Seed, SharedRun
from sampling.queries.corpora import corpus_digest
from sampling.queries.runs import latest_run
from sampling.queries.topics import Topic, in_force, topics

Excluded = dict[int, tuple[str, dict[str, Any]]]  # reason and evidence, by the document's primary key

Reason = DrawExclusion.Reason


class CannotDraw(Exception):
    """The corpus is not ready for this campaign."""


@dataclass
class DrawReport:
    draw: Draw | None  # None where there was nothing to add
    categories: dict[str, dict[str, int]]
    excluded: dict[str, int]
    seeds: int

    @property
    def shortfall(self) -> int:
        return sum(row["shortfall"] for row in self.categories.values())


@dataclass(frozen=True)
class _Entry:
    pk: int
    key: str
    text_digest: str
    empty: bool
    canonical: int | None
    similarity: float | None


@transaction.atomic
def draw_seeds(
    *,
    campaign: Campaign,
    corpus: Corpus,
    by: User | None,
    now: datetime,
    per_category: int | None = None,
    total: int | None = None,
    seed: int | None = None,
) -> DrawReport:
    """Top the campaign's seeds up to `per_category` in each category, or to `total` evenly over the categories.

    By default to the campaign's own number per category, with its own random seed. Nothing is drawn twice; a draw
    that would add nothing leaves no trace. Raises NotAllowed, CannotDraw or NotClustered.
    """
    require(campaign, by, Permission.SAMPLE)
    if per_category is not None and total is not None:
        raise CannotDraw("either a number per category or a total, not both")
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if corpus.is_demo and not campaign.is_demo:
        raise CannotDraw(f"{corpus.name} is invented demo data; {campaign.slug} is not a demo campaign")
    if per_category is None and total is None:
        per_category = campaign.seeds_per_category
    seed = campaign.random_seed if seed is None else seed
    # A classification changes the documents' categories and the run's digest together; a draw reads both of one.
    run = ClusterRun.objects.select_for_update(no_key=True).get(pk=latest_run(corpus).pk)
    seen = topics(campaign, run)
    names = list(campaign.taxonomy.categories.order_by("position").values_list("slug", flat=True))
    entries = _entries(corpus)
    places = _places(run, seen, entries)
    checked = check_documents(corpus=corpus, campaign=campaign, now=now)
    check = current_check(campaign)
    excluded = _leaks(checked.leaking) | _left_out(campaign, entries, places)
    candidates = _candidates(campaign, corpus, names, {pk: entries[pk] for pk in entries if pk not in excluded}, places)
    had = Counter(campaign.seeds.values_list("category__slug", flat=True))
    available = Counter(candidate.category for candidate in candidates)
    quota = _quotas(names, per_category, total)
    if total is None:
        wanted = {name: max(quota[name] - had[name], 0) for name in names}
    else:
        room = {name: available[name] for name in names}
        wanted = allocation.water_fill(room, max(total - sum(had.values()), 0), had)
    taken: Counter[Group] = Counter(
        (slug, seen[cluster].group)
        for slug, cluster in campaign.seeds.filter(cluster__run=run).values_list("category__slug", "cluster_id")
    )
    last = campaign.seeds.aggregate(last=Max("rank"))["last"] or 0
    inputs = drawfile.Inputs(seed, run.digest, last + 1, wanted, taken, candidates)
    picked = [one for _rank, one in inputs.replay()]
    report = _report(names, quota, had, candidates, picked, taken)
    counts = dict(sorted(Counter(reason for reason, _evidence in excluded.values()).items()))
    if not picked:
        return DrawReport(None, report, counts, campaign.seeds.count())

    draw = Draw.objects.create(
        campaign=campaign,
        corpus=corpus,
        run=run,
        per_category=per_category,
        total=total,
        seed=seed,
        corpus_digest=corpus_digest((entry.key, entry.text_digest) for entry in entries.values()),
        model=run.model,
        classifier_digest=run.classifier_digest,
        decisions=in_force(seen.values()),
        inputs_digest=drawfile.write(settings.DATA_DIR / "draws", inputs),
        index_digest=check.index.digest,
        waivers=sorted(check.waivers),
        report=report,
        spread=_spread(picked, candidates, seed),
        created_at=now,
    )
    _store(draw=draw, picked=picked, first_rank=last + 1, entries=entries, seen=seen, excluded=excluded)
    data = {"corpus": corpus.name, "run": run.pk, "seed": seed, "per_category": per_category, "total": total}
    events.record(
        Verb.SEEDS_DRAWN,
        draw,
        campaign=campaign,
        by=by,
        now=now,
        data={**data, "seeds": len(picked), "excluded": counts},
    )
    return DrawReport(draw, report, counts, campaign.seeds.count())


@dataclass(frozen=True)
class _Place:
    topic: Topic
    category: str | None  # a person's for the cluster, else what the document's own words suggest


def _places(run: ClusterRun, seen: dict[int, Topic], entries: dict[int, _Entry]) -> dict[int, _Place]:
    """By the document's primary key, of those whose words are still the ones that were placed. Raises CannotDraw."""
    rows = run.assignments.order_by("pk").values_list("document_id", "cluster_id", "text_digest", "category__slug")
    found = {}
    for document, cluster, text_digest, own in rows.iterator(chunk_size=5000):
        topic = seen[cluster]
        if entries[document].text_digest == text_digest:
            found[document] = _Place(topic, topic.decided.slug if topic.decided else own)
    if found and all(place.category is None for place in found.values()):
        raise CannotDraw(f"{run.corpus.name}: no document has a category yet; run classify_clusters first")
    return found


def _candidates(
    campaign: Campaign, corpus: Corpus, names: Sequence[str], entries: dict[int, _Entry], places: dict[int, _Place]
) -> list[Candidate]:
    """Raises CannotDraw."""
    found = []
    for pk, entry in entries.items():
        topic, category = places[pk].topic, places[pk].category
        if category is not None:
            found.append(Candidate(entry.key, category, topic.cluster.number, topic.group))
    if unknown := sorted({one.category for one in found} - set(names)):
        raise CannotDraw(f"{corpus.name}: {unknown[0]} is of another taxonomy than {campaign.slug}'s")
    return found


def _spread(picked: list[Candidate], pool: list[Candidate], seed: int) -> dict[str, Any]:
    of_category: dict[str, list[int]] = {}
    for one in picked:
        of_category.setdefault(one.category, []).append(one.group)
    return {
        "clusters": asdict(diversity.spread([one.group for one in picked], [one.group for one in pool], seed=seed)),
        "categories": asdict(
            diversity.spread([one.category for one in picked], [one.category for one in pool], seed=seed)
        ),
        "by_category": {name: diversity.effective_number(groups) for name, groups in sorted(of_category.items())},
    }


def _quotas(names: list[str], per_category: int | None, total: int | None) -> dict[str, int]:
    if total is None:
        return dict.fromkeys(names, per_category or 0)
    even, rest = divmod(total, max(len(names), 1))
    return {name: even + (at < rest) for at, name in enumerate(names)}


def _entries(corpus: Corpus) -> dict[int, _Entry]:
    """All documents of the corpus, in the order of their keys."""
    # Whether there are words is asked of the database: the words themselves are most of what it holds.
    fields = ("pk", "key", "text_digest", "empty", "canonical_id", "similarity")
    documents = Document.objects.filter(corpus=corpus).annotate(empty=Q(title="", text="")).order_by("pk")
    entries = [_Entry(*row) for row in documents.values_list(*fields).iterator(chunk_size=5000)]
    return {entry.pk: entry for entry in sorted(entries, key=lambda entry: entry.key)}


def _left_out(campaign: Campaign, entries: dict[int, _Entry], places: dict[int, _Place]) -> Excluded:
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


def _leaks(leaking: dict[int, SharedRun]) -> Excluded:
    return {
        pk: (
            Reason.LEAK,
            {"reference": run.reference.name, "prompt": run.key, "words": run.words, "text": run.text},
        )
        for pk, run in leaking.items()
    }


def _report(
    names: list[str],
    quota: dict[str, int],
    had: Counter[str],
    candidates: list[Candidate],
    picked: list[Candidate],
    taken: Counter[Group],
) -> dict[str, dict[str, int]]:
    available = Counter(one.category for one in candidates)
    filled = Counter(one.category for one in picked)
    drawn = {(one.category, one.group) for one in picked} | set(taken)
    covered = Counter(category for category, _group in drawn)
    occurring = Counter(category for category, _group in drawn | {(one.category, one.group) for one in candidates})
    return {
        name: {
            "quota": quota[name],
            "before": had[name],
            "available": available[name],
            "filled": filled[name],
            "shortfall": max(quota[name] - had[name] - filled[name], 0),
            "clusters": occurring[name],
            "clusters_covered": covered[name],
        }
        for name in names
    }


def _store(
    *,
    draw: Draw,
    picked: list[Candidate],
    first_rank: int,
    entries: dict[int, _Entry],
    seen: dict[int, Topic],
    excluded: Excluded,
) -> None:
    pk_of = {entry.key: pk for pk, entry in entries.items()}
    cluster_of = {topic.cluster.number: topic.cluster for topic in seen.values()}
    categories = {row.slug: row for row in draw.campaign.taxonomy.categories.all()}
    Seed.objects.bulk_create(
        (
            Seed(
                campaign=draw.campaign,
                draw=draw,
                document_id=pk_of[one.key],
                category=categories[one.category],
                cluster=cluster_of[one.cluster],
                rank=rank,
            )
            for rank, one in enumerate(picked, first_rank)
        ),
        batch_size=2000,
    )
    DrawExclusion.objects.bulk_create(
        (
            DrawExclusion(draw=draw, document_id=pk, reason=reason, evidence=evidence)
            for pk, (reason, evidence) in excluded.items()
        ),
        batch_size=2000,
    )
