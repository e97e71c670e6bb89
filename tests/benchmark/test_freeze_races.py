"""Freezing while others work: nobody waits, and what is frozen is of one moment."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from annotation import actions as annotation
from annotation import leases
from annotation.models import Draft, Item
from benchmark import actions, bundle, eligibility, proposal, queries
from benchmark.models import Release, ReleaseExclusion, ReleaseItem
from campaigns.actions import change_rules
from campaigns.models import Event
from decontamination import actions as decontamination
from decontamination import waivers
from decontamination.checks import current_check
from decontamination.models import Reference
from review import actions as review
from review.models import Vote
from tests.benchmark.conftest import PROMPT, make_reference
from tests.factories import NOW, later, make_annotator, make_seeds
from tests.team import Team, make_team
from tests.threads import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    return make_team()


def before_the_end(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> list[int]:
    """At the end of each pass one of them happens, after the draft was written. The drafts' pks, as they come."""
    settle, waiting, drafts = actions._settle, list(acts), list[int]()

    def late(computed: proposal.Proposal, *rest: Any) -> None:
        drafts.append(computed.release.pk)
        if waiting:
            elsewhere(waiting.pop(0))
        settle(computed, *rest)

    monkeypatch.setattr(actions, "_settle", late)
    return drafts


def work(team: Team) -> Callable[[], None]:
    """What an annotator and a reviewer do all day, once more at each call."""
    annotator = make_annotator(team.campaign)
    items = [team.item() for _ in range(30)]
    make_seeds(team.campaign)
    seed = leases.claim_next(campaign=team.campaign, by=annotator, now=NOW)
    assert seed is not None

    def go() -> None:
        fields = {"query": f"With {len(items)} left"}
        annotation.save_draft(seed=seed, token=seed.lease_token, fields=fields, by=annotator, now=NOW)
        team.votes(items.pop(), [True])

    return go


def test_others_write_while_it_is_read_computed_and_written(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        team.item(True, True, True, True)
    go, done = work(team), list[str]()

    def others(where: str) -> None:
        elsewhere(go)  # fails if they wait
        done.append(where)

    state, refusals, step = queries.state, eligibility.refusals, actions._step

    def slow_state(campaign: Any) -> queries.State:
        read = state(campaign)
        others("reading")
        assert Vote.objects.count() == 12  # the snapshot is still open
        return read

    def slow_refusals(*arguments: Any) -> Any:
        others("computing")
        return refusals(*arguments)

    @contextmanager
    def slow_step(draft: int) -> Iterator[None]:
        with step(draft):
            yield
        others("writing")

    monkeypatch.setattr(queries, "state", slow_state)
    monkeypatch.setattr(proposal, "refusals", slow_refusals)
    monkeypatch.setattr(actions, "_step", slow_step)
    monkeypatch.setattr(actions, "_BATCH", 2)
    release = team.freeze()
    assert done == ["reading", "computing"] + ["writing"] * 17  # 3 items and 30 that are left out, two at a time
    assert Draft.objects.get().fields == {"query": "With 12 left"}
    assert Vote.objects.count() == 12 + 19
    assert release.size == 3
    assert bundle.digest(actions.build(release)) == release.digest


@pytest.mark.parametrize("attempt", range(3))
def test_two_who_freeze_at_once_get_the_same_release(team: Team, attempt: int) -> None:
    team.mixed()
    start = threading.Barrier(2)
    got: list[Any] = []

    def freeze() -> None:
        try:
            start.wait()
            got.append(actions.freeze(campaign=team.campaign, by=team.lead, now=later(60)).digest)
        except Exception as error:
            got.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=freeze) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [*got] == [Release.objects.get().digest] * 2
    assert Event.objects.filter(verb="release frozen").count() == 1


def test_who_is_slower_gets_what_was_frozen_meanwhile(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.item(True, True, True, True)
    drafts = before_the_end(monkeypatch, team.freeze)
    release = team.freeze()
    assert Release.objects.get() == release
    assert (release.number, len(drafts)) == (1, 2)


def test_an_item_withdrawn_after_it_was_read_is_not_released(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    stays, goes = team.item(True, True, True, True), team.item(True, True, True, True)
    drafts = before_the_end(monkeypatch, lambda: review.withdraw(item=goes, note="No.", by=team.lead, now=NOW))
    release = team.freeze()
    assert list(release.items.values_list("item", flat=True)) == [stays.pk]
    assert list(release.exclusions.values_list("item", "reason")) == [(goes.pk, "withdrawn")]
    assert len(drafts) == 2
    assert Release.objects.get() == release


def test_an_item_rewritten_after_it_was_read_is_released_in_no_old_wording(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.item(True, True, True, True)
    item = team.item(True, True, True, True)

    def rewrite() -> None:
        team.sent_back(item, query="How do I count the lines of a large file?")
        team.votes(item, [True, True, True, True])

    before_the_end(monkeypatch, rewrite)
    queries = team.freeze().items.values_list("revision__query", flat=True)
    assert "How do I count the lines of a large file?" in queries
    assert len(queries) == 2


def test_an_item_accepted_after_it_was_read_waits_for_the_next_release(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.item(True, True, True, True)
    late = team.item()
    drafts = before_the_end(monkeypatch, lambda: team.votes(late, [True, True, True, True]))
    release = team.freeze()
    assert (len(drafts), release.items.count()) == (1, 1)
    assert list(release.exclusions.values_list("item", "reason")) == [(late.pk, "in_review")]
    assert team.freeze().items.count() == 2


def waived(team: Team) -> None:
    run = current_check(team.campaign).leaks(PROMPT)[0].run
    waivers.waive(campaign=team.campaign, run=run, reason="x", by=team.lead, now=NOW)


CHANGES: dict[str, tuple[Callable[[Team], object], bool]] = {  # what happens; whether the query that leaks is in then
    "references": (lambda team: make_reference("other", "count the words of file number one"), False),
    "retired": (
        lambda team: decontamination.retire(reference=Reference.objects.get(), by=None, now=NOW),
        True,
    ),
    "rules": (lambda team: change_rules(campaign=team.campaign, rules={"ngram": 20}, by=None, now=NOW), False),
    "waivers": (waived, True),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_holds_at_the_end_was_computed_with(team: Team, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team.item(True, True, True, True)
    leak = team.item(True, True, True, True, query=f"{PROMPT}, please.")
    make_reference()
    act, released = CHANGES[change]
    drafts = before_the_end(monkeypatch, lambda: act(team))
    release = team.freeze()
    assert len(drafts) == 2
    assert release.items.filter(item=leak).exists() == released
    monkeypatch.undo()
    assert team.freeze() == release


def test_what_changes_each_time_ends_in_a_refusal_and_leaves_nothing(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [team.item(True, True, True, True) for _ in range(4)]
    monkeypatch.setattr(actions, "_PASSES", 3)

    def withdrawal(item: Item) -> Callable[[], object]:
        return lambda: review.withdraw(item=item, note="No.", by=team.lead, now=NOW)

    before_the_end(monkeypatch, *map(withdrawal, items[:3]))
    with pytest.raises(actions.Overtaken, match="changed each time"):
        team.freeze()
    assert not Release.objects.exists()
    assert team.freeze().number == 1


def test_a_failure_half_way_leaves_nothing(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.mixed()

    def fail(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(actions, "_settle", fail)
    with pytest.raises(RuntimeError):
        team.freeze()
    assert [rows.objects.count() for rows in (Release, ReleaseItem, ReleaseExclusion)] == [0, 0, 0]


KILLED = """
import os, signal, django
django.setup()
from django.utils import timezone
from benchmark import actions
from campaigns.models import Campaign
hold, left = actions._hold, [0, 0, 0]
def killed(draft):
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left.pop()
    hold(draft)
actions._hold, actions._BATCH = killed, 1
actions.freeze(campaign=Campaign.objects.get(), by=None, now=timezone.now())
"""


def test_a_killed_process_leaves_a_draft_that_neither_shows_nor_blocks(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.mixed()
    database = connection.settings_dict
    where = (
        f"sqlite:///{database['NAME']}"
        if connection.vendor == "sqlite"
        else "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    )
    environment = {**os.environ, "DATABASE_URL": where, "QUORUM_DATA_DIR": str(settings.DATA_DIR)}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, cwd=settings.BASE_DIR, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()
    draft = Release.objects.get()
    assert (draft.status, draft.items.count(), draft.exclusions.count()) == ("draft", 3, 0)
    assert not Release.objects.frozen().exists()

    monkeypatch.setattr(actions, "_BATCH", 2)  # it takes more than one step to remove it
    release = team.freeze()
    assert Release.objects.get() == release
    assert (release.number, ReleaseItem.objects.count(), ReleaseExclusion.objects.count()) == (1, 3, 4)


def test_who_finds_their_draft_gone_begins_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.mixed()
    drafts = before_the_end(monkeypatch, lambda: actions._remove(Release.objects.all()))
    release = team.freeze()
    assert Release.objects.get() == release
    assert (len(drafts), release.items.count()) == (2, 3)


def test_drafts_go_once_their_number_is_taken(team: Team) -> None:
    team.mixed()
    release = team.freeze()
    Release.objects.create(campaign=team.campaign, number=1, created_at=NOW)
    at_work = Release.objects.create(campaign=team.campaign, number=2, created_at=NOW)
    assert team.freeze() == release
    assert list(Release.objects.drafts()) == [at_work]
    team.item(True, True, True, True)
    assert team.freeze().number == 2
    assert not Release.objects.drafts().exists()
