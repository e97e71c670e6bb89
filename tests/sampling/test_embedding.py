import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from campaigns.models import Event, Verb
from sampling.actions import embedding
from sampling.actions.duplicates import link_near
from sampling.actions.embedding import embed_corpus
from sampling.actions.summaries import changed
from sampling.models import Corpus, Document
from sampling.queries.embedding import chosen_model, poorly_read_languages, store_of
from sampling.similarity import duplicates
from tests.factories import NOW, make_corpus, make_document

pytestmark = pytest.mark.django_db

CHINESE = ("数据库的索引怎样建立", "数据库的索引为什么没有用", "按钮的颜色怎样改变", "手机页面的按钮怎样居中")
MINILM = "embedded:all-MiniLM-L6-v2"


def corpus_in_two_languages() -> Corpus:
    corpus = make_corpus("qa")
    topics = ("sorting a list", "an SQL join", "CSS grids", "regular expressions", "threads", "HTTP caches")
    for number in range(24):
        topic = topics[number % 6]
        make_document(corpus, title=f"Question {number} about {topic}", text="", natural_language="en")
        make_document(corpus, title=f"{CHINESE[number % 4]}，第{number}次", text="", natural_language="zh")
    return corpus


def test_a_language_that_the_model_cannot_read_is_told_where_a_lead_looks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corpus = corpus_in_two_languages()
    assert poorly_read_languages(corpus, chosen_model().key) == []  # not embedded yet: nothing is known
    call_command("embed_corpus", "qa", "--json", str(tmp_path / "figures.json"))
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["poorly_read"] == ["zh"]
    assert figures["languages"]["zh"]["unknown"] > 0.3 > 0.01 > figures["languages"]["en"]["unknown"]
    assert figures["languages"]["zh"]["alike"] > figures["languages"]["en"]["alike"]
    assert f"QUORUM_EMBEDDING_MODEL={MINILM}+lexical:qa" in capsys.readouterr().err
    assert poorly_read_languages(corpus, chosen_model().key) == ["zh"]
    assert poorly_read_languages(corpus, "another") == []
    call_command("embed_corpus", "qa", "--json", str(tmp_path / "again.json"))
    assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["languages"] == figures["languages"]


def test_a_lexical_model_is_learnt_from_its_corpus_when_that_is_embedded(settings: LazySettings) -> None:
    corpus = corpus_in_two_languages()
    other = make_corpus("other")
    make_document(other, title="数据库的索引", text="")
    settings.EMBEDDING_MODEL = "lexical:qa"
    with pytest.raises(CommandError, match="nothing is learnt from corpus qa yet; run embed_corpus qa first") as caught:
        call_command("embed_corpus", "other")
    assert caught.value.returncode == 2
    report = embed_corpus(corpus=corpus, by=None, now=NOW)
    assert report.encoded == 48
    assert report.model == chosen_model().key
    assert report.languages["zh"].unknown is None
    call_command("embed_corpus", "other")
    assert len(store_of(chosen_model())) == 49
    assert (settings.DATA_DIR / "models" / "lexical-qa.npz").is_file()


@pytest.mark.usefixtures("fake_model")
def test_texts_are_held_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch, fake_model: list[str]) -> None:
    monkeypatch.setattr(embedding, "_TEXTS", 7)
    corpus = corpus_in_two_languages()
    first = corpus.documents.order_by("pk")[0]
    make_document(corpus, title=first.title, text="", text_digest=first.text_digest)
    report = embed_corpus(corpus=corpus, by=None, now=NOW)
    assert report.texts == report.encoded == len(fake_model) == len(set(fake_model)) == 48
    assert embed_corpus(corpus=corpus, by=None, now=NOW).encoded == 0
    assert Event.objects.filter(verb=Verb.CORPUS_EMBEDDED).count() == 1


@pytest.mark.usefixtures("fake_model")
def test_links_that_an_import_undoes_meanwhile_are_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = make_corpus("qa")
    make_document(corpus, title="How do I sort a list of numbers", text="")
    twin = make_document(corpus, title="How do I sort a list of numbers please", text="")
    monkeypatch.setattr(duplicates.canonical, "__defaults__", (0.6, None))
    real = link_near

    def undone(**given: Any) -> int:
        """The other record comes again with the same words: an import takes its link away."""
        found = real(**given)
        Document.objects.filter(pk=twin.pk).update(canonical=None, similarity=None)
        changed(corpus, texts_digest="")
        return found

    monkeypatch.setattr(embedding, "link_near", undone)
    embed_corpus(corpus=corpus, by=None, now=NOW)
    monkeypatch.setattr(embedding, "link_near", real)
    embed_corpus(corpus=corpus, by=None, now=NOW)
    twin.refresh_from_db()
    assert twin.canonical is not None


def test_a_number_format_of_its_own_has_vectors_of_its_own(settings: LazySettings) -> None:
    corpus = make_corpus("qa")
    make_document(corpus, title="How do I reverse a list?", text="")
    keys = set()
    for number_format in ("float32", "bfloat16"):
        settings.EMBEDDING_FORMAT = number_format
        report = embed_corpus(corpus=corpus, by=None, now=NOW)
        assert report.model.endswith(number_format)
        keys.add(report.model)
        assert (settings.DATA_DIR / "embeddings" / report.model / "about.json").is_file()
    assert len(keys) == 2


def test_a_setting_that_means_nothing_is_refused_in_one_line(settings: LazySettings) -> None:
    make_corpus("qa")
    settings.EMBEDDING_FORMAT = "int4"
    with pytest.raises(CommandError, match="QUORUM_EMBEDDING_FORMAT int4: expected auto") as caught:
        call_command("embed_corpus", "qa")
    assert caught.value.returncode == 2
