"""The bundle's bytes and what is in them, without a database."""

import doctest
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from annotation.wording import Wording
from benchmark import bundle, card, figures, verify
from benchmark.bundle import Ballot, Content, Entry, Excluded
from review import agreement

TAXONOMY = json.loads((settings.FIXTURES_DIR / "taxonomy.json").read_text(encoding="utf-8"))["categories"]
CATEGORIES = [{"slug": f"c{n}", "major": row["major"], "name": row["name"]} for n, row in enumerate(TAXONOMY)]


def entry(number: int, *valid: bool, **fields: Any) -> Entry:
    wording = Wording.of(
        {
            "query": f"Question {number} über “Zeichen” \u2028 und 行?",
            "original": "How?",
            "knowledge": "Some.",
            "difficulty": "medium",
            "programming_languages": ["Python", "C++"],
            "natural_language": "en",
            "category": f"c{number % len(CATEGORIES)}",
            **fields,
        }
    )
    ballots = [
        Ballot(f"person-{n}", each, each, True, True) for n, each in enumerate(valid or (True, True, True, False))
    ]
    return Entry(
        uid=bundle.uid(campaign="c", corpus="k", key=str(number)),
        digest=wording.digest(),
        query=wording.query,
        original=wording.original,
        knowledge=wording.knowledge,
        difficulty=wording.difficulty,
        programming_languages=list(wording.programming_languages),
        natural_language=wording.natural_language,
        category=wording.category,
        reviewers=4,
        quorum=3,
        ballots=ballots,
        provenance={"url": "https://qa.example.org/1", "licence": "CC BY-SA 4.0", "question_words": number + 3},
    )


def content(entries: Iterable[Entry] = (), *, demo: bool = False, refused: Iterable[Excluded] = ()) -> Content:
    facts: dict[str, Any] = {
        "campaign": {"slug": "c", "name": 'A: "name" | of #1'},
        "demo": demo,
        "rules": {"reviewers": 4, "quorum": 3, "ngram": 10, "cjk_weight": 2.0},
        "waivers": [],
        "taxonomy": {"slug": "t", "categories": CATEGORIES},
        "references": [{"name": "toy", "digest": "0" * 64, "prompts": 1, "n": 10}],
        "verifier": Path(verify.__file__).read_text(encoding="utf-8"),
    }
    made = Content(1, facts, list(entries) or [entry(n) for n in range(len(CATEGORIES))], list(refused))
    facts["statistics"] = verify.statistics(bundle.tables(made))
    facts["card"] = card.card(made, bundle.tables(made))
    return made


def rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[name].split(b"\n")[:-1]]


def front_matter(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return loaded


def test_doctests() -> None:
    for module in (card, figures):
        results = doctest.testmod(module)
        assert results.attempted
        assert not results.failed


def test_the_bytes_do_not_depend_on_the_order_of_anything() -> None:
    made = content(refused=[Excluded(uid, "0" * 64, "rejected", {"valid": 1, "total": 4}) for uid in "ab"])
    shuffled = list(made.entries)
    random.Random(1).shuffle(shuffled)
    shuffled = [
        replace(each, ballots=each.ballots[::-1], programming_languages=list(each.programming_languages)[::-1])
        for each in shuffled
    ]
    facts = dict(reversed(list(made.facts.items())))
    assert bundle.files(replace(made, entries=shuffled, facts=facts, excluded=made.excluded[::-1])) == bundle.files(
        made
    )


def test_the_bytes_are_the_same_in_every_process() -> None:
    program = (
        "import django; django.setup(); from tests.benchmark.test_bundle import content; from benchmark import bundle; "
        "files = bundle.files(content()); import hashlib, sys; "
        "sys.stdout.write(bundle.digest(files) + hashlib.sha256(bundle.archive(files, 'c-1')).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=settings.BASE_DIR,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }
    files = bundle.files(content())
    assert digests == {bundle.digest(files) + hashlib.sha256(bundle.archive(files, "c-1")).hexdigest()}


def test_the_official_scorer_finds_the_major_and_subcategory_of_every_item() -> None:
    files = bundle.files(content())
    mapping = json.loads(files["tasktype_to_levels.json"])
    for row in rows(files, "benchmark.jsonl"):
        looked_up = row["meta"]["parsed"]["task_type"][0].lower().replace("-", " ")
        assert mapping[looked_up][0] == [row["category"], row["subcategory"]]
    assert {name for pairs in mapping.values() for _major, name in pairs} == {row["name"] for row in TAXONOMY}


def test_both_evaluators_get_the_same_questions() -> None:
    files = bundle.files(content())
    asked = {row["id"]: row["messages"] for row in rows(files, "benchmark.jsonl")}
    arena_hard = {row["uid"]: [{"role": "user", "content": row["prompt"]}] for row in rows(files, "question.jsonl")}
    assert asked == arena_hard
    assert len(asked) == len(CATEGORIES)


def test_an_item_keeps_its_uid_in_every_release_and_no_two_documents_share_one() -> None:
    known = hashlib.sha256(b'["c", "k", "1"]').hexdigest()[:32]
    assert bundle.uid(campaign="c", corpus="k", key="1") == known
    assert bundle.uid(campaign="c", corpus="k1", key="") != known


def test_only_demo_data_says_that_it_is() -> None:
    real, demo = bundle.files(content()), bundle.files(content(demo=True))
    assert all(row["demo"] is True for row in rows(demo, "benchmark.jsonl"))
    assert all("demo" not in row for row in rows(real, "benchmark.jsonl"))
    text = demo["README.md"].decode()
    assert text.split("---\n")[2].strip().startswith("**Demo data.**")
    assert "Demo data" in text.splitlines()[1]
    assert "Demo" not in real["README.md"].decode()
    assert [json.loads(files["manifest.json"])["demo"] for files in (real, demo)] == [False, True]


def test_reviewer_numbers_tell_nothing_but_what_is_published() -> None:
    entries = [entry(n, n % 2 == 0, True, True, True) for n in range(4)]
    renamed = [
        replace(each, ballots=[replace(one, reviewer=hash(("x", one.reviewer)) % 997) for one in each.ballots])
        for each in entries
    ]
    assert bundle.files(content(renamed))["votes.jsonl"] == bundle.files(content(entries))["votes.jsonl"]


def test_agreement_is_counted_as_on_the_dashboard() -> None:
    votes = [(True, True, True, False), (True, True, True, True), (False, True, True, True)]
    refused = [Excluded("a", "0" * 64, "rejected", {"valid": 1, "total": 4})]
    refused += [Excluded("b", "0" * 64, "in_review", {"valid": 1, "total": 2})]
    statistics = content([entry(n, *valid) for n, valid in enumerate(votes)], refused=refused).facts["statistics"]
    released = agreement.pairwise([dict(enumerate(each)) for each in votes])
    decided = agreement.pairwise([dict(enumerate(each)) for each in [*votes, (True, False, False, False)]])
    for said, counted in (
        (statistics["agreement"]["released"], released),
        (statistics["agreement"]["decided"], decided),
    ):
        assert (said["agreeing"], said["pairs"]) == (counted.agreeing, counted.total)
        assert said["share"] == pytest.approx(counted.share, abs=5e-5)


def test_agreement_without_a_pair_is_undefined() -> None:
    statistics = content([replace(entry(1, True), quorum=1)]).facts["statistics"]
    assert statistics["agreement"]["released"] == {"agreeing": 0, "pairs": 0, "share": None}
    assert "undefined" in content([replace(entry(1, True), quorum=1)]).facts["card"]


def test_an_item_with_two_languages_counts_for_both() -> None:
    statistics = content([entry(1), entry(2, programming_languages=["Python"])]).facts["statistics"]
    assert statistics["programming_languages"] == {"C++": 1, "Python": 2}
    assert statistics["question_words"] == {"min": 4, "max": 5, "mean": 4.5}


def test_hubs_can_read_the_card() -> None:
    entries = [entry(1), replace(entry(2, natural_language="zh"), provenance={"licence": "", "question_words": 1})]
    head = front_matter(content(entries).facts["card"])
    assert head["pretty_name"] == 'A: "name" | of #1'
    assert head["license"] == ["cc-by-sa-4.0", "other"]
    assert head["language"] == ["en", "zh"]
    assert head["size_categories"] == ["n<1K"]
    assert head["configs"][0]["data_files"][0] == {"split": "test", "path": "benchmark.jsonl"}


def test_norwegian_is_a_language_and_not_a_falsehood() -> None:
    assert front_matter(content([entry(1, natural_language="no")]).facts["card"])["language"] == ["no"]


def test_the_manifest_holds_every_other_file() -> None:
    files = bundle.files(content())
    manifest = json.loads(files["manifest.json"])
    assert set(manifest["files"]) == set(files) - {"manifest.json", "SHA256SUMS"}
    for name, facts in manifest["files"].items():
        assert facts == {"sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name])}


def test_the_archive_holds_the_bundle_and_no_clock() -> None:
    files = bundle.files(content())
    with zipfile.ZipFile(io.BytesIO(bundle.archive(files, "c-1"))) as archive:
        assert {name.removeprefix("c-1/"): archive.read(name) for name in archive.namelist()} == files
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
