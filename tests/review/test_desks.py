"""Desks: what lies on them is what waits for a reviewer, however it came about, and however much is in review."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Item, Purpose, Revision
from campaigns import actions as campaigns
from campaigns.models import Role, User
from review import actions, desks
from review.models import Desk, Seat, Vote, Waiting
from review.queue import waiting, waiting_count
from sampling.models import Seed
from tests.constraints import refused
from tests.factories import NOW, later, make_reviewer, make_seeds
from tests.team import Team

pytestmark = pytest.mark.django_db


def at_work(team: Team, user: User) -> Desk:
    membership = team.campaign.memberships.get(user=user, role=Role.REVIEWER)
    return desks.desk_at_work(campaign=team.campaign, membership=membership, now=team.now)


def on_desk(team: Team, user: User) -> list[int | None]:
    return list(waiting(desk=at_work(team, user), now=team.now).values_list("revision__item", flat=True))


def ought_to_wait(team: Team, user: User) -> set[int]:
    """By the definition alone: current wordings in review that this person has neither written nor judged."""
    rows = Item.objects.filter(campaign=team.campaign, status="in_review").exclude(author=user)
    rows = rows.exclude(revisions__author=user)
    judged = Vote.objects.filter(reviewer=user).values("revision")
    return set(rows.exclude(revision__in=judged).values_list("pk", flat=True))


def lying(team: Team, user: User) -> set[int]:
    return set(Waiting.objects.filter(desk=at_work(team, user)).values_list("revision__item", flat=True))


def agree(team: Team, *more: User) -> None:
    for user in [*team.reviewers, *more]:
        assert lying(team, user) == ought_to_wait(team, user), user
        for row in Waiting.objects.filter(desk__membership__user=user).select_related("revision"):
            assert row.votes_in == row.revision.votes.count()
            own = Seat.objects.filter(revision=row.revision, reviewer=user).exists()
            assert own == (row.place == Waiting.Place.SEATED)


def test_a_wording_lies_on_every_desk_but_its_authors_until_it_is_judged(team: Team) -> None:
    campaigns.add_member(campaign=team.campaign, user=team.author, role=Role.REVIEWER, by=None, now=NOW)
    item = team.item()
    agree(team, team.author)
    assert on_desk(team, team.author) == []
    for at, reviewer in enumerate(team.reviewers):
        assert on_desk(team, reviewer) == [item.pk]
        team.vote(item, reviewer)
        assert on_desk(team, reviewer) == []
        agree(team)
        assert Waiting.objects.count() == 3 - at
    assert Item.objects.get(pk=item.pk).queued_at is None


def test_what_a_lead_decides_clears_the_desks_and_a_new_wording_comes_back_to_them(team: Team) -> None:
    item, other = team.item(), team.item()
    agree(team)
    actions.withdraw(item=other, note="No.", by=team.lead, now=NOW)
    agree(team)
    team.vote(item, team.reviewers[0])
    item.refresh_from_db()
    team.sent_back(item)
    agree(team)
    assert on_desk(team, team.reviewers[0]) == [item.pk]


def test_seats_and_what_was_passed_on_stand_on_the_desk(team: Team) -> None:
    first, second = team.item(), team.item()
    one = team.reviewers[0]
    seat = actions.take_seat(campaign=team.campaign, by=one, now=NOW)
    assert seat is not None
    agree(team)
    actions.pass_on(revision=seat.revision, by=one, now=NOW)
    assert on_desk(team, one) == [second.pk, first.pk]
    again = actions.take_seat(campaign=team.campaign, by=one, now=NOW)
    assert again is not None
    assert again.revision.item_id == second.pk
    assert on_desk(team, one) == [second.pk, first.pk]


def test_who_takes_over_a_seat_that_ran_out_leaves_the_wording_open_to_its_former_holder(team: Team) -> None:
    campaigns.change_rules(campaign=team.campaign, rules={"quorum": 1, "reviewers": 1}, by=None, now=NOW)
    team.campaign.refresh_from_db()
    item = team.item()
    one, two = team.reviewers[:2]
    assert actions.take_seat(campaign=team.campaign, by=one, now=NOW) is not None
    assert actions.take_seat(campaign=team.campaign, by=two, now=NOW) is None
    team.now = later(minutes=31)
    assert actions.take_seat(campaign=team.campaign, by=two, now=team.now) is not None
    agree(team)
    assert on_desk(team, one) == []
    assert on_desk(team, two) == [item.pk]


def test_who_becomes_a_reviewer_finds_what_was_in_review_before(team: Team) -> None:
    items = [team.item() for _ in range(3)]
    team.vote(items[0], team.reviewers[0])
    agree(team)
    new = make_reviewer(team.campaign)
    assert not Desk.objects.filter(membership__user=new).exists()
    assert waiting_count(campaign=team.campaign, by=new, now=NOW).number == 3
    assert on_desk(team, new) == [items[0].pk, items[1].pk, items[2].pk]
    agree(team, new)


def test_a_desk_goes_with_the_role_and_is_filled_anew_when_the_role_comes_back(team: Team) -> None:
    judged, other = team.item(), team.item()
    one = team.reviewers[0]
    team.vote(judged, one)
    agree(team)
    campaigns.remove_member(membership=team.campaign.memberships.get(user=one), by=team.lead, now=NOW)
    assert not Waiting.objects.filter(desk__membership__user=one).exists()
    later_on = team.item()
    campaigns.add_member(campaign=team.campaign, user=one, role=Role.REVIEWER, by=team.lead, now=NOW)
    assert set(on_desk(team, one)) == {other.pk, later_on.pk}
    agree(team)


def test_a_desk_whose_filling_was_cut_off_is_filled_on(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(7):
        team.item()
    agree(team)
    new = make_reviewer(team.campaign)
    monkeypatch.setattr(desks, "_ITEMS", 1)  # five at a time
    real, calls = desks._lay, []

    def dies(*given: Any) -> None:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(desks, "_lay", dies)
    with pytest.raises(KeyboardInterrupt):
        at_work(team, new)
    assert not Desk.objects.get(membership__user=new).filled
    assert Waiting.objects.filter(desk__membership__user=new).count() == 5
    agree(team, new)


def test_practice_and_planted_items_lie_on_no_desk_and_count_nowhere(team: Team) -> None:
    item = team.item()
    Item.objects.filter(pk=item.pk).update(purpose=Purpose.PRACTICE)
    assert on_desk(team, team.reviewers[0]) == []
    assert not team.campaign.items.counted().exists()
    assert waiting_count(campaign=team.campaign, by=team.reviewers[0], now=NOW).number == 0


def test_only_what_is_in_review_is_marked_as_laid_out(team: Team) -> None:
    item = team.item(True, True, True, True)
    with refused("queued_item_is_in_review"):
        Item.objects.filter(pk=item.pk).update(queued_at=NOW)


def test_a_purpose_is_one_of_the_known(team: Team) -> None:
    item = team.item()
    with refused("item_purpose_known"):
        Item.objects.filter(pk=item.pk).update(purpose="fun")


def test_a_wording_lies_on_a_desk_once(team: Team) -> None:
    team.item()
    row = Waiting.objects.filter(desk=at_work(team, team.reviewers[0])).get()
    with refused("one_place_per_desk_and_revision"):
        Waiting.objects.create(desk=row.desk, revision=row.revision, votes_in=0, since=NOW)


def test_a_place_on_a_desk_is_one_of_the_known(team: Team) -> None:
    team.item()
    row = Waiting.objects.filter(desk=at_work(team, team.reviewers[0])).get()
    with refused("place_on_a_desk_known"):
        Waiting.objects.filter(pk=row.pk).update(place=3)


def many_in_review(team: Team, number: int) -> None:
    """Rows as the actions leave them, in bulk."""
    seeds = make_seeds(team.campaign, number)
    Seed.objects.filter(pk__in=[seed.pk for seed in seeds]).update(status="submitted")
    items = Item.objects.bulk_create(
        Item(campaign=team.campaign, seed=seed, author=team.author, submitted_at=NOW) for seed in seeds
    )
    category = seeds[0].category
    wordings = Revision.objects.bulk_create(
        Revision(
            item=item, number=1, original="o", knowledge="k", query=f"Query {item.pk}?", difficulty="easy",
            programming_languages=["Go"], natural_language="en", category=category, author=team.author,
            digest=f"{item.pk:064}", reviewers=4, quorum=3, created_at=NOW,
        )
        for item in items
    )  # fmt: skip
    for item, wording in zip(items, wordings, strict=True):
        item.revision = wording
    Item.objects.bulk_update(items, ["revision"], batch_size=200)


def plan(rows: Any) -> str:
    return str(rows.explain())


def test_taking_and_voting_cost_the_same_with_a_thousand_times_as_much_in_review(team: Team) -> None:
    """Two wordings or two thousand: the same statements, none of which sorts or reads a whole table."""

    def costs(at: datetime) -> int:
        with CaptureQueriesContext(connection) as captured:
            seat = actions.take_seat(campaign=team.campaign, by=team.reviewers[0], now=at)
            assert seat is not None
            item = seat.revision.item
            team.vote(item, team.reviewers[0], revision=seat.revision, digest=seat.revision.digest)
        return len(captured)

    many_in_review(team, 2)
    for reviewer in team.reviewers:
        at_work(team, reviewer)
    few = costs(NOW)
    many_in_review(team, 2000)
    for reviewer in team.reviewers:
        at_work(team, reviewer)
    assert costs(NOW) == few
    if connection.vendor == "postgresql":  # which knows nothing yet of rows written in this transaction
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    rows = waiting(desk=at_work(team, team.reviewers[0]), now=NOW).select_related("revision")[:1]
    found = plan(rows)
    assert "desk_in_order" in found
    assert "TEMP B-TREE" not in found  # SQLite's word for sorting
    assert "Sort" not in found
    new = plan(team.campaign.items.new_in_review().values_list("pk", flat=True)[:1])
    assert "item_queue" in new
    assert "TEMP B-TREE" not in new
    assert "Sort" not in new
