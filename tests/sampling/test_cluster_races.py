"""Commands that give documents their places in the same moment, each in a thread and a connection of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from campaigns.models import Campaign, Event, Verb
from sampling import actions
from sampling.models import Assignment, ClusterRun, Corpus, Draw
from tests.factories import NOW, make_campaign, shipped_taxonomy
from tests.sampling.test_assignments import question
from tests.sampling.test_decision_races import at_once

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def corpus(run: Run, small_corpus: Path, fake_model: list[str]) -> Corpus:
    run("import_corpus", small_corpus, "--corpus", "small")
    run("embed_corpus", "small")
    return Corpus.objects.get(name="small")


def cluster(corpus: Corpus, **options: Any) -> Callable[[], None]:
    return lambda: void(actions.cluster_corpus(corpus=corpus, taxonomy=shipped_taxonomy(), by=None, now=NOW, **options))


def classify(corpus: Corpus) -> Callable[[], None]:
    return lambda: void(actions.classify_clusters(corpus=corpus, taxonomy=shipped_taxonomy(), by=None, now=NOW))


def void(_report: object) -> None:
    """What is told is looked up afterwards."""


def grown(run: Run, corpus: Corpus, path: Path, number: int) -> None:
    """Clustered and classified, with so many more documents of each of two topics, embedded."""
    run("cluster_corpus", corpus.name, "--k", 3)
    run("classify_clusters", corpus.name)
    more = [question(slug, at) for slug in ("machine-learning", "database-management") for at in range(number)]
    path.write_text("".join(json.dumps(record) + "\n" for record in more), encoding="utf-8")
    run("import_corpus", path, "--corpus", corpus.name)
    run("embed_corpus", corpus.name)


def whole() -> None:
    """Each document has one place, and each cluster counts its own."""
    (found,) = ClusterRun.objects.all()
    for each in found.clusters.order_by("number"):
        assert each.size == each.assignments.count()
    assert found.assignments.count() == Corpus.objects.get().documents.count()


@pytest.mark.django_db(transaction=True)
def test_two_first_clusterings_at_once_make_one_run(corpus: Corpus) -> None:
    assert at_once(*[cluster(corpus, k=3)] * 3) == []
    whole()
    assert Event.objects.filter(verb=Verb.CORPUS_CLUSTERED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_documents_are_assigned_once_by_whoever_comes_first(run: Run, corpus: Corpus, tmp_path: Path) -> None:
    grown(run, corpus, tmp_path / "more.jsonl", 5)
    assert at_once(*[cluster(corpus)] * 3) == []
    whole()
    assert Assignment.objects.filter(assigned=True).count() == 10
    assert sum(event.data["documents"] for event in Event.objects.filter(verb=Verb.DOCUMENTS_ASSIGNED)) == 10


@pytest.mark.django_db(transaction=True)
def test_a_draw_and_a_classification_meanwhile_see_all_new_places_or_none(
    run: Run, corpus: Corpus, tmp_path: Path
) -> None:
    grown(run, corpus, tmp_path / "more.jsonl", 5)
    campaigns = [make_campaign(f"meanwhile-{number}") for number in range(2)]

    def draw(campaign: Campaign) -> Callable[[], None]:
        return lambda: void(actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=50))

    assert at_once(cluster(corpus), classify(corpus), *map(draw, campaigns)) == []
    whole()
    for found in Draw.objects.order_by("pk"):
        reasons = list(found.exclusions.values_list("reason", flat=True))
        assert sorted([reasons.count("unclustered"), reasons.count("unclassified"), found.seeds.count()]) in (
            [0, 0, 46],
            [0, 10, 36],
        )
        assert run("replay_draw", found.pk)["same"] is True
    run("classify_clusters", "small")
    assert not Assignment.objects.filter(category=None).exists()
    for campaign in campaigns:
        actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=51)
        assert campaign.seeds.count() == 46
