"""Documents that come after the clusters were made, on a corpus of three plain topics and a fake model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError
from django.test import Client

from campaigns.models import Event, Verb
from config.stages import stages
from sampling import actions
from sampling.actions.clusters import OtherModel
from sampling.clustering.centres import path_of
from sampling.drawing import drawfile
from sampling.embedding.model import Model
from sampling.models import Assignment, ClusterRun, Corpus, Document, Draw, DrawExclusion
from tests.factories import NOW, category, make_campaign, make_lead, shipped_taxonomy
from tests.sampling.conftest import TOPICS

pytestmark = pytest.mark.django_db

Run = Callable[..., dict[str, Any]]


def question(slug: str, number: int) -> dict[str, Any]:
    """A question of one of the topics, in words of its own."""
    words = TOPICS[slug].split()
    chosen = " ".join(words[(number + step) % len(words)] for step in range(6))
    return {"id": f"{slug}-new-{number}", "title": f"{slug} question", "body": f"{chosen} late{number}a late{number}b"}


@pytest.fixture
def add(run: Run, tmp_path: Path) -> Callable[..., None]:
    """Import records into the corpus and embed it."""

    def add(*records: dict[str, Any]) -> None:
        path = tmp_path / "more.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        run("import_corpus", path, "--corpus", "small")
        run("embed_corpus", "small")

    return add


@pytest.fixture
def corpus(run: Run, small_corpus: Path, fake_model: list[str]) -> Corpus:
    run("import_corpus", small_corpus, "--corpus", "small")
    run("embed_corpus", "small")
    run("cluster_corpus", "small", "--k", 3)
    run("classify_clusters", "small")
    return Corpus.objects.get(name="small")


def topic_of(place: Assignment) -> set[str]:
    others = place.cluster.assignments.filter(assigned=False).values_list("document__key", flat=True)
    return {key.rsplit("-", 1)[0] for key in others}


def test_new_documents_go_to_the_nearest_cluster_of_the_same_run(
    run: Run, corpus: Corpus, add: Callable[..., None]
) -> None:
    before = corpus.cluster_runs.get()
    places = list(Assignment.objects.order_by("pk").values_list("pk", "cluster", "distance"))
    campaign = make_campaign()
    cluster = before.clusters.get(number=2)
    actions.rename(cluster=cluster, label="Mine", campaign=campaign, by=make_lead(campaign), now=NOW)
    add(*(question(slug, number) for slug in TOPICS for number in range(2)))
    figures = run("cluster_corpus", "small")
    assert (figures["new_run"], figures["assigned_now"]) == (False, 6)
    assert figures["assigned_since_clustering"] == 6
    assert figures["documents"] == 42
    after = corpus.cluster_runs.get()
    assert (after.pk, after.digest, after.centres) == (before.pk, before.digest, before.centres)
    assert list(Assignment.objects.filter(assigned=False).order_by("pk").values_list("pk", "cluster", "distance")) == (
        places
    )
    for place in Assignment.objects.filter(assigned=True).select_related("cluster", "document"):
        assert topic_of(place) == {place.document.key.split("-new-")[0]}
        assert place.cluster.size == place.cluster.assignments.count()
    assert cluster.decisions.get().label == "Mine"
    assert Event.objects.get(verb=Verb.DOCUMENTS_ASSIGNED).data["documents"] == 6
    # Nothing is left to do.
    again = run("cluster_corpus", "small")
    assert (again["new_run"], again["assigned_now"]) == (False, 0)
    assert Event.objects.filter(verb=Verb.DOCUMENTS_ASSIGNED).count() == 1


@pytest.mark.parametrize("by", ["import", "import while its place is written"])
def test_a_document_whose_words_changed_is_placed_anew(
    run: Run, corpus: Corpus, add: Callable[..., None], by: str
) -> None:
    place = Assignment.objects.select_related("cluster").get(document__key="machine-learning-00")
    assert topic_of(place) == {"machine-learning"}
    add({**question("frontend-technologies", 3), "id": "machine-learning-00"})
    if by != "import":
        place.save(force_insert=True)
    campaign = make_campaign()
    report = actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=50)
    assert report.draw is not None
    assert report.draw.exclusions.get(reason="unclustered").document.key == "machine-learning-00"
    assert run("cluster_corpus", "small")["assigned_now"] == 1
    place = Assignment.objects.select_related("cluster", "run").get(document__key="machine-learning-00")
    assert topic_of(place) == {"frontend-technologies"}
    assert (place.assigned, place.category, place.score) == (True, None, None)
    assert sorted(place.run.clusters.values_list("size", flat=True)) == [11, 12, 13]
    draw = actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=51)
    assert draw.draw is None
    assert draw.excluded == {"drawn": 35, "unclassified": 1}
    assert run("classify_clusters", "small")["changed"] is True
    place.refresh_from_db()
    assert place.category is not None
    assert actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=51).seeds == 36


def test_classification_notices_who_came_and_leaves_the_others_alone(
    run: Run, corpus: Corpus, add: Callable[..., None]
) -> None:
    assert run("classify_clusters", "small")["changed"] is False
    before = list(Assignment.objects.order_by("pk").values_list("pk", "category", "score"))
    add(question("machine-learning", 1), question("database-management", 4))
    run("cluster_corpus", "small")
    digest = corpus.cluster_runs.get().classifier_digest
    assert run("classify_clusters", "small")["changed"] is True
    assert corpus.cluster_runs.get().classifier_digest == digest
    assert list(Assignment.objects.filter(assigned=False).order_by("pk").values_list("pk", "category", "score")) == (
        before
    )
    new = Assignment.objects.filter(assigned=True).select_related("category", "document")
    assert {place.category.slug if place.category else "" for place in new} == {
        "machine-learning",
        "database-management",
    }
    assert run("classify_clusters", "small")["changed"] is False


def test_earlier_draws_replay_byte_for_byte_and_later_ones_top_up(
    run: Run, corpus: Corpus, add: Callable[..., None]
) -> None:
    campaign = make_campaign("topped")
    run("draw_seeds", "topped", "--corpus", "small", "--per-category", 4)
    first = Draw.objects.get()
    folder = settings.DATA_DIR / "draws"
    recorded = path = next(folder.iterdir()).read_bytes()
    replayed = run("replay_draw", first.pk)
    add(*(question(slug, number) for slug in TOPICS for number in range(3)))
    run("cluster_corpus", "small")
    run("classify_clusters", "small")
    assert run("replay_draw", first.pk) == replayed
    assert next(folder.iterdir()).read_bytes() == recorded == path
    run("draw_seeds", "topped", "--corpus", "small", "--per-category", 14)
    second = Draw.objects.exclude(pk=first.pk).get()
    assert second.run == first.run
    keys = list(campaign.seeds.values_list("document__key", flat=True))
    assert len(keys) == len(set(keys))
    assert any("-new-" in key for key in keys)
    # The lots are of the clustering, so one larger draw takes the same.
    twin = make_campaign("twin")
    run("draw_seeds", "twin", "--corpus", "small", "--per-category", 14)
    assert set(twin.seeds.values_list("document__key", flat=True)) == set(keys)
    assert run("replay_draw", first.pk)["same"] is run("replay_draw", second.pk)["same"] is True
    inputs = drawfile.read(folder, second.inputs_digest)
    assert inputs.salt == first.run.digest


def test_only_another_k_or_seed_or_again_makes_new_clusters(run: Run, corpus: Corpus, add: Callable[..., None]) -> None:
    assert run("cluster_corpus", "small", "--again", "--k", 3)["new_run"] is False  # they would be the same
    add(question("machine-learning", 1))
    for same in ((), ("--k", 3), ("--seed", 0), ("--k", 3, "--seed", 0)):
        assert run("cluster_corpus", "small", *same)["new_run"] is False
    assert run("cluster_corpus", "small", "--again", "--k", 3)["new_run"] is True
    assert not Assignment.objects.filter(run=corpus.cluster_runs.order_by("-pk")[0], assigned=True).exists()
    assert run("cluster_corpus", "small", "--k", 4)["new_run"] is True
    assert run("cluster_corpus", "small", "--seed", 5)["new_run"] is True
    newest = corpus.cluster_runs.order_by("-pk")[0]
    assert (newest.asked_k, newest.seed) == (4, 5)
    assert run("cluster_corpus", "small")["new_run"] is False
    assert ClusterRun.objects.count() == 4


def test_another_model_needs_new_clusters_and_says_so(
    run: Run, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Model.key
    monkeypatch.setattr(Model, "key", f"other-{before}")
    run("embed_corpus", "small")
    with pytest.raises(CommandError, match="--again makes new clusters") as caught:
        run("cluster_corpus", "small")
    assert caught.value.returncode == 2
    with pytest.raises(OtherModel):
        actions.cluster_corpus(corpus=corpus, taxonomy=shipped_taxonomy(), by=None, now=NOW, k=3)
    for command in ("classify_clusters", "map_corpus"):
        with pytest.raises(CommandError, match="cluster_corpus --again, or set QUORUM_EMBEDDING_MODEL"):
            run(command, "small")
    rows = {row.key: row for row in stages(make_campaign(), corpus)}
    assert f"other-{before}" in rows["embed"].facts
    stage = rows["cluster"]
    assert not stage.done
    assert f"{before}. If" in stage.warning
    assert stage.command.endswith("--again")
    assert run("cluster_corpus", "small", "--again", "--k", 3)["new_run"] is True


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "there is no such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "not what its digest says"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
    ],
)
def test_without_whole_centres_nothing_is_placed(
    run: Run, corpus: Corpus, add: Callable[..., None], damage: Callable[[Path], object], reason: str
) -> None:
    add(question("machine-learning", 1))
    damage(path_of(settings.DATA_DIR / "clusters", corpus.cluster_runs.get().centres))
    with pytest.raises(CommandError, match=reason) as caught:
        run("cluster_corpus", "small")
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not Assignment.objects.filter(assigned=True).exists()


def test_what_has_no_vector_yet_is_named_and_nothing_is_placed(run: Run, corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "more.jsonl"
    path.write_text(json.dumps(question("machine-learning", 1)) + "\n", encoding="utf-8")
    run("import_corpus", path, "--corpus", "small")
    with pytest.raises(CommandError, match="1 documents have no vector"):
        run("cluster_corpus", "small")


def test_strange_documents_show_as_drift(run: Run, corpus: Corpus, add: Callable[..., None], client: Client) -> None:
    campaign = make_campaign("drifting")
    waiting = next(row for row in stages(campaign, corpus) if row.key == "cluster")
    assert waiting.done
    random = np.random.default_rng(0)
    strange = [
        {"id": f"x{number}", "title": f"x{number}", "body": " ".join(f"w{n}" for n in random.integers(0, 99, 9))}
        for number in range(40)
    ]
    add(*strange)
    waiting = next(row for row in stages(campaign, corpus) if row.key == "cluster")
    assert not waiting.done
    assert "40 documents have no place yet" in waiting.facts
    figures = run("cluster_corpus", "small")
    assert float(figures["drift"]) >= 1.15
    assert "--again" in figures["note"]
    stage = next(row for row in stages(campaign, corpus) if row.key == "cluster")
    assert stage.done
    assert stage.warning
    assert "40 assigned later" in stage.facts
    client.force_login(make_lead(campaign))
    page = client.get("/c/drifting/clusters/").content.decode()
    assert "40 documents came after the 36 that were clustered" in page
    assert f"drift {figures['drift']}" in page
    assert "unlike the clusters" in page
    number = Assignment.objects.filter(assigned=True).order_by("pk")[0].cluster.number
    assert "assigned later" in client.get(f"/c/drifting/clusters/{number}/").content.decode()


def test_a_leads_category_holds_for_what_is_assigned_later(run: Run, corpus: Corpus, add: Callable[..., None]) -> None:
    campaign = make_campaign()
    place = Assignment.objects.select_related("cluster").get(document__key="machine-learning-00")
    wanted = category(campaign, "cryptography")
    actions.overrule(cluster=place.cluster, category=wanted, campaign=campaign, by=make_lead(campaign), now=NOW)
    add(question("machine-learning", 1))
    run("cluster_corpus", "small")
    report = actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=50)
    assert report.categories["cryptography"]["filled"] == 13
    assert not DrawExclusion.objects.filter(document=Document.objects.get(key="machine-learning-new-1")).exists()
