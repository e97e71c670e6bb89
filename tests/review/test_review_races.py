"""Reviewers at the same time, in threads with connections of their own."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Event, Verb
from review import actions
from review.models import Decision, Seat, Vote
from tests.factories import NOW, later
from tests.team import Team, TeamMaker

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all together; what each returned or raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=20)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, act) for act in acts]]


def votes(team: Team, item: Any, reviewers: Sequence[int], valid: bool = True) -> list[Callable[[], Any]]:
    return [partial(team.vote, item, team.reviewers[number], valid) for number in reviewers]


@pytest.fixture
def crowd(transactional_db: None, new_team: TeamMaker) -> Team:
    return new_team(reviewers=8)


@pytest.mark.parametrize("attempt", range(3))
def test_two_last_votes_at_once_give_one_decision(crowd: Team, attempt: int) -> None:
    item = crowd.item()
    crowd.votes(item, [True, True])
    outcomes = at_once(*votes(crowd, item, [2, 3]))
    assert [type(outcome) for outcome in outcomes] == [Vote, Vote]
    assert Decision.objects.get().valid_votes == 4
    item.refresh_from_db()
    assert item.status == "accepted"
    assert Event.objects.filter(verb=Verb.ITEM_ACCEPTED).count() == 1


def test_eight_votes_at_once_fill_four_seats_and_the_rest_are_told(crowd: Team) -> None:
    item = crowd.item()
    outcomes = at_once(*votes(crowd, item, range(8)))
    assert Counter(type(outcome) for outcome in outcomes) == {Vote: 4, actions.Decided: 4}
    assert sorted(Vote.objects.values_list("seat", flat=True)) == [1, 2, 3, 4]
    assert Decision.objects.count() == 1


def test_a_vote_sent_twice_at_once_is_one_vote(crowd: Team) -> None:
    item = crowd.item()
    outcomes = at_once(*votes(crowd, item, [0, 0, 0]))
    assert {outcome.pk for outcome in outcomes} == {Vote.objects.get().pk}


def test_contrary_votes_of_one_reviewer_at_once_are_one_vote(crowd: Team) -> None:
    item = crowd.item()
    outcomes = at_once(*votes(crowd, item, [0]), *votes(crowd, item, [0], valid=False))
    assert Counter(type(outcome) for outcome in outcomes) == {Vote: 1, actions.AlreadyVoted: 1}


def test_a_last_vote_and_a_lead_at_once_give_one_outcome(crowd: Team) -> None:
    item = crowd.item()
    crowd.votes(item, [True, True, True])
    last, sent = at_once(
        *votes(crowd, item, [3]),
        lambda: actions.send_back(item=item, note="Too broad.", by=crowd.lead, now=NOW),
    )
    item.refresh_from_db()
    assert isinstance(sent, Decision)
    assert item.status == "returned"
    if isinstance(last, Vote):
        assert (sent.votes, Decision.objects.count()) == (4, 2)
    else:
        assert isinstance(last, actions.Decided)
        assert (sent.votes, Decision.objects.count()) == (3, 1)


def test_reviewers_who_search_at_once_share_out_the_seats(crowd: Team) -> None:
    for _ in range(2):
        crowd.item()
    acts = [partial(actions.take_seat, campaign=crowd.campaign, by=by, now=NOW) for by in crowd.reviewers]
    seats = at_once(*acts)
    assert [type(seat) for seat in seats] == [Seat] * 8
    taken = Seat.objects.values_list("revision", "number")
    assert len(taken) == len(set(taken)) == 8


def test_a_double_click_takes_one_seat(crowd: Team) -> None:
    for _ in range(3):
        crowd.item()
    by = crowd.reviewers[0]
    seats = at_once(*[lambda: actions.take_seat(campaign=crowd.campaign, by=by, now=NOW)] * 4)
    assert {seat.pk for seat in seats} == {Seat.objects.get().pk}


def test_a_seat_that_ran_out_is_taken_over_or_voted_from_but_not_both(crowd: Team) -> None:
    item = crowd.item()
    for reviewer in crowd.reviewers[:4]:
        actions.take_seat(campaign=crowd.campaign, by=reviewer, now=NOW)
    after = later(minutes=crowd.campaign.lease_minutes)
    for reviewer in crowd.reviewers[1:4]:
        actions.take_seat(campaign=crowd.campaign, by=reviewer, now=after)
    vote, seat = at_once(
        lambda: crowd.vote(item, crowd.reviewers[0], now=after),
        lambda: actions.take_seat(campaign=crowd.campaign, by=crowd.reviewers[4], now=after),
    )
    if isinstance(vote, Vote):
        assert seat is None
    else:
        assert isinstance(vote, actions.NoSeat)
        assert seat.number == 1
    assert Seat.objects.count() == 4
