"""The whole flow on one screen: scraped questions in, a benchmark that people agreed on out."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from annotation import actions as annotation
from annotation import leases
from campaigns.actions import change_rules
from campaigns.models import Campaign
from config import demo
from review import actions as review
from review.ballot import Ballot
from tests.factories import NOW, make_annotator, make_reviewer


@pytest.mark.django_db
def test_from_scraped_questions_to_an_exported_benchmark(tmp_path: Path) -> None:
    scraped = tmp_path / "scraped.jsonl"
    with scraped.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in list(demo.records("corpus.jsonl"))[:120])
    references = tmp_path / "known.jsonl"
    leak = "Sort a list of numbers in place without using any function of the standard library at all."
    references.write_text(json.dumps({"prompt": leak}) + "\n")

    # A lead sets up: corpus → vectors → clusters → topics → seeds.
    call_command("load_taxonomy")
    call_command("create_campaign", "pipeline", "--name", "Pipeline")
    campaign = Campaign.objects.get(slug="pipeline")
    change_rules(campaign=campaign, rules={"reviewers": 3, "quorum": 2}, by=None, now=NOW)
    call_command("import_corpus", str(scraped), "--corpus", "qa")
    call_command("embed_corpus", "qa")
    call_command("cluster_corpus", "qa", "--k", "12")
    call_command("classify_clusters", "qa")
    call_command("draw_seeds", "pipeline", "--corpus", "qa", "--total", "4")
    assert campaign.seeds.count() == 4

    # An annotator writes: one good query, one that reviewers reject, one that turns out to leak, one skipped seed.
    annotator = make_annotator(campaign)
    queries = {
        "good": "How do I merge two sorted linked lists in C without allocating nodes?",
        "vague": "Fix it.",
        "leak": leak,
    }
    items = {}
    for name, query in queries.items():
        seed = leases.claim_next(campaign=campaign, by=annotator, now=NOW)
        assert seed
        fields = {
            "original": "the need", "knowledge": "what it takes", "query": query, "difficulty": "easy",
            "programming_languages": ["C"], "natural_language": "en", "category": seed.category.slug,
        }  # fmt: skip
        items[name] = annotation.submit(seed=seed, token=seed.lease_token, fields=fields, by=annotator, now=NOW)
    seed = leases.claim_next(campaign=campaign, by=annotator, now=NOW)
    assert seed
    annotation.skip(seed=seed, token=seed.lease_token, reason="nothing to ask", by=annotator, now=NOW)

    # Three reviewers vote blind.
    for reviewer in (make_reviewer(campaign) for _ in range(3)):
        for name, item in items.items():
            bad, revision = name == "vague", item.revision
            assert revision
            said = Ballot(not bad, True, not bad, not bad, "What is to be fixed?" if bad else "")
            review.vote(revision=revision, digest=revision.digest, ballot=said, by=reviewer, now=NOW)

    # A benchmark is published that one of the accepted queries overlaps; then the release is made, twice, and verified.
    call_command("load_references", "known", "--from", str(references), "--field", "prompt")
    for out in (tmp_path / "first", tmp_path / "again"):
        call_command("export_benchmark", "--campaign", "pipeline", "--out", str(out))
        call_command("verify_benchmark", str(out))
    first, again = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "again")
    )
    assert first == again
    released = [json.loads(line) for line in first["benchmark.jsonl"].splitlines()]
    assert [row["messages"][0]["content"] for row in released] == [queries["good"]]
    excluded = [json.loads(line) for line in first["excluded.jsonl"].splitlines()]
    assert sorted(row["reason"] for row in excluded) == ["leak", "rejected"]
