"""The commands after the import, on a corpus of three plain topics and a fake model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from campaigns.models import Event, Verb
from sampling import actions
from sampling.models import Assignment, Cluster, ClusterDecision, ClusterRun, Corpus, Document
from tests.factories import NOW, category, later, make_campaign, make_lead

pytestmark = pytest.mark.django_db

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def clustered(run: Run, small_corpus: Path, fake_model: list[str]) -> Corpus:
    run("import_corpus", small_corpus, "--corpus", "small")
    run("embed_corpus", "small")
    run("cluster_corpus", "small", "--k", 3)
    return Corpus.objects.get(name="small")


def test_only_new_text_is_ever_encoded(run: Run, small_corpus: Path, fake_model: list[str], tmp_path: Path) -> None:
    run("import_corpus", small_corpus, "--corpus", "small")
    assert run("embed_corpus", "small")["encoded"] == 36
    assert run("embed_corpus", "small")["encoded"] == 0
    more = tmp_path / "more.jsonl"
    more.write_text(small_corpus.read_text() + json.dumps({"id": "x", "title": "New", "body": "entirely other"}) + "\n")
    run("import_corpus", more, "--corpus", "small")
    assert run("embed_corpus", "small")["encoded"] == 1
    assert len(fake_model) == len(set(fake_model)) == 37


def test_near_duplicates_are_linked_and_dropped_by_nobody(run: Run, tmp_path: Path, fake_model: list[str]) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    rows = [
        {"id": "a", "title": "T", "body": words},
        {"id": "b", "title": "T", "body": words + " extra"},
        {"id": "c", "title": "T", "body": words},
        {"id": "d", "title": "U", "body": "quite another question about zebras"},
    ]
    path = tmp_path / "near.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    run("import_corpus", path, "--corpus", "near")
    figures = run("embed_corpus", "near")
    assert (figures["near_duplicates"], figures["duplicates"]) == (1, 2)
    links: dict[str, tuple[Any, Any]] = {
        key: (canonical, similarity)
        for key, canonical, similarity in Document.objects.values_list("key", "canonical__key", "similarity")
    }
    assert links["a"] == links["d"] == (None, None)
    assert links["c"] == ("a", 1.0)
    assert links["b"][0] == "a"
    assert 0.95 <= links["b"][1] < 1
    before, events = links, Event.objects.count()
    run("embed_corpus", "near")
    run("import_corpus", path, "--corpus", "near")
    run("embed_corpus", "near")
    assert Event.objects.count() == events
    assert {key: (c, s) for key, c, s in Document.objects.values_list("key", "canonical__key", "similarity")} == before


def test_topics_that_differ_become_clusters(clustered: Corpus) -> None:
    run = clustered.cluster_runs.get()
    for cluster in run.clusters.order_by("number"):
        topics = {key.rsplit("-", 1)[0] for key in cluster.assignments.values_list("document__key", flat=True)}
        assert len(topics) == 1
        assert cluster.size == cluster.assignments.count() == 12
        assert cluster.keywords
    assert np.load(settings.DATA_DIR / "clusters" / f"{run.centres}.npy").shape == (3, 64)


def test_clustering_again_makes_no_new_run_and_another_seed_does(run: Run, clustered: Corpus) -> None:
    assert run("cluster_corpus", "small", "--k", 3)["new_run"] is False
    assert run("cluster_corpus", "small", "--k", 3, "--seed", 9)["new_run"] is True
    assert ClusterRun.objects.count() == 2


def test_the_same_corpus_gives_the_same_run_digest_everywhere(run: Run, clustered: Corpus, tmp_path: Path) -> None:
    turned = tmp_path / "turned.jsonl"
    lines = (tmp_path / "small.jsonl").read_text().splitlines()
    turned.write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")
    run("import_corpus", turned, "--corpus", "turned")
    run("embed_corpus", "turned")
    run("cluster_corpus", "turned", "--k", 3)
    first, second = ClusterRun.objects.order_by("pk")
    assert (first.digest, first.corpus_digest) == (second.digest, second.corpus_digest)


def test_assignments_are_written_as_parquet(run: Run, clustered: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "assignments.parquet"
    assert run("cluster_corpus", "small", "--k", 3, "--assignments", path)["assignments_written"] == 36
    table = pyarrow.parquet.read_table(path).to_pydict()
    stored = dict(Assignment.objects.values_list("document__key", "cluster__number"))
    assert dict(zip(table["document"], table["cluster"], strict=True)) == stored
    with pytest.raises(CommandError) as caught:
        run("cluster_corpus", "small", "--k", 3, "--assignments", tmp_path / "nowhere" / "a.parquet")
    assert caught.value.returncode == 2


def test_clusters_and_documents_get_the_category_of_their_topic(run: Run, clustered: Corpus) -> None:
    figures = run("classify_clusters", "small", "--evaluate")
    assert figures["changed"] is True
    assert 0 <= figures["macro_f1"] <= 1
    assert figures["languages"]["en"]["labelled"] == 36
    assert figures["languages"]["en"]["purity"] == 1.0
    assert figures["languages"]["en"]["right"] > 0.9
    for cluster in Cluster.objects.select_related("proposed"):
        topic = cluster.assignments.values_list("document__key", flat=True)[0].rsplit("-", 1)[0]
        assert cluster.proposed is not None
        assert cluster.proposed.slug == topic
    assert not Assignment.objects.filter(category=None).exists()
    run_row = clustered.cluster_runs.get()
    assert run_row.classifier_digest
    assert run_row.classifier_scores["macro_f1"] == figures["macro_f1"]
    assert run("classify_clusters", "small")["changed"] is False


def test_a_persons_category_stays_and_teaches_the_next_classification(run: Run, clustered: Corpus) -> None:
    first = run("classify_clusters", "small")
    campaign = make_campaign()
    lead = make_lead(campaign)
    cluster = Cluster.objects.order_by("number").first()
    assert cluster is not None
    wanted = category(campaign, "cryptography")
    actions.overrule(cluster=cluster, category=wanted, campaign=campaign, by=lead, now=NOW)
    # Labels of the documents' own say more than their cluster's; without them, the cluster's is learnt.
    Document.objects.filter(assignments__cluster=cluster).update(true_category=None)
    again = run("classify_clusters", "small")
    assert again["changed"] is True
    assert again["overruled_by_people"] == 1
    assert again["labelled_documents"] == first["labelled_documents"]
    decision = ClusterDecision.objects.get()
    assert (decision.category, decision.decided_by) == (wanted, lead)
    # Two campaigns that contradict each other teach nothing.
    other = make_campaign()
    security = category(other, "security")
    actions.overrule(cluster=cluster, category=security, campaign=other, by=make_lead(other), now=NOW)
    assert run("classify_clusters", "small")["labelled_documents"] == first["labelled_documents"] - 12
    # What is excluded teaches nothing either.
    rest = Cluster.objects.exclude(pk=cluster.pk).order_by("number").first()
    assert rest is not None
    actions.exclude(cluster=rest, reason="site chrome", campaign=campaign, by=lead, now=NOW)
    assert run("classify_clusters", "small")["labelled_documents"] == first["labelled_documents"] - 24
    actions.overrule(cluster=cluster, category=None, campaign=campaign, by=lead, now=later(1))
    decision.refresh_from_db()
    assert decision.category is None
    events = Event.objects.filter(verb=Verb.CLUSTER_OVERRULED, campaign=campaign).order_by("pk")
    assert [row.data["to"] for row in events] == ["cryptography", None]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (["embed_corpus", "nowhere"], "no such corpus"),
        (["cluster_corpus", "fresh"], "run embed_corpus first"),
        (["classify_clusters", "fresh"], "run cluster_corpus first"),
        (["draw_seeds", "nobody", "--corpus", "fresh"], "no such campaign"),
        (["cluster_corpus", "fresh", "--k", "0"], "from 1 on"),
        (["cluster_corpus", "fresh", "--seed", "-1"], "--seed"),
        (["draw_seeds", "x", "--corpus", "fresh", "--total", "5", "--per-category", "2"], "not allowed with"),
    ],
)
def test_a_step_out_of_order_ends_with_2_and_says_what_is_missing(
    run: Run, small_corpus: Path, fake_model: list[str], line: list[str], reason: str
) -> None:
    run("import_corpus", small_corpus, "--corpus", "fresh")
    with pytest.raises(CommandError, match=reason) as caught:
        call_command(*line)
    assert "\n" not in str(caught.value)
    assert caught.value.returncode in (1, 2)  # argparse's own errors become 2 only on the command line
