"""What changes while a draw is computed: it is drawn again from what stands then, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from campaigns import actions as campaigns
from campaigns.models import Campaign, Event
from decontamination import waivers
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling import actions
from sampling.drawing import drawfile
from sampling.models import Assignment, Cluster, ClusterRun, Corpus, Draw, DrawExclusion, Seed
from tests.factories import NOW, category, make_campaign, make_document, make_lead
from tests.sampling.test_draws import classified, draw

pytestmark = pytest.mark.django_db

LEAK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda"


def excluded(campaign: Campaign, corpus: Corpus) -> None:
    lead, cluster = make_lead(campaign), Cluster.objects.get(run__corpus=corpus, number=1)
    actions.exclude(cluster=cluster, reason="site chrome", campaign=campaign, by=lead, now=NOW)


def overruled(campaign: Campaign, corpus: Corpus) -> None:
    lead, cluster = make_lead(campaign), Cluster.objects.get(run__corpus=corpus, number=1)
    wanted = category(campaign, "machine-learning")
    actions.overrule(cluster=cluster, category=wanted, campaign=campaign, by=lead, now=NOW)


def new_words(campaign: Campaign, corpus: Corpus) -> None:
    corpus.documents.filter(key="1-0").update(text="others", text_digest="9" * 64)


def linked(campaign: Campaign, corpus: Corpus) -> None:
    corpus.documents.filter(key="1-1").update(canonical=corpus.documents.get(key="1-0"), similarity=0.97)


def imported(campaign: Campaign, corpus: Corpus) -> None:
    make_document(corpus, key="late")


def placed(campaign: Campaign, corpus: Corpus) -> None:
    Assignment.objects.filter(document__key="1-0").delete()


def categorised(campaign: Campaign, corpus: Corpus) -> None:
    Assignment.objects.filter(document__key="1-0").update(category=category(campaign, "machine-learning"))


def clustered(campaign: Campaign, corpus: Corpus) -> None:
    run = ClusterRun.objects.get(corpus=corpus)
    run.pk, run.digest = None, "3" * 64
    run.save()
    cluster = Cluster.objects.create(run=run, number=1, size=1)
    for document in corpus.documents.order_by("pk"):
        Assignment.objects.create(
            cluster=cluster, run=run, document=document, text_digest=document.text_digest, distance=0.1,
            category=category(campaign, "security"),
        )  # fmt: skip


def drawn(campaign: Campaign, corpus: Corpus) -> None:
    draw(campaign, corpus, per_category=1)


def drawn_elsewhere(campaign: Campaign, corpus: Corpus) -> None:
    draw(campaign, classified({"security": [1]}, campaign), per_category=1)


def referenced(campaign: Campaign, corpus: Corpus) -> None:
    load_reference(name="late", source="late.jsonl", prompts=[Prompt("late", "1", "delta " + LEAK)], by=None, now=NOW)


def waived(campaign: Campaign, corpus: Corpus) -> None:
    waivers.waive(campaign=campaign, run=LEAK, reason="a proverb", by=make_lead(campaign), now=NOW)


def other_rules(campaign: Campaign, corpus: Corpus) -> None:
    campaigns.change_rules(campaign=campaign, rules={"ngram": 12}, by=None, now=NOW)


CHANGES = [
    excluded, overruled, new_words, linked, imported, placed, categorised, clustered, drawn, drawn_elsewhere,
    referenced, waived, other_rules,
]  # fmt: skip


def at_the_end(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act when a draw is computed and not yet on record."""
    write = drawfile.write

    def writing(*given: Any) -> str:
        act()
        return write(*given)

    monkeypatch.setattr(drawfile, "write", writing)


def pool(name: str, campaign: Campaign) -> Corpus:
    corpus = classified({"security": [6, 4], "cryptography": [3]}, campaign, name)
    corpus.documents.filter(key="1-5").update(text=f"As they say: {LEAK} and so on")
    return corpus


def recorded(draw: Draw) -> tuple[Any, ...]:
    """All that a draw says, in words that are the same in another corpus."""
    seeds = draw.seeds.order_by("rank").values_list("rank", "document__key", "category__slug", "cluster__number")
    exclusions = draw.exclusions.order_by("document__key").values_list("document__key", "reason")
    return list(seeds), list(exclusions), draw.report, draw.spread, draw.index_digest, draw.waivers, draw.decisions


@pytest.mark.parametrize("change", CHANGES)
def test_a_draw_is_of_what_stands_when_it_is_recorded(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Campaign, Corpus], None]
) -> None:
    load_reference(name="toy", source="toy.jsonl", prompts=[Prompt("toy", "7", LEAK)], by=None, now=NOW)
    campaign, twin = make_campaign(), make_campaign()
    corpus, same = pool("raced", campaign), pool("calm", twin)
    before = draw(twin, same, per_category=4).draw
    waiting = [lambda: change(campaign, corpus)]
    computed: list[None] = []

    def once() -> None:
        computed.append(None)
        if waiting:
            waiting.pop()()

    at_the_end(monkeypatch, once)
    raced = draw(campaign, corpus, per_category=4).draw
    monkeypatch.undo()
    assert raced is not None
    assert before is not None
    assert len(computed) >= 2
    assert recorded(raced) != recorded(before)
    # The same as where the change came first.
    other = make_campaign()
    calm = pool("calmer", other)
    change(other, calm)
    expected = draw(other, calm, per_category=4).draw
    assert expected is not None
    assert recorded(raced) == recorded(expected)
    assert drawfile.seed_lines(again(raced)) == drawfile.seed_lines(again(expected))


def again(draw: Draw) -> list[tuple[int, str, str, int]]:
    inputs = drawfile.read(settings.DATA_DIR / "draws", draw.inputs_digest)
    return [(rank, one.key, one.category, one.cluster) for rank, one in inputs.replay()]


def test_a_draw_whose_ground_keeps_moving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign("restless")
    corpus = pool("moving", campaign)
    at_the_end(monkeypatch, lambda: void(make_document(corpus)))
    events = Event.objects.count()
    with pytest.raises(CommandError, match="moving: it kept changing while seeds were drawn") as caught:
        call_command("draw_seeds", "restless", "--corpus", "moving", "--per-category", "2")
    assert (caught.value.returncode, "\n" in str(caught.value)) == (2, False)
    assert [model.objects.count() for model in (Draw, Seed, DrawExclusion)] == [0, 0, 0]
    assert Event.objects.count() == events


def void(_made: object) -> None:
    """What was made does not matter."""
