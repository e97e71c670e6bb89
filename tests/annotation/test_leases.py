from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from annotation import actions, leases
from annotation.leases import LeaseLost
from annotation.models import Draft, Item
from campaigns.access import NotAllowed
from campaigns.actions import add_member
from campaigns.models import Campaign, Event, User, Verb
from campaigns.transitions import LostRace
from sampling.models import Seed
from tests.constraints import refused
from tests.factories import NOW, later, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds
from tests.team import wording

pytestmark = pytest.mark.django_db


def test_the_next_seed_is_the_first_in_the_order_of_the_draw(campaign: Campaign, annotator: User) -> None:
    first, second = make_seeds(campaign, 2)
    assert leases.claim_next(campaign=campaign, by=annotator, now=NOW) == first
    assert leases.claim_next(campaign=campaign, by=make_annotator(campaign), now=NOW) == second
    assert leases.claim_next(campaign=campaign, by=make_annotator(campaign), now=NOW) is None


def test_a_claim_names_holder_token_and_expiry(held: Seed, annotator: User, campaign: Campaign) -> None:
    held.refresh_from_db()
    assert (held.status, held.holder) == ("claimed", annotator)
    assert len(held.lease_token) == 43
    assert held.lease_expires_at == later(minutes=campaign.lease_minutes)
    assert Event.objects.filter(verb=Verb.SEED_CLAIMED, actor=annotator, object_id=str(held.pk)).count() == 1


def test_a_second_claim_gives_the_same_seed_renewed(held: Seed, annotator: User, campaign: Campaign) -> None:
    make_seeds(campaign, 3)
    again = leases.claim_next(campaign=campaign, by=annotator, now=later(minutes=10))
    assert again == held
    again.refresh_from_db()
    assert again.lease_token == held.lease_token
    assert again.lease_expires_at == later(minutes=10 + campaign.lease_minutes)


def test_a_seed_whose_lease_ran_out_is_still_ones_own_until_taken(
    held: Seed, annotator: User, campaign: Campaign
) -> None:
    make_seeds(campaign)
    assert leases.claim_next(campaign=campaign, by=annotator, now=later(days=1)) == held
    actions.save_draft(seed=held, token=held.lease_token, fields=wording(), by=annotator, now=later(days=2))


def test_a_lease_that_ran_out_is_claimable_by_others(held: Seed, annotator: User, campaign: Campaign) -> None:
    other = make_annotator(campaign)
    assert leases.claim_next(campaign=campaign, by=other, now=later(minutes=29)) is None
    taken = leases.claim_next(campaign=campaign, by=other, now=later(minutes=30))
    assert taken == held
    assert taken.lease_token != held.lease_token
    events = Event.objects.filter(object_type="seed", object_id=str(held.pk)).order_by("pk")
    assert [(event.verb, event.actor) for event in events] == [
        ("seed claimed", annotator),
        ("lease expired", None),
        ("seed claimed", other),
    ]
    assert events[1].data["holder"] == annotator.pk


@pytest.mark.parametrize("role", [make_lead, make_reviewer])
def test_only_annotators_claim(role: Callable[[Campaign], User], campaign: Campaign, seed: Seed) -> None:
    with pytest.raises(NotAllowed):
        leases.claim_next(campaign=campaign, by=role(campaign), now=NOW)
    with pytest.raises(NotAllowed):
        leases.claim_next(campaign=campaign, by=make_annotator(make_campaign()), now=NOW)
    seed.refresh_from_db()
    assert seed.status == "drawn"


def test_seeds_of_other_campaigns_are_not_claimed(campaign: Campaign, annotator: User) -> None:
    make_seeds(make_campaign())
    assert leases.claim_next(campaign=campaign, by=annotator, now=NOW) is None


def test_one_person_may_hold_a_seed_in_each_campaign(held: Seed, annotator: User) -> None:
    other = make_campaign()
    add_member(campaign=other, user=annotator, role="annotator", by=None, now=NOW)
    (seed,) = make_seeds(other)
    assert leases.claim_next(campaign=other, by=annotator, now=NOW) == seed


@pytest.mark.parametrize("token", ["", "x" * 43])
def test_a_wrong_token_opens_nothing(held: Seed, annotator: User, token: str) -> None:
    for attempt in (
        lambda: leases.renew(seed=held, token=token, by=annotator, now=NOW),
        lambda: leases.release(seed=held, token=token, by=annotator, now=NOW),
        lambda: actions.save_draft(seed=held, token=token, fields=wording(), by=annotator, now=NOW),
        lambda: actions.submit(seed=held, token=token, fields=wording(), by=annotator, now=NOW),
        lambda: actions.skip(seed=held, token=token, reason="why", by=annotator, now=NOW),
    ):
        with pytest.raises(LeaseLost):
            attempt()
    held.refresh_from_db()
    assert (held.status, held.holder) == ("claimed", annotator)
    assert not Draft.objects.exists()
    assert not Item.objects.exists()


def test_an_empty_token_renews_nothing_on_a_seed_without_lease(seed: Seed, annotator: User) -> None:
    with pytest.raises(LeaseLost):
        leases.renew(seed=seed, token="", by=annotator, now=NOW)


def test_somebody_elses_token_opens_nothing(held: Seed, campaign: Campaign) -> None:
    with pytest.raises(LeaseLost):
        leases.renew(seed=held, token=held.lease_token, by=make_annotator(campaign), now=NOW)


def test_a_released_seed_waits_again_and_its_draft_stays(held: Seed, annotator: User, campaign: Campaign) -> None:
    token = held.lease_token
    actions.save_draft(seed=held, token=token, fields=wording(), by=annotator, now=NOW)
    leases.release(seed=held, token=token, by=annotator, now=NOW)
    held.refresh_from_db()
    assert (held.status, held.holder, held.lease_token) == ("drawn", None, "")
    assert Draft.objects.get().fields["query"] == wording()["query"]
    with pytest.raises(LeaseLost):
        leases.release(seed=held, token=token, by=annotator, now=NOW)


def test_a_live_lease_does_not_expire(held: Seed) -> None:
    with pytest.raises(LostRace):
        leases.expire(seed=held, now=later(minutes=29))
    held.refresh_from_db()
    assert held.status == "claimed"


def test_a_claim_lost_between_reading_and_writing_takes_the_next(
    campaign: Campaign, annotator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody is quicker just after the queue was read."""
    first, second = make_seeds(campaign, 2)
    quicker, real, calls = make_annotator(campaign), leases.claim, list[Any]()

    def slow(**given: Any) -> None:
        if not calls:
            calls.append(given)
            real(seed=Seed.objects.get(pk=first.pk), by=quicker, now=NOW)
        real(**given)

    monkeypatch.setattr(leases, "claim", slow)
    assert leases.claim_next(campaign=campaign, by=annotator, now=NOW) == second
    first.refresh_from_db()
    assert first.holder == quicker


def test_a_claim_from_a_second_tab_between_reading_and_writing_gives_that_seed(
    campaign: Campaign, annotator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_seeds(campaign, 2)
    real, calls = leases.claim, list[Any]()

    def slow(**given: Any) -> None:
        if not calls:
            calls.append(given)
            real(seed=Seed.objects.get(pk=second.pk), by=annotator, now=NOW)
        real(**given)

    monkeypatch.setattr(leases, "claim", slow)
    assert leases.claim_next(campaign=campaign, by=annotator, now=NOW) == second
    first.refresh_from_db()
    assert first.status == "drawn"


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "claimed"},
        {"status": "claimed", "lease_token": "t", "lease_expires_at": NOW},
        {"lease_token": "t"},
        {"lease_expires_at": NOW},
        {"status": "submitted", "lease_token": "t"},
    ],
)
def test_one_live_lease_per_seed_is_whole_or_not_there(seed: Seed, broken: dict[str, object]) -> None:
    with refused("one_live_lease_per_seed"):
        Seed.objects.filter(pk=seed.pk).update(**broken)


def test_one_live_lease_per_annotator(held: Seed, annotator: User, campaign: Campaign) -> None:
    (other,) = make_seeds(campaign)
    with refused("one_live_lease_per_annotator"):
        Seed.objects.filter(pk=other.pk).update(
            status="claimed", holder=annotator, lease_token="t", lease_expires_at=later(minutes=5)
        )


def _all_at_once(attempts: list[Callable[[], Seed | None]]) -> list[Seed | None]:
    """Run each in its own thread and connection, as near to the same moment as can be."""
    start = Barrier(len(attempts))

    def run(attempt: Callable[[], Seed | None]) -> Seed | None:
        try:
            start.wait(timeout=30)
            return attempt()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


@pytest.mark.django_db(transaction=True)
def test_eight_people_race_for_five_seeds_and_each_seed_goes_to_one() -> None:
    campaign = make_campaign()
    seeds = make_seeds(campaign, 5)
    people = [make_annotator(campaign) for _ in range(8)]
    got = _all_at_once([partial(leases.claim_next, campaign=campaign, by=by, now=NOW) for by in people])
    taken = [seed for seed in got if seed is not None]
    assert sorted(seed.pk for seed in taken) == sorted(seed.pk for seed in seeds)
    assert got.count(None) == 3
    holders = Seed.objects.filter(status="claimed").values_list("pk", "holder")
    assert dict(holders) == {seed.pk: by.pk for seed, by in zip(got, people, strict=True) if seed is not None}
    assert Event.objects.filter(verb=Verb.SEED_CLAIMED).count() == 5


@pytest.mark.django_db(transaction=True)
def test_eight_tabs_of_one_person_get_the_same_seed() -> None:
    campaign = make_campaign()
    make_seeds(campaign, 5)
    by = make_annotator(campaign)
    got = _all_at_once([lambda: leases.claim_next(campaign=campaign, by=by, now=NOW)] * 8)
    assert len({seed.pk for seed in got if seed is not None}) == 1
    assert None not in got
    assert Seed.objects.filter(status="claimed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_people_race_for_one_lease_that_ran_out() -> None:
    campaign = make_campaign()
    make_seeds(campaign)
    leases.claim_next(campaign=campaign, by=make_annotator(campaign), now=NOW)
    people = [make_annotator(campaign) for _ in range(8)]
    now = later(days=1)
    got = _all_at_once([partial(leases.claim_next, campaign=campaign, by=by, now=now) for by in people])
    assert got.count(None) == 7
    assert Event.objects.filter(verb=Verb.LEASE_EXPIRED).count() == 1
    assert Event.objects.filter(verb=Verb.SEED_CLAIMED).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_eight_times_at_once_makes_one_item() -> None:
    campaign = make_campaign()
    make_seeds(campaign)
    by = make_annotator(campaign)
    held = leases.claim_next(campaign=campaign, by=by, now=NOW)
    assert held is not None

    def send() -> Seed:
        seed = Seed.objects.get(pk=held.pk)
        return actions.submit(seed=seed, token=held.lease_token, fields=wording(), by=by, now=NOW).seed

    got = _all_at_once([send] * 8)
    assert {seed.pk for seed in got if seed} == {held.pk}
    assert Item.objects.get().revisions.count() == 1
    assert not Draft.objects.exists()
