"""Every named constraint of this stage, and what tries to break it."""

from typing import Any

import pytest

from campaigns.models import Campaign
from sampling.actions.summaries import changed
from sampling.models import (
    Assignment,
    Cluster,
    ClusterDecision,
    ClusterRun,
    CorpusSummary,
    Document,
    Draw,
    DrawExclusion,
    Seed,
)  # fmt: skip
from tests import constraints
from tests.factories import NOW, category, later, make_campaign, make_corpus, make_document, make_seeds, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


@pytest.fixture
def seed(campaign: Campaign) -> Seed:
    return make_seeds(campaign, 2)[0]


def refused(name: str, action: Any) -> None:
    with constraints.refused(name):
        action()


def test_one_document_per_corpus_and_key() -> None:
    corpus = make_corpus()
    make_document(corpus, key="same")
    make_document(make_corpus(), key="same")
    refused("one_document_per_corpus_and_key", lambda: make_document(corpus, key="same"))


def test_document_not_its_own_duplicate() -> None:
    document = make_document(make_corpus())
    refused(
        "document_not_its_own_duplicate",
        lambda: Document.objects.filter(pk=document.pk).update(canonical=document.pk),
    )


def test_one_cluster_per_run_and_number(seed: Seed) -> None:
    refused(
        "one_cluster_per_run_and_number",
        lambda: Cluster.objects.create(run=seed.cluster.run, number=seed.cluster.number, size=1),
    )


def decide(campaign: Campaign, cluster: Cluster, **fields: Any) -> ClusterDecision:
    given = {"version": 1, "decided_by": make_user(), "decided_at": NOW, **fields}
    return ClusterDecision.objects.create(campaign=campaign, cluster=cluster, **given)


def test_one_decision_per_campaign_and_cluster(campaign: Campaign, seed: Seed) -> None:
    decide(campaign, seed.cluster)
    decide(make_campaign(), seed.cluster)
    refused("one_decision_per_campaign_and_cluster", lambda: decide(campaign, seed.cluster))


def test_merged_cluster_has_no_category_of_its_own(campaign: Campaign, seed: Seed) -> None:
    other = Cluster.objects.create(run=seed.cluster.run, number=98, size=1)
    for field in ({"category": category(campaign)}, {"exclusion": "site chrome"}):
        refused(
            "merged_cluster_has_no_category_of_its_own",
            lambda field=field: decide(campaign, seed.cluster, merged_into=other, **field),
        )


def test_cluster_merged_one_deep_within_its_run(campaign: Campaign, seed: Seed) -> None:
    name = "cluster_merged_one_deep_within_its_run"
    first, second, third = (
        Cluster.objects.create(run=seed.cluster.run, number=number, size=1) for number in (96, 97, 98)
    )
    elsewhere = make_seeds(make_campaign(), 1)[0].cluster
    refused(name, lambda: decide(campaign, first, merged_into=first))
    refused(name, lambda: decide(campaign, first, merged_into=elsewhere))
    decide(campaign, first, merged_into=second)
    refused(name, lambda: decide(campaign, third, merged_into=first))
    refused(name, lambda: decide(campaign, second, merged_into=third))
    decide(make_campaign(), second, merged_into=third)


def test_one_cluster_per_run_and_document(seed: Seed) -> None:
    fields: dict[str, Any] = {
        "run": seed.cluster.run,
        "cluster": seed.cluster,
        "document": seed.document,
        "distance": 0,
    }
    Assignment.objects.get_or_create(run=seed.cluster.run, document=seed.document, defaults=fields)
    other = Cluster.objects.create(run=seed.cluster.run, number=99, size=1)
    refused("one_cluster_per_run_and_document", lambda: Assignment.objects.create(**{**fields, "cluster": other}))


@pytest.mark.parametrize("numbers", [{"per_category": 1, "total": 1}, {}])
def test_draw_per_category_or_in_total(campaign: Campaign, seed: Seed, numbers: dict[str, int]) -> None:
    run: ClusterRun = seed.cluster.run
    refused(
        "draw_per_category_or_in_total",
        lambda: Draw.objects.create(campaign=campaign, corpus=run.corpus, run=run, seed=0, created_at=NOW, **numbers),
    )


def test_one_exclusion_per_draw_and_document(seed: Seed) -> None:
    fields: dict[str, Any] = {"draw": seed.draw, "document": seed.document}
    DrawExclusion.objects.create(**fields, reason="leak")
    refused("one_exclusion_per_draw_and_document", lambda: DrawExclusion.objects.create(**fields, reason="empty"))


def copy(seed: Seed, **changes: Any) -> Seed:
    fields = {
        "campaign": seed.campaign,
        "draw": seed.draw,
        "document": make_document(seed.document.corpus),
        "category": seed.category,
        "cluster": seed.cluster,
        "rank": 1000,
        **changes,
    }
    return Seed.objects.create(**fields)


def test_one_seed_per_campaign_and_document(seed: Seed) -> None:
    refused("one_seed_per_campaign_and_document", lambda: copy(seed, document=seed.document))


def test_one_seed_per_campaign_and_rank(seed: Seed) -> None:
    refused("one_seed_per_campaign_and_rank", lambda: copy(seed, rank=seed.rank))


def test_one_live_lease_per_seed(seed: Seed) -> None:
    rows = Seed.objects.filter(pk=seed.pk)
    whole = {"status": "claimed", "holder": make_user(), "lease_token": "x" * 43, "lease_expires_at": later(5)}
    for missing in ("holder", "lease_token", "lease_expires_at"):
        part = {**whole, missing: "" if missing == "lease_token" else None}
        refused("one_live_lease_per_seed", lambda part=part: rows.update(**part))
    refused("one_live_lease_per_seed", lambda: rows.update(holder=make_user()))
    assert rows.update(**whole) == 1


def test_one_live_lease_per_annotator(campaign: Campaign, seed: Seed) -> None:
    whole = {"status": "claimed", "holder": make_user(), "lease_token": "x" * 43, "lease_expires_at": later(5)}
    Seed.objects.filter(pk=seed.pk).update(**whole)
    others = Seed.objects.filter(campaign=campaign).exclude(pk=seed.pk)
    refused("one_live_lease_per_annotator", lambda: others.update(**whole))


def test_skipped_seed_has_a_reason(seed: Seed) -> None:
    rows = Seed.objects.filter(pk=seed.pk)
    refused("skipped_seed_has_a_reason", lambda: rows.update(status="skipped"))
    refused("skipped_seed_has_a_reason", lambda: rows.update(skip_reason="why"))


@pytest.mark.parametrize("field", ["document", "category", "cluster", "draw", "campaign", "rank"])
def test_seed_keeps_its_origin(campaign: Campaign, seed: Seed, field: str) -> None:
    elsewhere = make_seeds(make_campaign(), 1, in_category="security")[0]
    value = 77 if field == "rank" else getattr(elsewhere, field)
    with constraints.refused("seed_keeps_its_origin"):
        Seed.objects.filter(pk=seed.pk).update(**{field: value})


def test_a_corpus_is_not_counted_in_a_version_that_is_to_come() -> None:
    corpus = make_corpus()
    changed(corpus)
    rows = CorpusSummary.objects.filter(corpus=corpus)
    refused("corpus_counted_as_it_was_or_is", lambda: rows.update(counted=2))
