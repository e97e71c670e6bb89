import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, Event
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling import actions
from sampling.drawing import drawfile
from sampling.models import Assignment, Cluster, ClusterRun, Corpus, Document, Draw, DrawExclusion, Seed
from tests.factories import NOW, category, later, make_campaign, make_corpus, make_document, make_lead

pytestmark = pytest.mark.django_db

Run = Callable[..., dict[str, Any]]


def classified(sizes: dict[str, list[int]], campaign: Campaign, name: str = "") -> Corpus:
    """A corpus whose clusters have the given sizes, by category."""
    corpus = make_corpus(name)
    run = ClusterRun.objects.create(
        corpus=corpus,
        model="none",
        corpus_digest="1" * 64,
        method="none",
        k=1,
        asked_k=1,
        seed=0,
        digest="2" * 64,
        created_at=NOW,
    )
    number = 0
    for slug, members in sizes.items():
        for size in members:
            number += 1
            cluster = Cluster.objects.create(
                run=run, number=number, size=size, proposed=category(campaign, slug), score=0.5
            )
            for at in range(size):
                document = make_document(
                    corpus, key=f"{number}-{at}", text_digest=f"{corpus.pk:04}{number:030}{at:030}"
                )
                Assignment.objects.create(
                    cluster=cluster,
                    run=run,
                    document=document,
                    text_digest=document.text_digest,
                    distance=0.1,
                    category=cluster.proposed,
                    score=0.5,
                )
    return corpus


def draw(campaign: Campaign, corpus: Corpus, **options: Any) -> actions.DrawReport:
    return actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, **options)


def test_quotas_fill_evenly_over_categories_and_their_clusters() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [20, 2, 20], "cryptography": [3]}, campaign)
    report = draw(campaign, corpus, per_category=10)
    assert Counter(campaign.seeds.values_list("cluster__number", flat=True)) == {1: 4, 2: 2, 3: 4, 4: 3}
    assert report.categories["security"] | {} == {
        "quota": 10, "before": 0, "available": 42, "filled": 10, "shortfall": 0, "clusters": 3, "clusters_covered": 3,
    }  # fmt: skip
    assert report.categories["cryptography"]["shortfall"] == 7
    assert report.categories["machine-learning"] == {
        "quota": 10, "before": 0, "available": 0, "filled": 0, "shortfall": 10, "clusters": 0, "clusters_covered": 0,
    }  # fmt: skip
    assert report.draw is not None
    assert report.draw.report == report.categories


def test_ranks_take_turns_over_categories_and_go_on_after_the_last() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [9], "cryptography": [9]}, campaign)
    draw(campaign, corpus, per_category=2)
    draw(campaign, corpus, per_category=3)
    seeds = list(campaign.seeds.order_by("rank").values_list("rank", "category__slug"))
    assert [rank for rank, _slug in seeds] == [1, 2, 3, 4, 5, 6]
    assert [slug for _rank, slug in seeds] == ["cryptography", "security"] * 3


def test_a_total_is_spread_evenly_over_the_categories() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [30], "cryptography": [1], "machine-learning": [30]}, campaign)
    report = draw(campaign, corpus, total=9)
    counts = Counter(campaign.seeds.values_list("category__slug", flat=True))
    assert counts == {"security": 4, "cryptography": 1, "machine-learning": 4}
    assert report.seeds == 9
    assert draw(campaign, corpus, total=9).draw is None
    draw(campaign, corpus, total=15)
    assert campaign.seeds.count() == 15


def test_the_same_inputs_draw_the_same_seeds() -> None:
    drawn = []
    for name in ("first", "second"):
        campaign = make_campaign(name)
        corpus = classified({"security": [15, 8], "cryptography": [6]}, campaign, name)
        draw(campaign, corpus, per_category=5, seed=42)
        drawn.append(list(campaign.seeds.order_by("rank").values_list("rank", "document__key", "category__slug")))
    assert drawn[0] == drawn[1]
    other = make_campaign("third")
    draw(other, Corpus.objects.get(name="first"), per_category=5, seed=43)
    assert set(other.seeds.values_list("document__key", flat=True)) != {key for _rank, key, _slug in drawn[0]}


def test_a_later_draw_tops_up_and_never_repeats() -> None:
    campaign, twin = make_campaign(), make_campaign()
    corpus = classified({"security": [10, 10], "cryptography": [4]}, campaign)
    draw(campaign, corpus, per_category=3)
    first = set(campaign.seeds.values_list("document__key", flat=True))
    draw(campaign, corpus, per_category=7)
    seeds = list(campaign.seeds.values_list("document__key", flat=True))
    assert len(seeds) == len(set(seeds)) == 7 + 4
    assert first < set(seeds)
    draw(twin, corpus, per_category=7)
    assert set(twin.seeds.values_list("document__key", flat=True)) == set(seeds)


def test_a_draw_that_would_add_nothing_leaves_no_trace() -> None:
    campaign = make_campaign(seeds_per_category=2)
    corpus = classified({"security": [5]}, campaign)
    assert draw(campaign, corpus).draw is not None
    before = (Draw.objects.count(), DrawExclusion.objects.count(), Event.objects.count())
    assert draw(campaign, corpus).draw is None
    assert (Draw.objects.count(), DrawExclusion.objects.count(), Event.objects.count()) == before


def test_what_is_left_out_keeps_its_reason_and_evidence() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [8]}, campaign)
    documents = {document.key: document for document in corpus.documents.order_by("pk")}
    leak = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda"
    Document.objects.filter(key="1-1").update(text=f"As they say: {leak} and so on")
    Document.objects.filter(key="1-2").update(title="", text="")
    Document.objects.filter(key="1-3").update(canonical=documents["1-0"], similarity=0.97)
    make_document(corpus, key="late")
    load_reference(name="toy", source="toy.jsonl", prompts=[Prompt("toy", "7", leak)], by=None, now=NOW)
    report = draw(campaign, corpus, per_category=50)
    assert report.draw is not None
    found = {row.document.key: row for row in report.draw.exclusions.select_related("document")}
    assert {key: row.reason for key, row in found.items()} == {
        "1-1": "leak",
        "1-2": "empty",
        "1-3": "duplicate",
        "late": "unclustered",
    }
    assert found["1-1"].evidence == {"reference": "toy", "prompt": "7", "words": 11, "text": leak}
    assert found["1-3"].evidence == {"of": "1-0", "similarity": 0.97}
    assert campaign.seeds.count() == 5
    assert report.excluded == {"duplicate": 1, "empty": 1, "leak": 1, "unclustered": 1}
    assert draw(campaign, corpus, per_category=51).excluded["drawn"] == 5


def test_the_same_words_from_another_corpus_are_not_drawn_twice() -> None:
    campaign = make_campaign()
    first = classified({"security": [1]}, campaign)
    draw(campaign, first, per_category=5)
    second = classified({"security": [2]}, campaign)
    same = Document.objects.get(corpus=first).text_digest
    Document.objects.filter(corpus=second, key="1-0").update(text_digest=same)
    report = draw(campaign, second, per_category=5)
    assert report.draw is not None
    assert report.draw.exclusions.get(document__key="1-0").evidence["corpus"] == first.name
    assert campaign.seeds.count() == 2


def test_a_persons_category_counts_in_the_draw() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [4]}, campaign)
    cluster = Cluster.objects.get()
    actions.overrule(
        cluster=cluster,
        category=category(campaign, "cryptography"),
        campaign=campaign,
        by=make_lead(campaign),
        now=later(1),
    )
    draw(campaign, corpus, per_category=4)
    assert set(campaign.seeds.values_list("category__slug", flat=True)) == {"cryptography"}


def test_a_changed_source_does_not_change_a_drawn_document(run: Run, tmp_path: Path) -> None:
    campaign = make_campaign()
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1-0", "title": "T", "body": "first words"}\n')
    corpus = classified({"security": [1]}, campaign, "scrape")
    draw(campaign, corpus, per_category=1)
    before = Document.objects.get().text
    assert run("import_corpus", path, "--corpus", "scrape")["kept_because_drawn"] == 1
    assert Document.objects.get().text == before


def test_what_cannot_be_drawn_from_is_refused(run: Run) -> None:
    campaign = make_campaign("real")
    corpus = classified({"security": [2]}, campaign, "unclassified")
    Assignment.objects.update(category=None)
    with pytest.raises(CommandError, match="run classify_clusters first") as caught:
        run("draw_seeds", "real", "--corpus", "unclassified")
    assert caught.value.returncode == 2
    Corpus.objects.update(is_demo=True)
    with pytest.raises(actions.CannotDraw, match="invented demo data"):
        draw(campaign, Corpus.objects.get(), per_category=1)
    with pytest.raises(actions.CannotDraw, match="not both"):
        draw(campaign, corpus, per_category=1, total=1)
    assert not Seed.objects.exists()


def test_the_command_reports_each_category_and_is_idempotent(run: Run) -> None:
    campaign = make_campaign("named")
    classified({"security": [5], "cryptography": [1]}, campaign, "pool")
    figures = run("draw_seeds", "named", "--corpus", "pool", "--per-category", 2)
    assert (figures["drawn"], figures["seeds_in_all"]) == (3, 3)
    assert figures["shortfall"] == 38 * 2 + 1
    assert figures["categories"]["cryptography"]["shortfall"] == 1
    again = run("draw_seeds", "named", "--corpus", "pool", "--per-category", 2)
    assert (again["drawn"], again["draw"]) == (0, "none: nothing to add to what is drawn already")


def test_the_command_says_by_how_much_a_category_falls_short_and_where_to_look(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = make_campaign("short")
    corpus = classified({"security": [5], "cryptography": [3, 2]}, campaign, "pool")
    ClusterRun.objects.update(classifier_scores={"confusions": [["cryptography", "security", 7]]})
    Assignment.objects.filter(cluster__number=3).update(score=0.1)
    Document.objects.filter(key="2-0").update(canonical=corpus.documents.get(key="1-0"), similarity=0.97)
    figures = run("draw_seeds", "short", "--corpus", "pool", "--per-category", 5)
    told = capsys.readouterr().out
    line = "cryptography: 1 short; 1 left out; taken for security (7×); uncertain documents in cluster 3 (2)"
    assert line in told.splitlines()
    assert "machine-learning: 5 short; import more of its kind" in told.splitlines()
    assert not any(row.startswith("security: ") for row in told.splitlines())
    assert figures["hints"]["cryptography"] == {
        "short": 1, "left_out": 1, "taken_for": [["security", 7]], "clusters": [[3, 2, 2]],
    }  # fmt: skip
    # Where nothing was left to draw, too.
    run("draw_seeds", "short", "--corpus", "pool", "--per-category", 5)
    assert line in capsys.readouterr().out.splitlines()


def test_a_documents_own_category_counts_where_no_lead_has_set_one() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [6]}, campaign)
    own = Assignment.objects.filter(document__key__in=["1-0", "1-1"])
    own.update(category=category(campaign, "cryptography"))
    report = draw(campaign, corpus, per_category=2)
    assert Counter(campaign.seeds.values_list("category__slug", flat=True)) == {"security": 2, "cryptography": 2}
    assert report.categories["cryptography"]["clusters"] == 1


def test_one_campaigns_decisions_do_not_change_anothers_draw() -> None:
    campaign, other = make_campaign(), make_campaign()
    corpus = classified({"security": [4]}, campaign)
    lead = make_lead(other)
    actions.exclude(cluster=Cluster.objects.get(), reason="site chrome", campaign=other, by=lead, now=NOW)
    assert draw(campaign, corpus, per_category=4).seeds == 4
    report = draw(other, corpus, per_category=4)
    assert (report.seeds, report.excluded) == (0, {"excluded": 4})


def test_an_excluded_cluster_is_left_out_with_the_reason() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [2, 2]}, campaign)
    lead = make_lead(campaign)
    first = Cluster.objects.get(number=1)
    actions.exclude(cluster=first, reason="not a question", campaign=campaign, by=lead, now=NOW)
    report = draw(campaign, corpus, per_category=4)
    assert report.draw is not None
    left_out = report.draw.exclusions.get(document__key="1-0")
    assert (left_out.reason, left_out.evidence) == ("excluded", {"cluster": 1, "because": "not a question"})
    assert report.draw.decisions == [
        {"cluster": 1, "category": None, "excluded": "not a question", "merged_into": None}
    ]
    actions.exclude(cluster=first, reason="", campaign=campaign, by=lead, now=later(1))
    assert draw(campaign, corpus, per_category=4).seeds == 4


def test_merged_clusters_share_one_part_of_the_quota_until_they_are_parted() -> None:
    campaign, twin = make_campaign(), make_campaign()
    corpus = classified({"security": [10, 10, 10]}, campaign)
    lead = make_lead(campaign)
    first, second, third = Cluster.objects.order_by("number")
    actions.merge(cluster=second, into=first, campaign=campaign, by=lead, now=NOW)
    draw(campaign, corpus, per_category=8)
    counts = Counter(campaign.seeds.values_list("cluster__number", flat=True))
    assert (counts[1] + counts[2], counts[3]) == (4, 4)
    for wrong in ((third, second), (first, third)):
        with pytest.raises(actions.CannotDecide):
            actions.merge(cluster=wrong[0], into=wrong[1], campaign=campaign, by=lead, now=NOW)
    actions.merge(cluster=second, into=None, campaign=campaign, by=lead, now=later(1))
    draw(twin, corpus, per_category=9)
    assert set(Counter(twin.seeds.values_list("cluster__number", flat=True)).values()) == {3}
    verbs = Event.objects.filter(campaign=campaign, verb__startswith="cluster").order_by("pk")
    assert [row.verb for row in verbs] == ["cluster merged", "cluster parted"]


def test_who_has_not_seen_the_last_decision_does_not_overwrite_it() -> None:
    campaign = make_campaign()
    classified({"security": [1]}, campaign)
    cluster, lead = Cluster.objects.get(), make_lead(campaign)
    actions.rename(cluster=cluster, label="Doors", campaign=campaign, by=lead, now=NOW, version=0)
    with pytest.raises(actions.Changed, match="look at it again"):
        actions.rename(cluster=cluster, label="Keys", campaign=campaign, by=lead, now=NOW, version=0)
    actions.rename(cluster=cluster, label="Keys", campaign=campaign, by=lead, now=NOW, version=1)
    assert cluster.decisions.get().label == "Keys"


def test_a_draw_is_replayed_from_its_record_in_another_process(tmp_path: Path, run: Run) -> None:
    campaign = make_campaign()
    corpus = classified({"security": [9, 5], "cryptography": [4]}, campaign)
    draw(campaign, corpus, per_category=3)
    found = draw(campaign, corpus, per_category=5).draw
    assert found is not None
    # What has become of the clusters since does not matter.
    Assignment.objects.all().delete()
    figures = run("replay_draw", found.pk)
    assert figures["same"] is True
    program = (
        "import sys; from pathlib import Path; from sampling.drawing import drawfile\n"
        "inputs = drawfile.read(Path(sys.argv[1]), sys.argv[2])\n"
        "rows = [(rank, one.key, one.category, one.cluster) for rank, one in inputs.replay()]\n"
        "sys.stdout.buffer.write(drawfile.seed_lines(rows))"
    )
    folder = settings.DATA_DIR / "draws"
    told = subprocess.run(
        [sys.executable, "-c", program, str(folder), found.inputs_digest], capture_output=True, check=True
    )
    fields = ("rank", "document__key", "category__slug", "cluster__number")
    assert told.stdout == drawfile.seed_lines(found.seeds.values_list(*fields))


def test_a_replay_that_differs_says_where_and_ends_with_1(run: Run, tmp_path: Path) -> None:
    campaign = make_campaign()
    corpus = classified({"security": [6]}, campaign)
    found = draw(campaign, corpus, per_category=3).draw
    assert found is not None
    first = found.seeds.order_by("rank").first()
    assert first is not None
    Document.objects.filter(pk=first.document_id).update(key="renamed")
    report = tmp_path / "replay.json"
    with pytest.raises(SystemExit) as caught:
        call_command("replay_draw", str(found.pk), json=report)
    assert caught.value.code == 1
    figures = json.loads(report.read_text())
    assert figures["first_difference"].startswith("stored rank 1: renamed of security")
    assert len(figures["drawn"]) == 3
    (settings.DATA_DIR / "draws" / f"{found.inputs_digest}.jsonl.zst").write_bytes(b"cut")
    with pytest.raises(CommandError, match="cannot be read") as broken:
        run("replay_draw", found.pk)
    assert broken.value.returncode == 2


def test_the_spread_is_wider_than_a_plain_random_samples() -> None:
    campaign = make_campaign()
    corpus = classified({"security": [90, 5, 5, 5]}, campaign)
    found = draw(campaign, corpus, per_category=12).draw
    assert found is not None
    spread = found.spread["clusters"]
    assert spread["drawn"] == 4
    assert spread["random"] < 3
    assert found.spread["by_category"] == {"security": 4}
