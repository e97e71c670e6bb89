"""Annotators and reviewers do not wait for what is computed over a corpus: their writes end while it goes on."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from annotation import actions as annotation
from annotation import leases
from annotation.models import Draft
from decontamination.actions import load_reference
from decontamination.leaks import Index, Prompt
from review.models import Vote
from sampling import actions
from sampling.classification.classifier import Classifier
from sampling.clustering import kmeans
from sampling.drawing import drawfile
from sampling.models import Corpus, Document, Draw, Seed
from sampling.similarity import duplicates
from sampling.text.document import Cleaner
from tests.factories import NOW, make_campaign, make_seeds, shipped_taxonomy
from tests.team import WORDING, make_team

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., dict[str, Any]]

_PATIENCE = 15  # seconds, after which a computation goes on though nobody could write meanwhile


class Held:
    """Stands in for a function of a module or a class, and waits when it is called until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.in_time = True
        original = getattr(owner, name)

        def held(*given: Any, **named: Any) -> Any:
            self.begun.set()
            self.in_time &= self.go_on.wait(_PATIENCE)
            return original(*given, **named)

        monkeypatch.setattr(owner, name, held)


def meanwhile(act: Callable[[], object], held: Held, write: Callable[[], None]) -> None:
    """Write while `act` is held in a thread and a connection of its own, then let it end."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            act()
        except Exception as error:
            raised.append(error)
        finally:
            held.begun.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert held.begun.wait(_PATIENCE)
        write()
    finally:
        held.go_on.set()
        thread.join()
    assert raised == []
    assert held.in_time, "the computation kept others from writing"


@pytest.fixture
def write() -> Callable[[], None]:
    """Save a draft and cast a vote."""
    team = make_team()
    item = team.item()
    make_seeds(team.campaign)
    seed = leases.claim_next(campaign=team.campaign, by=team.author, now=NOW)
    assert seed is not None

    def write() -> None:
        annotation.save_draft(seed=seed, token=seed.lease_token, fields=WORDING, by=team.author, now=NOW)
        team.vote(item, team.reviewers[0])
        assert (Draft.objects.filter(seed=seed).count(), Vote.objects.count()) == (1, 1)

    return write


@pytest.fixture
def imported(run: Run, small_corpus: Path, fake_model: list[str]) -> Corpus:
    run("import_corpus", small_corpus, "--corpus", "small")
    return Corpus.objects.get(name="small")


@pytest.fixture
def clustered(run: Run, imported: Corpus) -> Corpus:
    run("embed_corpus", "small")
    run("cluster_corpus", "small", "--k", 3)
    return imported


@pytest.fixture
def classified(run: Run, clustered: Corpus) -> Corpus:
    run("classify_clusters", "small")
    load_reference(name="toy", source="toy.jsonl", prompts=[Prompt("toy", "7", "some words " * 6)], by=None, now=NOW)
    return clustered


def test_an_import(write: Callable[[], None], small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch, Cleaner, "clean")
    shipped_taxonomy()
    options: dict[str, Any] = {"paths": [small_corpus], "corpus_name": "small", "by": None, "now": NOW}
    meanwhile(lambda: actions.import_files(**options, taxonomy=shipped_taxonomy()), held, write)
    assert Document.objects.filter(corpus__name="small").count() == 36


def test_a_search_for_near_duplicates(
    write: Callable[[], None], imported: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, duplicates, "canonical")
    meanwhile(lambda: actions.embed_corpus(corpus=imported, by=None, now=NOW), held, write)


@pytest.mark.parametrize(("owner", "name"), [(kmeans, "cluster"), (kmeans, "assign")])
def test_a_clustering(
    run: Run,
    write: Callable[[], None],
    imported: Corpus,
    small_corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
) -> None:
    run("embed_corpus", "small")
    if name == "assign":
        run("cluster_corpus", "small", "--k", 3)
        imported.cluster_runs.get().assignments.filter(document__key__endswith="1").delete()
    held = Held(monkeypatch, owner, name)
    act: dict[str, Any] = {"corpus": imported, "taxonomy": shipped_taxonomy(), "by": None, "now": NOW, "k": 3}
    meanwhile(lambda: actions.cluster_corpus(**act), held, write)
    assert imported.cluster_runs.get().assignments.count() == 36


def test_a_classification(write: Callable[[], None], clustered: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch, Classifier, "probabilities")
    act: dict[str, Any] = {"corpus": clustered, "taxonomy": shipped_taxonomy(), "by": None, "now": NOW}
    meanwhile(lambda: actions.classify_clusters(**act), held, write)
    assert not clustered.cluster_runs.get().assignments.filter(category=None).exists()


def test_a_check_for_leaks(write: Callable[[], None], classified: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch, Index, "scan")
    campaign = make_campaign()
    meanwhile(lambda: actions.check_documents(corpus=classified, campaign=campaign, now=NOW), held, write)


@pytest.mark.parametrize(("owner", "name"), [(Index, "scan"), (drawfile, "write")])
def test_a_draw(
    write: Callable[[], None], classified: Corpus, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    held = Held(monkeypatch, owner, name)
    campaign = make_campaign()
    act: dict[str, Any] = {"campaign": campaign, "corpus": classified, "by": None, "now": NOW, "per_category": 4}
    meanwhile(lambda: actions.draw_seeds(**act), held, write)
    assert Draw.objects.get(campaign=campaign).seeds.count() == Seed.objects.filter(campaign=campaign).count() > 0
