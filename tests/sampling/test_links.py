"""Links between documents that say the same: whole at every moment, and in the end, whoever is killed or interferes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from campaigns.models import Event, Verb
from foundation import bulk
from sampling.actions import duplicates as linking
from sampling.actions import summaries
from sampling.actions.duplicates import CorpusChanged, link_exact, link_near
from sampling.actions.embedding import embed_corpus
from sampling.models import Corpus, Document
from sampling.similarity import duplicates
from tests.factories import NOW, later, make_corpus, make_document

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    pass


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many links each transaction has written, three at most; after each of them the links are looked at."""
    monkeypatch.setattr(linking, "_LINKS", 3)
    written: list[int] = []

    def update(*given: Any) -> int:
        written.append(bulk_update(*given))
        assert_flat()
        return written[-1]

    bulk_update = bulk.update
    monkeypatch.setattr(bulk, "update", update)
    return written


def assert_flat() -> None:
    linked = Document.objects.exclude(canonical=None)
    assert not linked.exclude(canonical__canonical=None).exists()
    assert not linked.filter(similarity=1).exclude(text_digest=F("canonical__text_digest")).exists()


def links() -> dict[str, tuple[str | None, float | None]]:
    return {key: (to, near) for key, to, near in Document.objects.values_list("key", "canonical__key", "similarity")}


def words(letters: str) -> Corpus:
    """A document for each letter, the same letter for the same words."""
    corpus = make_corpus()
    for at, letter in enumerate(letters):
        make_document(corpus, key=f"{at}", title=letter, text="", text_digest=letter * 64)
    return corpus


def vectors_of(digests: list[str], seed: int) -> Any:
    random = np.random.default_rng(seed).normal(size=(len(digests), 3)).astype(np.float32)
    return random / np.linalg.norm(random, axis=1, keepdims=True)


def near(corpus: Corpus, seed: int) -> int:
    digests = list(dict.fromkeys(corpus.documents.order_by("pk").values_list("text_digest", flat=True)))
    return link_near(corpus=corpus, vectors=vectors_of(digests, seed), digests=digests)


def test_links_of_other_vectors_take_their_place_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch, written: list[int]
) -> None:
    monkeypatch.setattr(duplicates, "share_words", lambda one, other: True)
    monkeypatch.setattr(duplicates.canonical, "__defaults__", (0.6, None))
    corpus, undisturbed = words("abcdefghabcijkla" * 2), words("abcdefghabcijkla" * 2)
    chains = 0
    for seed in range(12):
        before = dict(Document.objects.filter(corpus=corpus).values_list("pk", "canonical"))
        near(corpus, seed)
        after = dict(Document.objects.filter(corpus=corpus).values_list("pk", "canonical"))
        chains += any(before[to] for to in after.values() if to) and any(after[to] for to in before.values() if to)
        Document.objects.filter(corpus=undisturbed).update(canonical=None, similarity=None)
        near(undisturbed, seed)
        one, other = (
            list(Document.objects.filter(corpus=each).order_by("pk").values_list("canonical__key", "similarity"))
            for each in (corpus, undisturbed)
        )
        assert one == other
    assert chains  # what stood was linked and what was linked stood, at once
    assert max(written) == 3


@pytest.mark.parametrize("after", range(6))
def test_a_search_that_was_killed_is_made_whole_by_the_next(
    monkeypatch: pytest.MonkeyPatch, written: list[int], fake_model: list[str], after: int
) -> None:
    monkeypatch.setattr(duplicates.canonical, "__defaults__", (0.6, None))
    corpus = make_corpus("qa")
    for number in range(8):
        for variant in ("", " please", " please now"):
            make_document(corpus, key=f"{number}{variant}", title=" ".join("abcdefgh"[: number + 1]) + variant, text="")
    embed_corpus(corpus=corpus, by=None, now=NOW)
    expected = links()
    Document.objects.update(canonical=None, similarity=None)
    Document.objects.filter(key="0 please").update(canonical=Document.objects.get(key="7"), similarity=0.96)
    summaries.changed(corpus, texts_digest="")  # as an import does
    update = bulk.update
    written.clear()

    def killed(*given: Any) -> int:
        if len(written) == after:
            raise Killed
        return update(*given)

    monkeypatch.setattr(bulk, "update", killed)
    with pytest.raises(Killed):
        embed_corpus(corpus=corpus, by=None, now=later(2))
    assert links() != expected
    assert_flat()
    monkeypatch.setattr(bulk, "update", update)
    embed_corpus(corpus=corpus, by=None, now=later(3))
    assert links() == expected
    assert len(written) > after


@pytest.mark.parametrize("after", range(4))
def test_an_import_that_was_killed_while_it_linked_is_made_whole_by_the_next(
    monkeypatch: pytest.MonkeyPatch, written: list[int], after: int
) -> None:
    corpus = words("aabbccddaabbccdd")
    update = bulk.update

    def killed(*given: Any) -> int:
        if len(written) == after:
            raise Killed
        return update(*given)

    monkeypatch.setattr(bulk, "update", killed)
    with pytest.raises(Killed):
        link_exact(corpus=corpus)
    assert Document.objects.exclude(canonical=None).count() == 3 * after
    monkeypatch.setattr(bulk, "update", update)
    assert link_exact(corpus=corpus) == 12
    assert {key: to for key, (to, _near) in links().items() if to} == {
        str(at): str(at // 2 * 2 % 8) for at in range(16) if at not in (0, 2, 4, 6)
    }
    written.clear()
    link_exact(corpus=corpus)
    assert sum(written) == 0


def test_what_stood_for_others_and_now_says_the_same_as_an_earlier_one_leaves_no_chain(written: list[int]) -> None:
    corpus = words("abc")
    Document.objects.filter(key="2").update(canonical=Document.objects.get(key="1"), similarity=0.97)
    Document.objects.filter(key="0").update(text_digest="b" * 64)
    assert link_exact(corpus=corpus) == 1
    assert links() == {"0": (None, None), "1": ("0", 1.0), "2": (None, None)}


def changed(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act when near-duplicates are found and not yet linked."""
    canonical = duplicates.canonical

    def found(*given: Any, **named: Any) -> Any:
        result = canonical(*given, **named)
        act()
        return result

    monkeypatch.setattr(duplicates, "canonical", found)


def test_words_that_change_meanwhile_are_not_linked_and_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, fake_model: list[str]
) -> None:
    corpus = make_corpus("qa")
    for at, title in enumerate(["sort a list", "sort a list please now", "join two tables", "join two tables please"]):
        make_document(corpus, key=str(at), title=title, text="")
    monkeypatch.setattr(duplicates.canonical, "__defaults__", (0.7, None))
    with monkeypatch.context() as patch:
        changed(patch, lambda: Document.objects.filter(key="0").update(title="other words", text_digest="9" * 64))
        with pytest.raises(CommandError, match="run embed_corpus again") as caught:
            call_command("embed_corpus", "qa")
    assert (caught.value.returncode, "\n" in str(caught.value)) == (2, False)
    assert {key: to for key, (to, _near) in links().items()} == {"0": None, "1": None, "2": None, "3": "2"}
    assert not Event.objects.filter(verb=Verb.CORPUS_EMBEDDED).exists()
    call_command("embed_corpus", "qa")
    assert {key: to for key, (to, _near) in links().items()} == {"0": None, "1": None, "2": None, "3": "2"}


def test_documents_that_came_since_they_were_embedded_are_not_linked_by_guess() -> None:
    corpus = words("abc")
    with pytest.raises(CorpusChanged):
        link_near(corpus=corpus, vectors=vectors_of(["a" * 64], 0), digests=["a" * 64])
