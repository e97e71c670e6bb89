from typing import Any

import pytest

from annotation import actions, leases
from annotation.actions import BadWording, Leaks, NotSentBack, NotTheAuthor, ReasonMissing
from annotation.leases import LeaseLost
from annotation.models import Draft, Item, Revision
from annotation.wording import Wording
from annotation.workflow import ITEM, SEED
from campaigns import events
from campaigns.access import NotAllowed
from campaigns.actions import change_rules
from campaigns.models import Campaign, Event, Membership, User, Verb
from campaigns.transitions import IllegalTransition, move
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling.models import Seed
from tests.constraints import refused
from tests.factories import NOW, later, make_annotator, make_lead, make_seeds
from tests.team import wording, write_item

pytestmark = pytest.mark.django_db

PROMPT = "Given a list of integers return the largest product of any three distinct positions in linear time."


def submit(seed: Seed, by: User, **changes: Any) -> Item:
    return actions.submit(seed=seed, token=seed.lease_token, fields=wording(**changes), by=by, now=NOW)


def send_back(item: Item, lead: User) -> None:
    to, campaign = Item.Status.RETURNED, item.campaign
    move(item, to, table=ITEM, campaign=campaign, by=lead, now=NOW, verb=Verb.ITEM_SENT_BACK)


def test_every_status_is_in_its_workflow() -> None:
    assert {*SEED, *(to for ends in SEED.values() for to in ends)} == set(Seed.Status.values)
    assert {*ITEM, *(to for ends in ITEM.values() for to in ends)} == set(Item.Status.values)


# drafts


def test_a_draft_keeps_text_as_typed_and_extends_the_lease(held: Seed, annotator: User, campaign: Campaign) -> None:
    typed = {"query": "  half a sen", "programming_languages": ["Klingon"], "difficulty": ""}
    actions.save_draft(seed=held, token=held.lease_token, fields=typed, by=annotator, now=later(minutes=20))
    assert Draft.objects.get().fields == typed
    held.refresh_from_db()
    assert held.lease_expires_at == later(minutes=20 + campaign.lease_minutes)


def test_a_draft_is_one_row_and_holds_only_the_forms_fields(held: Seed, annotator: User) -> None:
    for query in ("a", "ab", "abc\x00"):
        fields = {"query": query, "csrfmiddlewaretoken": "x", "token": held.lease_token}
        actions.save_draft(seed=held, token=held.lease_token, fields=fields, by=annotator, now=NOW)
    assert Draft.objects.get().fields == {"query": "abc"}


def test_a_lost_lease_leaves_the_earlier_draft(held: Seed, annotator: User, campaign: Campaign) -> None:
    actions.save_draft(seed=held, token=held.lease_token, fields=wording(query="mine"), by=annotator, now=NOW)
    leases.claim_next(campaign=campaign, by=make_annotator(campaign), now=later(days=1))
    with pytest.raises(LeaseLost):
        actions.save_draft(
            seed=held, token=held.lease_token, fields=wording(query="late"), by=annotator, now=later(days=1)
        )
    assert Draft.objects.get().fields["query"] == "mine"


def test_one_draft_per_seed_and_annotator(held: Seed, annotator: User) -> None:
    actions.save_draft(seed=held, token=held.lease_token, fields={}, by=annotator, now=NOW)
    with refused("one_draft_per_seed_and_annotator"):
        Draft.objects.create(seed=held, annotator=annotator, saved_at=NOW)


# submitting


def test_submitting_makes_an_item_with_its_first_revision(held: Seed, annotator: User, campaign: Campaign) -> None:
    item = submit(held, annotator, query=" A query\r\nof two lines ", programming_languages=["Python", "C++", "Python"])
    item.refresh_from_db()
    assert (item.status, item.author, item.seed, item.submitted_at) == ("in_review", annotator, held, NOW)
    revision = item.revision
    assert revision is not None
    assert (revision.number, revision.query) == (1, "A query\nof two lines")
    assert revision.programming_languages == ["C++", "Python"]
    assert (revision.reviewers, revision.quorum) == (campaign.reviewers, campaign.quorum)
    assert revision.category.slug == "data-structures"
    held.refresh_from_db()
    assert (held.status, held.holder) == ("submitted", None)
    assert not Draft.objects.exists()
    assert Event.objects.filter(verb=Verb.ITEM_SUBMITTED, actor=annotator, object_id=str(item.pk)).count() == 1


def test_the_digest_can_be_counted_again_from_the_stored_revision(held: Seed, annotator: User) -> None:
    revision = submit(held, annotator, query="e\u0301tude\r\nzwei").revision
    assert revision is not None
    stored = Revision.objects.values(
        "query", "original", "knowledge", "difficulty", "programming_languages", "natural_language"
    ).get(pk=revision.pk)
    assert Wording.of(stored | {"category": revision.category.slug}).digest() == revision.digest


def test_sent_twice_it_is_the_same_item(held: Seed, annotator: User) -> None:
    token = held.lease_token
    first = submit(held, annotator)
    again = Seed.objects.get(pk=held.pk)
    assert actions.submit(seed=again, token=token, fields=wording(), by=annotator, now=later(minutes=1)) == first
    assert Event.objects.filter(verb=Verb.ITEM_SUBMITTED).count() == 1


def test_other_text_for_a_seed_that_is_handed_in_is_not_lost_silently(held: Seed, annotator: User) -> None:
    token = held.lease_token
    submit(held, annotator)
    with pytest.raises(LeaseLost):
        actions.submit(seed=held, token=token, fields=wording(query="Another"), by=annotator, now=NOW)


def test_a_wording_with_gaps_is_refused_and_kept_as_draft(held: Seed, annotator: User) -> None:
    with pytest.raises(BadWording) as refused:
        submit(held, annotator, difficulty="", query="", programming_languages=["Python", "general"])
    assert set(refused.value.errors) == {"difficulty", "query", "programming_languages"}
    assert not Item.objects.exists()
    assert Draft.objects.get().fields["knowledge"] == wording()["knowledge"]
    held.refresh_from_db()
    assert held.status == "claimed"


def test_a_category_of_another_taxonomy_is_refused(held: Seed, annotator: User) -> None:
    with pytest.raises(BadWording):
        submit(held, annotator, category="gardening")


def test_a_leaking_query_is_refused_and_kept_as_draft(held: Seed, annotator: User) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "7", PROMPT)], source="test", by=None, now=NOW)
    query = "Please: given a list of integers, return the LARGEST product of any three numbers."
    with pytest.raises(Leaks) as refused:
        submit(held, annotator, query=query)
    (match,) = refused.value.matches
    assert (match.reference, match.key, match.words) == ("toy", "7", 12)
    assert query[match.start : match.end].startswith("given a list")
    assert not Item.objects.exists()
    assert Draft.objects.get().fields["query"] == query
    held.refresh_from_db()
    assert held.status == "claimed"


def test_the_campaigns_own_n_decides_what_a_leak_is(held: Seed, annotator: User, campaign: Campaign) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "7", PROMPT)], source="test", by=None, now=NOW)
    change_rules(campaign=campaign, rules={"ngram": 13}, by=None, now=NOW)
    held.campaign.refresh_from_db()
    query = "Please: given a list of integers, return the LARGEST product of any three numbers."
    assert submit(held, annotator, query=query).status == "in_review"


def test_killed_in_the_middle_nothing_is_half_done(
    held: Seed, annotator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last write of a submission fails, after item, revision and seed were written."""
    real = events.record

    def die(verb: Verb, *rest: Any, **given: Any) -> Event:
        if verb == Verb.ITEM_SUBMITTED:
            raise KeyboardInterrupt
        return real(verb, *rest, **given)

    monkeypatch.setattr(events, "record", die)
    with pytest.raises(KeyboardInterrupt):
        submit(held, annotator)
    seed = Seed.objects.get(pk=held.pk)
    assert (seed.status, seed.holder) == ("claimed", annotator)
    assert not Item.objects.exists()
    assert not Revision.objects.exists()
    assert not Event.objects.filter(verb=Verb.SEED_SUBMITTED).exists()
    assert Draft.objects.get().fields["query"] == wording()["query"]
    monkeypatch.undo()
    seed.campaign = held.campaign
    assert submit(seed, annotator).status == "in_review"


# skipping


def test_a_skipped_seed_keeps_its_reason_and_loses_its_draft(held: Seed, annotator: User) -> None:
    token = held.lease_token
    actions.save_draft(seed=held, token=token, fields=wording(), by=annotator, now=NOW)
    actions.skip(seed=held, token=token, reason=" not\nabout code ", by=annotator, now=NOW)
    held.refresh_from_db()
    assert (held.status, held.skip_reason, held.holder) == ("skipped", "not about code", None)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_seed_is_not_skipped_without_a_reason(held: Seed, annotator: User, reason: str) -> None:
    with pytest.raises(ReasonMissing):
        actions.skip(seed=held, token=held.lease_token, reason=reason, by=annotator, now=NOW)
    held.refresh_from_db()
    assert held.status == "claimed"


def test_a_lead_puts_a_skipped_seed_back_at_its_place(held: Seed, annotator: User, campaign: Campaign) -> None:
    make_seeds(campaign, 2)
    actions.skip(seed=held, token=held.lease_token, reason="why", by=annotator, now=NOW)
    with pytest.raises(NotAllowed):
        actions.reopen_skipped(seed=held, by=annotator, now=NOW)
    actions.reopen_skipped(seed=held, by=make_lead(campaign), now=NOW)
    held.refresh_from_db()
    assert (held.status, held.skip_reason) == ("drawn", "")
    assert leases.claim_next(campaign=campaign, by=annotator, now=NOW) == held


def test_only_a_skipped_seed_is_reopened(held: Seed, annotator: User, campaign: Campaign) -> None:
    submit(held, annotator)
    with pytest.raises(IllegalTransition):
        actions.reopen_skipped(seed=Seed.objects.get(pk=held.pk), by=make_lead(campaign), now=NOW)


# revising


@pytest.fixture
def returned(campaign: Campaign, seed: Seed, annotator: User) -> Item:
    item = write_item(campaign, annotator)
    send_back(item, make_lead(campaign))
    return item


def test_a_new_wording_goes_back_into_review_by_the_rules_of_now(
    returned: Item, annotator: User, campaign: Campaign
) -> None:
    change_rules(campaign=campaign, rules={"reviewers": 3, "quorum": 2}, by=None, now=NOW)
    returned = Item.objects.get(pk=returned.pk)
    actions.revise(item=returned, fields=wording(query="Better"), by=annotator, now=later(minutes=5))
    returned.refresh_from_db()
    assert returned.status == "in_review"
    assert returned.revision is not None
    assert (returned.revision.number, returned.revision.query) == (2, "Better")
    assert (returned.revision.reviewers, returned.revision.quorum) == (3, 2)
    assert returned.revisions.get(number=1).query == wording()["query"]


def test_a_revision_sent_twice_is_one(returned: Item, annotator: User) -> None:
    stale = Item.objects.get(pk=returned.pk)
    first = actions.revise(item=returned, fields=wording(query="Better"), by=annotator, now=NOW)
    assert actions.revise(item=stale, fields=wording(query="Better"), by=annotator, now=NOW) == first
    assert actions.revise(item=returned, fields=wording(query="Better"), by=annotator, now=NOW) == first
    assert returned.revisions.count() == 2
    assert Event.objects.filter(verb=Verb.ITEM_REVISED).count() == 1
    assert not Draft.objects.filter(seed=returned.seed).exists()


def test_an_unchanged_wording_does_not_go_back(returned: Item, annotator: User) -> None:
    with pytest.raises(BadWording, match="Nothing has changed"):
        actions.revise(item=returned, fields=wording(query=wording()["query"] + "\n"), by=annotator, now=NOW)
    returned.refresh_from_db()
    assert returned.status == "returned"


def test_only_its_author_revises(returned: Item, annotator: User, campaign: Campaign) -> None:
    with pytest.raises(NotTheAuthor):
        actions.revise(item=returned, fields=wording(query="Mine"), by=make_annotator(campaign), now=NOW)
    Membership.objects.filter(user=annotator).delete()
    with pytest.raises(NotAllowed):
        actions.revise(item=returned, fields=wording(query="Mine"), by=annotator, now=NOW)


@pytest.mark.parametrize("status", ["in_review", "accepted", "rejected", "withdrawn"])
def test_only_an_item_that_was_sent_back_is_revised(
    campaign: Campaign, seed: Seed, annotator: User, status: str
) -> None:
    item = write_item(campaign, annotator)
    Item.objects.filter(pk=item.pk).update(status=status)
    item.refresh_from_db()
    with pytest.raises(NotSentBack):
        actions.revise(item=item, fields=wording(query="Better"), by=annotator, now=NOW)
    with pytest.raises(NotSentBack):
        actions.save_revision_draft(item=item, fields=wording(query="Better"), by=annotator, now=NOW)
    assert item.revisions.count() == 1
    assert not Draft.objects.exists()


def test_a_leaking_revision_is_refused_and_kept_as_draft(returned: Item, annotator: User) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "7", PROMPT)], source="test", by=None, now=NOW)
    with pytest.raises(Leaks):
        actions.revise(item=returned, fields=wording(query=PROMPT), by=annotator, now=NOW)
    assert returned.revisions.count() == 1
    assert Draft.objects.get().fields["query"] == PROMPT


# what the database itself refuses


@pytest.fixture
def item(campaign: Campaign, seed: Seed, annotator: User) -> Item:
    return write_item(campaign, annotator)


def test_revisions_append_only(item: Item) -> None:
    with refused("revisions_append_only"):
        Revision.objects.filter(item=item).update(query="Quietly changed")
    with refused("revisions_append_only"):
        Revision.objects.filter(item=item)._raw_delete("default")


def test_one_item_per_seed(item: Item, campaign: Campaign) -> None:
    with refused("one_item_per_seed"):
        Item.objects.create(campaign=campaign, seed=item.seed, author=make_annotator(campaign), submitted_at=NOW)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("revision_difficulty_known", {"difficulty": "fun"}),
        ("revision_has_a_query", {"query": ""}),
        ("revision_quorum_reachable", {"quorum": 5, "reviewers": 4}),
        ("revision_quorum_reachable", {"quorum": 0, "reviewers": 4}),
        ("one_revision_per_item_and_number", {"number": 1}),
    ],
)
def test_revision_constraints(item: Item, annotator: User, name: str, broken: dict[str, Any]) -> None:
    assert item.revision is not None
    fields = {
        field.attname: getattr(item.revision, field.attname) for field in Revision._meta.fields if field.name != "id"
    }
    with refused(name):
        Revision.objects.create(**fields | {"number": 2} | broken)
    Revision.objects.create(**fields | {"number": 2})


def test_item_status_known(item: Item) -> None:
    with refused("item_status_known"):
        Item.objects.filter(pk=item.pk).update(status="lost")
