"""Classified clusters in; seeds of a campaign, and a reason for every document left out, out."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from campaigns import events
from campaigns.models import Campaign, User
from decontamination.checks import current_check
from sampling import allocation
from sampling.actions.categories import latest_run
from sampling.actions.verdicts import check_documents, leaks_of
from sampling.allocation import Candidate
from sampling.models import Cluster, Corpus, Document, Draw, DrawExclusion, Seed

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
    that would add nothing leaves no trace. Raises CannotDraw or NotClustered.
    """
    if per_category is not None and total is not None:
        raise CannotDraw("either a number per category or a total, not both")
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if corpus.is_demo and not campaign.is_demo:
        raise CannotDraw(f"{corpus.name} is invented demo data; {campaign.slug} is not a demo campaign")
    if per_category is None and total is None:
        per_category = campaign.seeds_per_category
    seed = campaign.random_seed if seed is None else seed
    run = latest_run(corpus)
    clusters = {row.pk: row for row in run.clusters.select_related("proposed", "overruled").order_by("number")}
    names = list(campaign.taxonomy.categories.order_by("position").values_list("slug", flat=True))
    for cluster in clusters.values():
        if cluster.category is None:
            raise CannotDraw(
                f"{corpus.name}: cluster {cluster.number} has no category yet; run classify_clusters first"
            )
        if cluster.category.taxonomy_id != campaign.taxonomy_id:
            raise CannotDraw(f"{corpus.name}: its categories are of another taxonomy than {campaign.slug}'s")

    check = current_check(campaign)
    entries = _entries(corpus)
    places = dict(run.assignments.order_by("pk").values_list("document_id", "cluster_id"))
    check_documents(corpus=corpus, campaign=campaign, now=now)
    excluded = _leaks(corpus, campaign) | _left_out(campaign, corpus, entries, places)
    candidates = [
        Candidate(entry.key, _slug(clusters[places[pk]]), clusters[places[pk]].number)
        for pk, entry in entries.items()
        if pk not in excluded
    ]
    had = Counter(campaign.seeds.values_list("category__slug", flat=True))
    available = Counter(candidate.category for candidate in candidates)
    quota = _quotas(names, per_category, total)
    if total is None:
        wanted = {name: max(quota[name] - had[name], 0) for name in names}
    else:
        room = {name: available[name] for name in names}
        wanted = allocation.water_fill(room, max(total - sum(had.values()), 0), had)
    taken = Counter(campaign.seeds.filter(cluster__run=run).values_list("cluster__number", flat=True))
    picked = allocation.pick(candidates, wanted, seed=seed, salt=run.digest, held=taken)
    report = _report(names, quota, had, available, picked, clusters.values(), taken)
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
        categories_digest=categories_digest(clusters.values()),
        index_digest=check.index.digest,
        waivers=sorted(check.waivers),
        report=report,
        created_at=now,
    )
    _store(draw=draw, picked=picked, entries=entries, clusters=clusters, excluded=excluded)
    data = {"corpus": corpus.name, "run": run.pk, "seed": seed, "per_category": per_category, "total": total}
    events.record(
        "seeds drawn", draw, campaign=campaign, by=by, now=now, data={**data, "seeds": len(picked), "excluded": counts}
    )
    return DrawReport(draw, report, counts, campaign.seeds.count())


def _slug(cluster: Cluster) -> str:
    assert cluster.category is not None  # noqa: S101 - checked before anything is drawn
    return cluster.category.slug


def categories_digest(clusters: Iterable[Cluster]) -> str:
    lines = [f"{cluster.number} {_slug(cluster)}\n" for cluster in sorted(clusters, key=lambda row: row.number)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _quotas(names: list[str], per_category: int | None, total: int | None) -> dict[str, int]:
    if total is None:
        return dict.fromkeys(names, per_category or 0)
    even, rest = divmod(total, max(len(names), 1))
    return {name: even + (at < rest) for at, name in enumerate(names)}


def _entries(corpus: Corpus) -> dict[int, _Entry]:
    """All documents of the corpus, in the order of their keys."""
    fields = ("pk", "key", "text_digest", "title", "text", "canonical_id", "similarity")
    rows = Document.objects.filter(corpus=corpus).order_by("pk").values_list(*fields).iterator(chunk_size=2000)
    entries = [
        _Entry(pk, key, digest, not (title or text), canonical, similarity)
        for pk, key, digest, title, text, canonical, similarity in rows
    ]
    return {entry.pk: entry for entry in sorted(entries, key=lambda entry: entry.key)}


def _left_out(
    campaign: Campaign, corpus: Corpus, entries: dict[int, _Entry], places: dict[int, int]
) -> dict[int, tuple[str, dict[str, Any]]]:
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
    excluded: dict[int, tuple[str, dict[str, Any]]] = {}
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
    return excluded


def _leaks(corpus: Corpus, campaign: Campaign) -> dict[int, tuple[str, dict[str, Any]]]:
    return {
        pk: (
            Reason.LEAK,
            {"reference": run.reference.name, "prompt": run.key, "words": run.words, "text": run.text},
        )
        for pk, run in leaks_of(corpus, campaign).items()
    }


def _report(
    names: list[str],
    quota: dict[str, int],
    had: Counter[str],
    available: Counter[str],
    picked: list[Candidate],
    clusters: Iterable[Cluster],
    taken: Counter[int],
) -> dict[str, dict[str, int]]:
    filled = Counter(one.category for one in picked)
    covered = {one.cluster for one in picked} | set(taken)
    of_category: dict[str, list[int]] = {}
    for cluster in clusters:
        of_category.setdefault(_slug(cluster), []).append(cluster.number)
    return {
        name: {
            "quota": quota[name],
            "before": had[name],
            "available": available[name],
            "filled": filled[name],
            "shortfall": max(quota[name] - had[name] - filled[name], 0),
            "clusters": len(of_category.get(name, ())),
            "clusters_covered": len(covered.intersection(of_category.get(name, ()))),
        }
        for name in names
    }


def _store(
    *,
    draw: Draw,
    picked: list[Candidate],
    entries: dict[int, _Entry],
    clusters: dict[int, Cluster],
    excluded: dict[int, tuple[str, dict[str, Any]]],
) -> None:
    pk_of = {entry.key: pk for pk, entry in entries.items()}
    by_number = {cluster.number: cluster for cluster in clusters.values()}
    last = Seed.objects.filter(campaign=draw.campaign).aggregate(last=Max("rank"))["last"] or 0
    Seed.objects.bulk_create(
        (
            Seed(
                campaign=draw.campaign,
                draw=draw,
                document_id=pk_of[one.key],
                category=by_number[one.cluster].category,
                cluster=by_number[one.cluster],
                rank=last + place,
            )
            for place, one in enumerate(picked, 1)
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
