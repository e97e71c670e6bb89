"""Freezing: what gets in, that it never changes, and that its bundle is rebuilt from the rows alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from annotation.models import Item
from benchmark import actions, bundle, proposal, verify
from benchmark.audit import audit
from benchmark.models import Release, ReleaseExclusion, ReleaseItem
from campaigns.actions import change_rules
from campaigns.models import Category, Event, Verb
from decontamination import actions as decontamination
from decontamination import waivers
from decontamination.checks import current_check
from decontamination.models import Reference
from review.models import Vote
from tests.benchmark.conftest import PROMPT, make_reference
from tests.constraints import refused
from tests.factories import NOW, later
from tests.team import Team


def rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[name].splitlines()]


def reasons(release: Release) -> dict[int, str]:
    return dict(release.exclusions.order_by("item").values_list("item", "reason"))


def test_only_agreed_and_clean_items_get_in_and_every_other_has_its_reason(team: Team) -> None:
    items = team.mixed()
    leak = team.item(True, True, True, True, query=f"{PROMPT}, please.")
    make_reference()
    release = team.freeze()
    assert {row.item_id for row in release.items.order_by("position")} == {
        items[name].pk for name in ("first", "second", "chinese")
    }
    assert reasons(release) == {
        items["rejected"].pk: "rejected",
        items["waiting"].pk: "in_review",
        items["returned"].pk: "returned",
        items["withdrawn"].pk: "withdrawn",
        leak.pk: "leak",
    }


def test_votes_on_an_earlier_wording_do_not_count(team: Team) -> None:
    team.item(True, True, True, True)
    item = team.item(True, True, True, False)
    team.sent_back(item)
    team.votes(item, [True, True, False, False])
    assert reasons(team.freeze()) == {item.pk: "rejected"}


def test_the_votes_are_believed_and_not_the_status(team: Team) -> None:
    team.item(True, True, True, True)
    item = team.item(True, True)
    Item.objects.filter(pk=item.pk).update(status=Item.Status.ACCEPTED)
    assert reasons(team.freeze()) == {item.pk: "in_review"}


def test_the_database_takes_no_released_item_without_its_quorum(team: Team) -> None:
    item = team.item(True, True, False, False)
    assert item.revision is not None
    release = Release.objects.create(campaign=team.campaign, number=1, created_at=NOW)
    for valid in (2, 3):
        with refused("released_item_has_its_quorum"):
            release.items.create(position=1, item=item, revision=item.revision, valid_votes=valid, votes=4, uid="a")


def test_the_same_state_is_one_release_with_the_same_bytes(team: Team) -> None:
    team.mixed()
    first = team.freeze()
    again = team.freeze()
    assert again == first
    assert Release.objects.count() == 1
    assert actions.build(first) == actions.build(again)
    event = Event.objects.get(verb=Verb.RELEASE_FROZEN)
    assert {name: event.data[name] for name in ("number", "items", "excluded", "digest")} == {
        "number": 1,
        "items": 3,
        "excluded": 4,
        "digest": first.digest,
    }


def test_a_new_item_makes_a_new_release_and_leaves_the_old_one_as_it_was(team: Team) -> None:
    team.item(True, True, True, True)
    first = team.freeze()
    before = actions.build(first)
    team.item(True, True, True, True)
    second = team.freeze()
    assert (second.number, second.items.count()) == (2, 2)
    assert actions.build(first) == before


def test_a_reference_loaded_later_takes_leaks_out_of_the_next_release_only(team: Team) -> None:
    team.item(True, True, True, True)
    leak = team.item(True, True, True, True, query=f"{PROMPT}, please.")
    first = team.freeze()
    make_reference()
    second = team.freeze()
    assert first.items.count() == 2
    assert reasons(second) == {leak.pk: "leak"}


def test_nothing_is_frozen_where_nothing_is_agreed_on(team: Team) -> None:
    team.item(True, True, False, False)
    with pytest.raises(actions.NothingToRelease, match="1 are left out"):
        team.freeze()
    assert not Release.objects.exists()


def test_the_bundle_is_the_same_after_everything_around_it_changed(team: Team, reference: Reference) -> None:
    items = team.mixed()
    release = team.freeze()
    before = actions.build(release)

    change_rules(campaign=team.campaign, rules={"name": "New", "quorum": 4, "ngram": 5}, by=None, now=NOW)
    decontamination.retire(reference=reference, by=None, now=NOW)
    make_reference("other", "count the words of file number one")
    for user in (*team.reviewers, team.author):
        user.first_name, user.username = "Someone", f"renamed-{user.pk}"
        user.save()
    Category.objects.update(major="Renamed")
    Category.objects.filter(slug="security").update(name="Renamed")
    document = items["first"].seed.document
    document.url, document.licence, document.title = "https://elsewhere.example.org/", "MIT", "Another"
    document.save()
    corpus = document.corpus
    corpus.name = "renamed"
    corpus.save()

    rebuilt = actions.build(Release.objects.get(pk=release.pk))
    assert rebuilt == before
    assert bundle.digest(rebuilt) == release.digest


def test_the_bundle_is_the_same_under_a_later_version_of_card_and_verifier(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.item(True, True, True, True)
    release = team.freeze()
    before = actions.build(release)
    monkeypatch.setattr(proposal, "card", lambda content, rows: "Another card")
    assert actions.build(release) == before
    assert team.freeze() == release


def test_a_bundle_that_no_longer_comes_out_the_same_is_not_handed_out(team: Team, monkeypatch: Any) -> None:
    team.item(True, True, True, True)
    release = team.freeze()
    monkeypatch.setattr(bundle, "mapping", lambda facts: {})
    with pytest.raises(actions.BrokenRelease, match="release 1"):
        actions.build(release)


def frozen(team: Team) -> Release:
    team.item(True, True, True, True)
    team.item(True, True, False, False)
    return team.freeze()


def test_a_frozen_release_never_changes(team: Team) -> None:
    release = frozen(team)
    changes: list[dict[str, Any]] = [{"status": "draft"}, {"digest": "0"}, {"facts": {}}, {"number": 9}]
    for change in changes:
        with refused("frozen_release_never_changes"):
            Release.objects.filter(pk=release.pk).update(**change)
    with (
        refused("frozen_release_never_changes"),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM benchmark_release WHERE id = %s", [release.pk])


@pytest.mark.parametrize(
    ("rows", "kept", "closed"),
    [
        (ReleaseItem, "frozen_release_keeps_its_items", "frozen_release_takes_no_items"),
        (ReleaseExclusion, "frozen_release_keeps_its_exclusions", "frozen_release_takes_no_exclusions"),
    ],
    ids=["items", "exclusions"],
)
def test_a_frozen_release_keeps_its_items_and_exclusions_and_takes_no_more(
    team: Team, rows: Any, kept: str, closed: str
) -> None:
    release = frozen(team)
    row = rows.objects.get(release=release)
    with refused(kept, closed):
        rows.objects.filter(pk=row.pk).update(uid="0")
    with refused(kept):
        rows.objects.filter(pk=row.pk).delete()

    other = team.item(True, True, True, True)
    row.pk, row.uid, row.item, row.revision, row.valid_votes, row.votes, row.position = (
        None, "0", other, other.revision, 4, 4, 9,
    )  # fmt: skip
    with refused(closed):
        row.save()
    row.release = Release.objects.create(campaign=team.campaign, number=7, created_at=NOW)
    row.save()
    with refused(closed):
        rows.objects.filter(pk=row.pk).update(release=release)


def test_two_drafts_may_have_one_number_but_no_two_frozen_releases(team: Team) -> None:
    first = frozen(team)
    drafts = [Release.objects.create(campaign=team.campaign, number=first.number, created_at=NOW) for _ in range(2)]
    with refused("one_frozen_release_per_campaign_and_number"):
        Release.objects.filter(pk=drafts[0].pk).update(status="frozen", frozen_at=NOW, digest="0")


def test_a_frozen_release_has_a_digest(team: Team) -> None:
    with refused("frozen_release_has_a_digest"):
        Release.objects.create(campaign=team.campaign, number=1, created_at=NOW, frozen_at=NOW, status="frozen")


def test_freezing_takes_the_same_number_of_queries_for_more_items(
    team: Team, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        team.item(True, True, True, True)
    with django_assert_max_num_queries(28):
        team.freeze()
    for _ in range(9):
        team.item(True, True, True, True)
    with django_assert_max_num_queries(28):
        release = team.freeze()
    with django_assert_max_num_queries(3):
        actions.build(release)


def test_reviewers_are_numbered_by_what_they_said_and_rationales_stay_inside(team: Team) -> None:
    team.mixed()
    files = actions.build(team.freeze())
    everything = b"".join(files.values()).decode()
    for name in (*(user.first_name for user in team.reviewers), *(user.username for user in team.reviewers)):
        assert name not in everything
    assert "SECRET-RATIONALE" not in everything
    names = {ballot["reviewer"] for row in rows(files, verify.VOTES) for ballot in row["votes"]}
    assert names == {"reviewer-1", "reviewer-2", "reviewer-3", "reviewer-4"}
    assert Vote.objects.count() > 12  # there were more votes than those on released items


def test_waived_words_are_released_and_printed(team: Team, reference: Reference, tmp_path: Path) -> None:
    query = f"It fails with this message: {PROMPT}! Why?"
    run = current_check(team.campaign).leaks(query)[0].run
    waiver = waivers.waive(campaign=team.campaign, run=run, reason="A quoted message.", by=team.lead, now=NOW)
    item = team.item(True, True, True, True, query=query)
    other = team.item(True, True, True, True)
    release = team.freeze()
    files = actions.build(release)
    manifest = json.loads(files["manifest.json"])
    (row,) = manifest["waivers"]
    assert row.pop("items") == [release.items.get(item=item).uid]
    assert row == {
        "digest": waiver.digest, "words": 16, "reference": "toy", "key": "1", "by": "lead",
        "reason": "A quoted message.",
    }  # fmt: skip
    card = files["README.md"].decode()
    assert "A quoted message." in card
    assert waiver.digest in card
    assert team.lead.name() not in card
    actions.write_bundle(release, tmp_path / "bundle")
    found = audit(tmp_path / "bundle")
    assert (found.findings, found.rechecked) == ([], True)

    waivers.withdraw(waiver=waiver, reason="Not quoted.", by=team.lead, now=later(70))
    assert actions.build(release) == files
    assert audit(tmp_path / "bundle").findings == []
    newer = actions.freeze(campaign=team.campaign, by=team.lead, now=later(80))
    assert [row.item for row in newer.items.all()] == [other]
    assert newer.facts["waivers"] == []
    assert [row.reason for row in newer.exclusions.all()] == ["leak"]


def test_a_waiver_that_no_item_needs_is_not_printed(team: Team, reference: Reference) -> None:
    first_words = current_check(team.campaign).leaks(PROMPT)[0].run
    team.item(True, True, True, True)
    release = team.freeze()
    waivers.waive(campaign=team.campaign, run=first_words, reason="x", by=team.lead, now=NOW)
    assert team.freeze() == release


def test_a_forged_waiver_is_found(team: Team, reference: Reference, tmp_path: Path) -> None:
    run = current_check(team.campaign).leaks(PROMPT)[0].run
    waivers.waive(campaign=team.campaign, run=run, reason="x", by=team.lead, now=NOW)
    team.item(True, True, True, True, query=PROMPT)
    actions.write_bundle(team.freeze(), tmp_path / "bundle")
    path = tmp_path / "bundle" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["waivers"][0] |= {"items": ["0" * 32], "reason": " ", "digest": "1" * 64}
    path.write_text(json.dumps(manifest))
    findings = " / ".join(audit(tmp_path / "bundle").findings)
    assert "has no reason" in findings
    assert "which is not released" in findings
    assert "does not name the waiver 111111111111" in findings
    assert "shares 16 words with toy 1" in findings
