"""Taking seats, casting votes, and what becomes of an item."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation import actions as annotation
from annotation.models import Item
from campaigns.access import NotAllowed
from campaigns.actions import add_member, change_rules
from campaigns.models import Event, Role, User, Verb
from campaigns.transitions import IllegalTransition
from review import actions, desks
from review.ballot import LONGEST_RATIONALE
from review.models import Decision, Desk, Seat, Vote
from tests.factories import NOW, later, make_member, make_reviewer
from tests.team import WORDING, Team, TeamMaker


def sit(team: Team, reviewer: int, now: datetime | None = None) -> Seat | None:
    return actions.take_seat(campaign=team.campaign, by=team.reviewers[reviewer], now=now or team.now)


class TestTakingASeat:
    def test_the_oldest_wording_comes_first(self, team: Team) -> None:
        team.now = later(minutes=10)
        newer = team.item()
        team.now = later(minutes=5)
        older = team.item()
        seat = sit(team, 0, later(minutes=11))
        assert seat is not None
        assert seat.revision == older.revision != newer.revision
        assert seat.lease_expires_at == later(minutes=11 + team.campaign.lease_minutes)

    def test_the_one_with_most_votes_comes_before_older_ones(self, team: Team) -> None:
        team.item()
        second = team.item()
        team.vote(second, team.reviewers[1])
        seat = sit(team, 0)
        assert seat is not None
        assert seat.revision == second.revision

    def test_a_seat_already_held_is_renewed_even_after_its_lease(self, team: Team) -> None:
        first, second = team.item(), team.item()
        held = sit(team, 0)
        team.vote(second, team.reviewers[1])  # would come first now
        again = sit(team, 0, later(minutes=500))
        assert held is not None
        assert again is not None
        assert again.pk == held.pk
        assert again.revision == first.revision
        assert again.lease_expires_at == later(minutes=500 + team.campaign.lease_minutes)
        assert Seat.objects.filter(reviewer=team.reviewers[0]).count() == 1

    def test_never_ones_own_item(self, team: Team) -> None:
        team.item()
        both = team.author
        make_reviewer_too(team, both)
        assert actions.take_seat(campaign=team.campaign, by=both, now=NOW) is None

    def test_never_one_already_judged(self, team: Team) -> None:
        team.vote(team.item(), team.reviewers[0])
        assert sit(team, 0) is None

    def test_never_one_that_is_full(self, new_team: TeamMaker) -> None:
        team = new_team(reviewers=4)
        team.item()
        late = make_reviewer(team.campaign)
        taken = [sit(team, number) for number in range(4)]
        assert [seat.number for seat in taken if seat] == [1, 2, 3, 4]
        assert actions.take_seat(campaign=team.campaign, by=late, now=NOW) is None

    def test_a_seat_that_ran_out_goes_to_another(self, new_team: TeamMaker) -> None:
        team = new_team(reviewers=4)
        team.item()
        late = make_reviewer(team.campaign)
        for number in range(4):
            sit(team, number)
        seat = actions.take_seat(campaign=team.campaign, by=late, now=later(minutes=team.campaign.lease_minutes))
        assert seat is not None
        assert (seat.number, seat.reviewer) == (1, late)

    def test_a_seat_with_a_vote_is_kept_for_good(self, new_team: TeamMaker) -> None:
        team = new_team(reviewers=4)
        item = team.item()
        late = make_reviewer(team.campaign)
        for reviewer in team.reviewers[:3]:
            team.vote(item, reviewer)
        seat = actions.take_seat(campaign=team.campaign, by=late, now=later(days=30))
        assert seat is not None
        assert seat.number == 4
        assert sit(team, 3, later(days=30)) is None

    @pytest.mark.parametrize("status", ["accepted", "returned", "withdrawn"])
    def test_only_items_in_review(self, team: Team, status: str) -> None:
        late = make_reviewer(team.campaign)
        item = team.item()
        if status == "accepted":
            team.votes(item, [True] * 4)
        else:
            act = actions.send_back if status == "returned" else actions.withdraw
            act(item=item, note="Not ours.", by=team.lead, now=NOW)
        item.refresh_from_db()
        assert item.status == status
        assert actions.take_seat(campaign=team.campaign, by=late, now=NOW) is None

    def test_items_of_other_campaigns_are_not_shown(self, team: Team, new_team: TeamMaker) -> None:
        new_team().item()
        assert sit(team, 0) is None

    def test_only_reviewers(self, team: Team) -> None:
        with pytest.raises(NotAllowed):
            actions.take_seat(campaign=team.campaign, by=team.lead, now=NOW)

    def test_a_long_queue_costs_no_more_queries(self, team: Team) -> None:
        def queries(reviewer: int) -> int:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert sit(team, reviewer) is not None
            return len(captured)

        team.item()
        for reviewer in (0, 1):
            desk(team, reviewer)
        few = queries(0)
        for _ in range(5):
            team.item()
        desk(team, 0)
        assert queries(1) == few <= 14


def desk(team: Team, reviewer: int) -> Desk:
    membership = team.campaign.memberships.get(user=team.reviewers[reviewer], role=Role.REVIEWER)
    return desks.desk_at_work(campaign=team.campaign, membership=membership, now=team.now)


def make_reviewer_too(team: Team, user: User) -> None:
    add_member(campaign=team.campaign, user=user, role=Role.REVIEWER, by=None, now=NOW)


class TestVoting:
    def test_a_vote_is_kept_with_the_digest_it_judged(self, team: Team) -> None:
        item = team.item()
        cast = team.vote(item, team.reviewers[0], valid=False)
        assert item.revision is not None
        assert (cast.digest, cast.seat, cast.valid, cast.clear) == (item.revision.digest, 1, False, False)
        item.refresh_from_db()
        assert item.status == "in_review"

    @pytest.mark.parametrize(
        ("votes", "outcome"),
        [
            ([True] * 4, "accepted"),
            ([True, False, True, True], "accepted"),
            ([True, True, False, False], "rejected"),
            ([False, False, False, True], "rejected"),
        ],
    )
    def test_the_last_vote_decides(self, team: Team, votes: list[bool], outcome: str) -> None:
        item = team.item()
        team.votes(item, votes[:3])
        assert not Decision.objects.exists()
        team.vote(item, team.reviewers[3], votes[3])
        item.refresh_from_db()
        decision = Decision.objects.get()
        assert item.status == outcome == decision.outcome
        assert (decision.valid_votes, decision.votes, decision.quorum, decision.by) == (sum(votes), 4, 3, None)
        event = Event.objects.get(verb=f"item {outcome}")
        assert event.data == {
            "from": "in_review", "to": outcome, "revision": decision.revision_id, "valid_votes": sum(votes), "votes": 4,
        }  # fmt: skip

    def test_the_rules_of_the_wording_count_not_those_of_today(self, team: Team) -> None:
        item = team.item()
        change_rules(campaign=team.campaign, rules={"reviewers": 2, "quorum": 1}, by=None, now=NOW)
        team.votes(item, [True, True])
        item.refresh_from_db()
        assert item.status == "in_review"
        assert team.item(True, False).status == "accepted"

    def test_sent_twice_it_is_one_vote_even_when_it_was_the_last(self, team: Team) -> None:
        item = team.item()
        team.votes(item, [True, True, True])
        first = team.vote(item, team.reviewers[3])
        assert team.vote(item, team.reviewers[3]) == first
        assert Vote.objects.count() == 4
        assert Event.objects.filter(verb=Verb.VOTE_CAST).count() == 4

    def test_another_vote_by_the_same_reviewer_is_refused(self, team: Team) -> None:
        item = team.item()
        team.vote(item, team.reviewers[0], valid=True)
        with pytest.raises(actions.AlreadyVoted):
            team.vote(item, team.reviewers[0], valid=False)
        assert Vote.objects.get().valid

    def test_a_wording_that_changed_is_not_judged(self, team: Team) -> None:
        item = team.item()
        old = item.revision
        assert old is not None
        team.sent_back(item)
        with pytest.raises(actions.StaleWording):
            team.vote(item, team.reviewers[0], revision=old, digest=old.digest)

    def test_a_digest_of_another_wording_is_refused(self, team: Team) -> None:
        with pytest.raises(actions.StaleWording):
            team.vote(team.item(), team.reviewers[0], digest="0" * 64)
        assert not Vote.objects.exists()

    def test_votes_on_the_wording_before_do_not_count(self, team: Team) -> None:
        item = team.item()
        team.votes(item, [True, True, True])
        team.sent_back(item)
        item.refresh_from_db()
        team.vote(item, team.reviewers[3])
        item.refresh_from_db()
        assert item.status == "in_review"
        team.votes(item, [True, True, False])
        item.refresh_from_db()
        assert item.status == "accepted"

    def test_ones_own_item_is_refused(self, team: Team) -> None:
        make_reviewer_too(team, team.author)
        with pytest.raises(actions.OwnItem):
            team.vote(team.item(), team.author)

    @pytest.mark.parametrize("outcome", ["returned", "withdrawn"])
    def test_after_a_lead_decided_no_vote_is_taken(self, team: Team, outcome: str) -> None:
        item = team.item()
        act = actions.send_back if outcome == "returned" else actions.withdraw
        act(item=item, note="Not ours.", by=team.lead, now=NOW)
        with pytest.raises(actions.Decided):
            team.vote(item, team.reviewers[0])

    def test_with_the_lease_lost_and_every_seat_taken_there_is_no_vote(self, new_team: TeamMaker) -> None:
        team = new_team(reviewers=5)
        item = team.item()
        sit(team, 0)
        after = later(minutes=team.campaign.lease_minutes)
        for number in range(1, 5):
            sit(team, number, after)
        with pytest.raises(actions.NoSeat):
            team.vote(item, team.reviewers[0], now=after)

    def test_with_the_lease_lost_another_free_seat_will_do(self, new_team: TeamMaker) -> None:
        team = new_team(reviewers=5)
        item = team.item()
        sit(team, 0)
        after = later(minutes=team.campaign.lease_minutes)
        sit(team, 1, after)
        assert Seat.objects.get().reviewer == team.reviewers[1]
        assert team.vote(item, team.reviewers[0], now=after).seat == 2

    def test_the_lease_may_run_out_while_nobody_wants_the_seat(self, team: Team) -> None:
        item = team.item()
        seat = sit(team, 0)
        assert seat is not None
        assert team.vote(item, team.reviewers[0], now=seat.lease_expires_at + timedelta(days=3)).seat == seat.number

    @pytest.mark.parametrize(
        ("given", "fields"),
        [
            ({"valid": None}, {"valid"}),
            ({"clear": None, "solvable": None}, {"clear", "solvable"}),
            ({"ethical": False}, {"valid"}),
            ({"valid": False, "rationale": "  \n "}, {"rationale"}),
            ({"rationale": "x" * (LONGEST_RATIONALE + 1)}, {"rationale"}),
        ],
    )
    def test_a_ballot_that_is_not_complete_says_where(
        self, team: Team, given: dict[str, Any], fields: set[str]
    ) -> None:
        with pytest.raises(actions.BadVote) as caught:
            team.vote(team.item(), team.reviewers[0], **given)
        assert set(caught.value.errors) == fields
        assert not Vote.objects.exists()

    def test_what_no_database_keeps_is_taken_out_of_the_rationale(self, team: Team) -> None:
        cast = team.vote(team.item(), team.reviewers[0], valid=False, rationale="  No\x00 input.\r\n")
        cast.refresh_from_db()
        assert cast.rationale == "No input."

    def test_only_reviewers_vote(self, team: Team) -> None:
        with pytest.raises(NotAllowed):
            team.vote(team.item(), team.lead)

    def test_the_log_does_not_tell_how_anybody_voted(self, team: Team) -> None:
        team.vote(team.item(), team.reviewers[0], valid=False)
        event = Event.objects.get(verb=Verb.VOTE_CAST)
        assert set(event.data) == {"item", "revision", "seat"}


class TestLeads:
    @pytest.mark.parametrize("votes", [[], [True, False], [True] * 4, [False] * 4])
    def test_an_item_is_sent_back_with_a_note(self, team: Team, votes: list[bool]) -> None:
        item = team.item(*votes)
        decision = actions.send_back(item=item, note=" Name the input. ", by=team.lead, now=NOW)
        assert (decision.outcome, decision.note, decision.by) == ("returned", "Name the input.", team.lead)
        assert (decision.votes, decision.valid_votes) == (len(votes), sum(votes))
        assert item.status == "returned" == Item.objects.get().status
        assert Event.objects.get(verb=Verb.ITEM_SENT_BACK).data["note"] == "Name the input."

    def test_what_was_sent_back_can_be_revised_and_judged_again(self, team: Team) -> None:
        item = team.item(False, False, False, False)
        team.sent_back(item)
        item.refresh_from_db()
        team.votes(item, [True] * 4)
        item.refresh_from_db()
        assert item.status == "accepted"
        outcomes = Decision.objects.order_by("pk").values_list("outcome", flat=True)
        assert list(outcomes) == ["rejected", "returned", "accepted"]

    def test_an_item_is_withdrawn_for_good(self, team: Team) -> None:
        item = team.item(True, True, True, True)
        actions.withdraw(item=item, note="Licence unclear.", by=team.lead, now=NOW)
        assert item.status == "withdrawn"
        with pytest.raises(IllegalTransition):
            actions.send_back(item=item, note="Again.", by=team.lead, now=NOW)
        assert Decision.objects.count() == 2
        with pytest.raises(annotation.NotSentBack):
            annotation.revise(item=item, fields={**_wording(item)}, by=team.author, now=NOW)

    def test_a_note_is_needed(self, team: Team) -> None:
        item = team.item()
        for act in (actions.send_back, actions.withdraw):
            with pytest.raises(actions.NoteMissing):
                act(item=item, note="  ", by=team.lead, now=NOW)
        assert not Decision.objects.exists()

    def test_only_leads(self, team: Team) -> None:
        item = team.item()
        stranger = make_member(team.campaign, Role.REVIEWER, Role.ANNOTATOR)
        for act in (actions.send_back, actions.withdraw):
            with pytest.raises(NotAllowed):
                act(item=item, note="Mine now.", by=stranger, now=NOW)
        item.refresh_from_db()
        assert item.status == "in_review"


def _wording(item: Item) -> dict[str, object]:
    return {**WORDING, "query": f"What is item {item.pk} about, in one sentence?"}


def test_who_passes_a_query_on_gets_another_one_and_somebody_else_gets_it(team: Team) -> None:
    first, second = team.item(), team.item()
    one, other = team.reviewers[0], team.reviewers[1]
    seat = actions.take_seat(campaign=team.campaign, by=one, now=NOW)
    assert seat
    assert seat.revision_id == first.revision_id
    actions.pass_on(revision=seat.revision, by=one, now=NOW)
    following = actions.take_seat(campaign=team.campaign, by=one, now=NOW)
    assert following
    assert following.revision_id == second.revision_id
    taken = actions.take_seat(campaign=team.campaign, by=other, now=NOW)
    assert taken
    assert (taken.revision_id, taken.number) == (first.revision_id, 1)


def test_a_seat_with_a_vote_is_not_passed_on(team: Team) -> None:
    item = team.item()
    team.vote(item, team.reviewers[0])
    assert item.revision
    actions.pass_on(revision=item.revision, by=team.reviewers[0], now=NOW)
    assert item.revision.seats.count() == 1
