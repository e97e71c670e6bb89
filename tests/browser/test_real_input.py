"""Real questions and real reference benchmarks, from the files to a verified release, with people in the browser."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from annotation.models import Item
from campaigns.models import Campaign
from decontamination.models import ReferencePrompt
from sampling.models import Document
from tests.browser.steps import choose_vote, expect_message, write
from tests.factories import make_annotator, make_reviewer, shipped_taxonomy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EACH = 120  # records of each corpus: all of them would take minutes to embed
REFERENCES = ("mbpp", "multipl-e", "mceval", "naturalcodebench", "humaneval")
QUERIES = (
    "Our night job copies three million rows between two tables and now runs into the morning. Which way of batching "
    "would you choose, and how do we measure that it helped?",
    "A form on our page loses what somebody typed whenever the session ends. How can it be kept, and shown again after "
    "signing in?",
    "Fix it.",
)


@pytest.fixture
def questions(shared_data: Path, tmp_path: Path) -> list[Path]:
    """The first records of two real corpora, in the form in which they were published."""
    corpora = shared_data / "corpora"
    csv.field_size_limit(sys.maxsize)
    table, lines = tmp_path / "stackoverflow_questions.csv", tmp_path / "stackeval.jsonl"
    with (
        (corpora / table.name).open(encoding="utf-8", newline="") as source,
        table.open("w", encoding="utf-8", newline="") as out,
    ):
        csv.writer(out).writerows(islice(csv.reader(source), EACH + 1))
    with (corpora / lines.name).open(encoding="utf-8") as source:
        lines.write_text("".join(islice(source, EACH)), encoding="utf-8")
    return [table, lines]


@pytest.fixture
def run(transactional_db: None, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A command's figures, as `--json` writes them."""

    shipped_taxonomy()

    def command(*words: object) -> dict[str, Any]:
        figures = tmp_path / "figures.json"
        call_command(*map(str, words), "--json", str(figures))
        read: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
        return read

    return command


def published_leak() -> str:
    """A real prompt that is long enough to leak, in one line."""
    prompts = ReferencePrompt.objects.filter(reference__name="mbpp").order_by("pk")
    return next(text for prompt in prompts if 12 <= len((text := prompt.text.splitlines()[0]).split()) <= 30)


def test_real_questions_become_a_verified_release(
    signed_in: Callable[..., Page],
    run: Callable[..., dict[str, Any]],
    questions: list[Path],
    shared_data: Path,
    tmp_path: Path,
) -> None:
    # From the files to seeds, by the commands.
    run("create_campaign", "real", "--name", "Real questions")
    campaign = Campaign.objects.get(slug="real")
    imported = run("import_corpus", *questions, "--corpus", "qa", "--licence", "CC BY-SA 4.0")
    assert (imported["records"], imported["rejected"]) == (2 * EACH, 0)
    assert not Document.objects.filter(text__startswith="<p>").exists()
    embedded = run("embed_corpus", "qa")
    assert embedded["texts"] == embedded["encoded"] > 200
    clustered = run("cluster_corpus", "qa")
    assert clustered["documents"] == embedded["texts"] - embedded["near_duplicates"]
    classified = run("classify_clusters", "qa")
    assert classified["categories_with_a_cluster"] > 5
    loaded = run("load_references", *REFERENCES, "--from", shared_data / "references")
    assert loaded["references_in_force"] == len(REFERENCES)
    assert all(loaded[name] > 100 for name in REFERENCES)
    drawn = run("draw_seeds", "real", "--corpus", "qa", "--per-category", "2")
    assert drawn["drawn"] == campaign.seeds.count() > 10

    # An annotator writes three queries from the first three seeds.
    annotator = make_annotator(campaign)
    page = signed_in(annotator, "/c/real/annotate/")
    page.keyboard.press("c")
    for number, (query, seed) in enumerate(zip(QUERIES, campaign.seeds.order_by("rank"), strict=False)):
        expect(page.locator(".read h2").first).to_have_text(seed.document.title or seed.document.key)
        original = take_first_words(page)
        leaking = f"{published_leak()} {query}"
        if number == 0:
            write(page, original=original, query=leaking, category=seed.category.slug)
            expect(page.locator("#preview mark").first).to_be_visible()
            page.keyboard.press("Control+Enter")
            expect(page.get_by_role("alert")).to_contain_text("Not handed in yet.")
            expect(page.locator("#wording")).to_contain_text("mbpp")
        write(page, original=original, query=query, category=seed.category.slug)
        expect(page.locator("#preview")).to_contain_text("Shares no 10 words in a row")
        page.get_by_role("button", name="Submit and take the next").click()
        expect_message(page, "is in review")

    # Four reviewers vote on each; one query is not worth keeping.
    for reviewer in (make_reviewer(campaign) for _ in range(4)):
        page = signed_in(reviewer, "/c/real/review/")
        page.keyboard.press("n")
        for query in QUERIES:
            expect(page.locator("#judging .prose").first).to_have_text(query)
            valid = query != "Fix it."
            choose_vote(page, valid=valid, rationale="" if valid else "What is broken?")
            page.keyboard.press("Control+Enter")
        expect_message(page, "Nothing waits for you at the moment.")
    statuses = dict(Item.objects.values_list("revision__query", "status"))
    assert statuses == dict(zip(QUERIES, ("accepted", "accepted", "rejected"), strict=True))

    # The release, and its check.
    exported = run("export_benchmark", "--campaign", "real", "--out", tmp_path / "bundle")
    assert (exported["items"], exported["excluded"], exported["demo"]) == (2, 1, False)
    verified = run("verify_benchmark", tmp_path / "bundle")
    assert (verified["broken"], verified["contamination_rechecked"]) == (0, True)
    assert verified["digest"] == exported["digest"]
    released = list(rows(tmp_path / "bundle" / "benchmark.jsonl"))
    assert sorted(row["messages"][0]["content"] for row in released) == sorted(QUERIES[:2])


def take_first_words(page: Page) -> str:
    """Select the seed's first paragraph with the mouse and take it as the original."""
    paragraph = page.locator("#seed-text p").first
    paragraph.click(click_count=3, position={"x": 4, "y": 8})
    page.get_by_role("button", name="Take the selected text").click()
    taken = page.locator("#id_original").input_value()
    assert taken
    assert taken.split()[0] in paragraph.inner_text()
    return taken


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
