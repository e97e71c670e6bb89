"""Classified clusters in; seeds of a campaign, and a reason for every document left out, out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from campaigns import events
from campaigns.access import Permission, require
from campaigns.models import Campaign, User, Verb
from decontamination.checks import current_check
from foundation import bulk
from sampling.actions.verdicts import check_documents
from sampling.drawing import allocation, diversity, drawfile
from sampling.drawing.allocation import Candidate, Group
from sampling.models import ClusterRun, Corpus, Draw, DrawExclusion, Seed
from sampling.queries import pool
from sampling.queries.corpora import corpus_digest
from sampling.queries.runs import latest_run
from sampling.queries.topics import in_force, topics

_PASSES = 5  # should what a draw depends on change meanwhile


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
    for _ in range(_PASSES):
        before = pool.state_of(campaign, corpus)
        plan = _plan(
            campaign=Campaign.objects.select_related("taxonomy").get(pk=campaign.pk),
            corpus=corpus,
            now=now,
            per_category=per_category,
            total=total,
            seed=seed,
        )
        if plan.draw is None or _record(plan=plan, draw=plan.draw, before=before, by=by, now=now):
            return DrawReport(plan.draw, plan.report, plan.excluded, campaign.seeds.count())
    raise CannotDraw(
        f"{corpus.name}: it kept changing while seeds were drawn; draw again when nothing else works on it"
    )


@dataclass(frozen=True)
class _Plan:
    """A draw before it is on record."""

    draw: Draw | None  # None where there is nothing to add
    report: dict[str, dict[str, int]]
    excluded: dict[str, int]
    seeds: list[tuple[Any, ...]]  # rows, as the database takes them
    exclusions: list[tuple[Any, ...]]


_SEED = ("campaign", "document", "category", "cluster", "rank")
_EXCLUSION = ("document", "reason", "evidence")


def _plan(
    *, campaign: Campaign, corpus: Corpus, now: datetime, per_category: int | None, total: int | None, seed: int | None
) -> _Plan:
    """Raises CannotDraw or NotClustered."""
    if corpus.is_demo and not campaign.is_demo:
        raise CannotDraw(f"{corpus.name} is invented demo data; {campaign.slug} is not a demo campaign")
    if per_category is None and total is None:
        per_category = campaign.seeds_per_category
    seed = campaign.random_seed if seed is None else seed
    run = latest_run(corpus)
    seen = topics(campaign, run)
    names = list(campaign.taxonomy.categories.order_by("position").values_list("slug", flat=True))
    entries = pool.pool_of(corpus)
    places = pool.places_of(run, seen, entries)
    if places and all(place.category is None for place in places.values()):
        raise CannotDraw(f"{corpus.name}: no document has a category yet; run classify_clusters first")
    checked = check_documents(corpus=corpus, campaign=campaign, now=now)
    check = current_check(campaign)
    excluded = pool.leaks_left_out(checked.leaking) | pool.left_out(campaign, entries, places)
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
    ranked = inputs.replay()
    picked = [one for _rank, one in ranked]
    report = _report(names, quota, had, candidates, picked, taken)
    counts = dict(sorted(Counter(reason for reason, _evidence in excluded.values()).items()))
    if not picked:
        return _Plan(None, report, counts, [], [])
    draw = Draw(
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
        left_out=counts,
        report=report,
        spread=_spread(picked, candidates, seed),
        created_at=now,
    )
    pk_of = {entry.key: pk for pk, entry in entries.items()}
    cluster_of = {topic.cluster.number: topic.cluster.pk for topic in seen.values()}
    category_of = dict(campaign.taxonomy.categories.values_list("slug", "pk"))
    evidence_of = DrawExclusion._meta.get_field("evidence").get_db_prep_save
    return _Plan(
        draw,
        report,
        counts,
        [
            (campaign.pk, pk_of[one.key], category_of[one.category], cluster_of[one.cluster], rank)
            for rank, one in ranked
        ],
        [(pk, str(reason), evidence_of(evidence, connection)) for pk, (reason, evidence) in excluded.items()],
    )


@transaction.atomic
def _record(*, plan: _Plan, draw: Draw, before: str, by: User | None, now: datetime) -> bool:
    """Whether the draw could be written: not where what it depends on has changed since `before`."""
    # For decisions and other draws; for imports, links and new clusterings; for classifications and assignments.
    Campaign.objects.select_for_update(no_key=True).get(pk=draw.campaign_id)
    Corpus.objects.select_for_update(no_key=True).get(pk=draw.corpus_id)
    ClusterRun.objects.select_for_update(no_key=True).get(pk=draw.run_id)
    if pool.state_of(draw.campaign, draw.corpus) != before:
        return False
    draw.save()
    bulk.insert(Seed, (*_SEED, "draw"), ((*row, draw.pk) for row in plan.seeds))
    bulk.insert(DrawExclusion, (*_EXCLUSION, "draw"), ((*row, draw.pk) for row in plan.exclusions))
    data = {
        "corpus": draw.corpus.name,
        "run": draw.run_id,
        "seed": draw.seed,
        "per_category": draw.per_category,
        "total": draw.total,
    }
    events.record(
        Verb.SEEDS_DRAWN,
        draw,
        campaign=draw.campaign,
        by=by,
        now=now,
        data={**data, "seeds": len(plan.seeds), "excluded": plan.excluded},
    )
    return True


def _candidates(
    campaign: Campaign,
    corpus: Corpus,
    names: Sequence[str],
    entries: dict[int, pool.PoolEntry],
    places: dict[int, pool.Place],
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
