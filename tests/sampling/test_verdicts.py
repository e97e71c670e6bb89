"""Verdicts on documents: what is kept says what a check from scratch says, and only what is new is compared."""

import json
import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from decontamination import waivers as waiving
from decontamination.actions import load_reference, retire
from decontamination.checks import current_check
from decontamination.leaks import DEFINITION, Index, Prompt
from decontamination.models import Reference
from sampling.actions import check_documents
from sampling.models import Corpus, Document, SharedRun, Verdict
from sampling.queries.verdicts import leaks_of, verdict_state
from tests.constraints import refused
from tests.factories import NOW, later, make_campaign, make_corpus, make_document, make_lead

pytestmark = pytest.mark.django_db

_WORDS = [f"word{number}" for number in range(400)]


def run(start: int, length: int = 12) -> str:
    return " ".join(_WORDS[start : start + length])


def reference(name: str, *starts: int) -> Reference:
    prompts = [Prompt(name, str(start), f"Write this: {run(start)}.") for start in starts]
    return load_reference(name=name, source=f"{name}.jsonl", prompts=prompts, by=None, now=NOW)[0]


def document(corpus: Corpus, text: str, **fields: Any) -> Document:
    return make_document(corpus, title="A question", text=text, **fields)


def check(corpus: Corpus, campaign: Any) -> tuple[int, int, int]:
    report = check_documents(corpus=corpus, campaign=campaign, now=NOW)
    return report.checked, report.rechecked, len(report.leaking)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Of each scan: prompts in the index, texts."""
    scans: list[tuple[int, int]] = []
    scan = Index.scan

    def counted(self: Index, texts: Any) -> Any:
        scans.append((len(self), len(texts)))
        return scan(self, texts)

    monkeypatch.setattr(Index, "scan", counted)
    return scans


def test_only_what_is_new_is_compared(compared: list[tuple[int, int]]) -> None:
    campaign, corpus = make_campaign(), make_corpus()
    leaking, clean = document(corpus, f"Please: {run(0)}"), document(corpus, "Nothing of that sort.")
    reference("one", 0, 20)
    assert check(corpus, campaign) == (2, 0, 1)
    assert check(corpus, campaign) == (0, 0, 1)
    assert compared == [(2, 2)]
    reference("two", 40, 60, 80)
    late = document(corpus, f"Please: {run(40)} and {run(20)}")
    compared.clear()
    assert check(corpus, campaign) == (1, 2, 2)
    assert sorted(compared) == [(3, 2), (5, 1)]  # the old texts with the new prompts, the new text with all of them
    found = leaks_of(corpus, campaign)
    assert {pk: (row.reference.name, row.key, row.words) for pk, row in found.items()} == {
        leaking.pk: ("one", "0", 12),
        late.pk: ("two", "40", 12),
    }
    assert found[leaking.pk].text == run(0)
    assert clean.wording[found[leaking.pk].start :] != run(0)
    assert leaking.wording[found[leaking.pk].start :].startswith(run(0))


def test_changed_words_are_compared_again(compared: list[tuple[int, int]]) -> None:
    campaign, corpus = make_campaign(), make_corpus()
    changing, staying = document(corpus, run(0)), document(corpus, run(0))
    reference("one", 0)
    check(corpus, campaign)
    Document.objects.filter(pk=changing.pk).update(text="Other words.", text_digest="0" * 64)
    assert set(leaks_of(corpus, campaign)) == {staying.pk}  # a verdict on other words says nothing of these
    assert verdict_state(corpus, campaign).stale == 1
    compared.clear()
    assert check(corpus, campaign) == (1, 0, 1)
    assert compared == [(1, 1)]


def test_another_definition_of_a_word_makes_every_verdict_stale(
    compared: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, corpus = make_campaign(), make_corpus()
    document(corpus, run(0))
    reference("one", 0)
    check(corpus, campaign)
    monkeypatch.setitem(DEFINITION, "word definition", 99)
    assert verdict_state(corpus, campaign).stale == 1
    compared.clear()
    assert check(corpus, campaign) == (1, 0, 1)  # with all references, although none is new
    assert compared == [(1, 1)]
    assert verdict_state(corpus, campaign).fresh == 1


def test_a_retired_reference_counts_no_more_and_may_come_back() -> None:
    campaign, corpus = make_campaign(), make_corpus()
    document(corpus, f"{run(0)} and {run(100)}")
    one, other = reference("one", 0), reference("other", 100)
    check(corpus, campaign)
    retire(reference=one, by=None, now=later(1))
    assert {row.reference.name for row in leaks_of(corpus, campaign).values()} == {"other"}
    state = verdict_state(corpus, campaign)
    assert (state.fresh, state.stale, state.unchecked) == (0, 1, 0)
    check(corpus, campaign)
    assert set(SharedRun.objects.values_list("reference", flat=True)) == {other.pk}
    reference("one", 0)
    assert check(corpus, campaign) == (0, 1, 1)
    assert set(SharedRun.objects.values_list("reference", flat=True)) == {one.pk, other.pk}


def test_a_waiver_holds_at_once_and_without_a_new_check() -> None:
    campaign, corpus = make_campaign(), make_corpus()
    lead = make_lead(campaign)
    leaking = document(corpus, run(0))
    reference("one", 0)
    check(corpus, campaign)
    words = leaks_of(corpus, campaign)[leaking.pk].text
    waiving.waive(campaign=campaign, run=words, key="0", reason="a licence header", by=lead, now=NOW)
    assert leaks_of(corpus, campaign) == {}
    assert verdict_state(corpus, campaign).fresh == 1
    assert leaks_of(corpus, make_campaign()) == {leaking.pk: SharedRun.objects.get()}  # another campaign's lead did not


def test_each_rule_has_verdicts_of_its_own() -> None:
    strict, lax, corpus = make_campaign(ngram=8), make_campaign(ngram=20), make_corpus()
    document(corpus, run(0, 12))
    reference("one", *range(0, 100, 4))
    assert check(corpus, strict)[2] == 1
    assert check(corpus, lax)[2] == 0
    assert Verdict.objects.count() == 2
    assert verdict_state(corpus, make_campaign(ngram=9)).unchecked == 1


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_kept_verdicts_say_what_a_check_from_scratch_says(seed: int) -> None:
    pick = random.Random(seed)
    with transaction.atomic():
        campaign, corpus = make_campaign(), make_corpus()
        for _step in range(6):
            act = pick.randrange(4)
            if act == 0:
                reference(f"r{pick.randrange(3)}", *{pick.randrange(300) for _ in range(pick.randrange(1, 9))})
            elif act == 1 and (in_force := list(Reference.objects.in_force())):
                retire(reference=pick.choice(in_force), by=None, now=NOW)
            elif act == 2 and corpus.documents.exists():
                one = pick.choice(list(corpus.documents.order_by("pk")))
                text = run(pick.randrange(300), pick.randrange(5, 30))
                Document.objects.filter(pk=one.pk).update(text=text, text_digest=f"{pick.random()}")
            for _ in range(pick.randrange(4)):
                document(corpus, run(pick.randrange(300), pick.randrange(5, 30)))
            if pick.random() < 0.6:
                check(corpus, campaign)
        check(corpus, campaign)
        documents = list(corpus.documents.order_by("pk"))
        scratch = current_check(campaign)
        told = leaks_of(corpus, campaign)
        leaks = scratch.scan([each.wording for each in documents]) if documents else np.zeros(0, bool)
        assert [each.pk in told for each in documents] == leaks.tolist()
        kept = {
            (row.verdict.document_id, row.reference.name, row.digest, row.words)
            for row in SharedRun.objects.select_related("verdict", "reference")
        }
        assert kept == {
            (each.pk, match.reference, match.digest, match.words)
            for each in documents
            for match in scratch.index.matches(each.wording)
        }
        state = verdict_state(corpus, campaign)
        assert (state.fresh, state.stale, state.unchecked) == (len(documents), 0, 0)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_two_checks_at_once_while_references_change() -> None:
    campaign, corpus = make_campaign(), make_corpus()
    for number in range(60):
        document(corpus, run(number * 5, 14))
    reference("one", *range(0, 150, 6))
    failures: list[BaseException] = []
    start = threading.Barrier(3)

    def checking() -> None:
        try:
            start.wait()
            for _ in range(3):
                check(corpus, campaign)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    def changing() -> None:
        try:
            start.wait()
            reference("two", *range(150, 300, 6))
            retire(reference=Reference.objects.get(name="one"), by=None, now=NOW)
            reference("one", *range(0, 150, 6))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for act in (checking, checking, changing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    check(corpus, campaign)
    scratch = current_check(campaign)
    assert {(row.verdict.document_id, row.digest) for row in SharedRun.objects.select_related("verdict")} == {
        (each.pk, match.digest) for each in corpus.documents.all() for match in scratch.index.matches(each.wording)
    }


def test_the_command_names_what_leaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campaign, corpus = make_campaign(), make_corpus("scrape")
    document(corpus, f"Well: {run(0)}!", key="leaking")
    document(corpus, "Clean.", key="clean")
    with pytest.raises(CommandError, match="no reference is in force"):
        call_command("check_corpus", "scrape", campaign=campaign.slug)
    reference("one", 0)
    call_command("check_corpus", "scrape", campaign=campaign.slug, json=tmp_path / "out.json")
    said = json.loads((tmp_path / "out.json").read_text())
    assert said["leaking"] == [
        {"document": "leaking", "reference": "one", "key": "0", "words": 12, "text": run(0)},
    ]
    assert (said["documents"], said["leaks"], said["leaks_of_one"]) == (2, 1, 1)
    for arguments, reason in ((("nothing",), "no such corpus"), (("scrape",), "no such campaign")):
        with pytest.raises(CommandError, match=reason) as refused:
            call_command(
                "check_corpus", *arguments, campaign="nobody" if reason.endswith("campaign") else campaign.slug
            )
        assert refused.value.returncode == 2


def test_the_database_keeps_one_verdict_for_document_and_rule() -> None:
    campaign, corpus = make_campaign(), make_corpus()
    document(corpus, run(0))
    reference("one", 0)
    check(corpus, campaign)
    verdict, shared = Verdict.objects.get(), SharedRun.objects.get()
    for row, name in ((verdict, "one_verdict_per_document_and_rule"), (shared, "one_row_per_verdict_and_run")):
        row.pk = None
        with refused(name):
            row.save()
    with refused("shared_run_has_words"):
        SharedRun.objects.update(words=0)
