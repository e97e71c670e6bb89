"""Each named constraint and trigger of seats, votes and decisions, and an attempt to get past it."""

from typing import Any

import pytest
from django.db import transaction

from annotation.models import Revision
from campaigns.models import User
from review.models import Decision, Seat, Vote
from tests.constraints import refused
from tests.factories import NOW, make_reviewer
from tests.team import Team


def cast(revision: Revision, reviewer: User, seat: int = 1, **given: Any) -> Vote:
    """A vote as no action would write it."""
    fields = {"clear": True, "ethical": True, "solvable": True, "valid": True, "digest": revision.digest, **given}
    with transaction.atomic():
        return Vote.objects.create(revision=revision, reviewer=reviewer, seat=seat, created_at=NOW, **fields)


def decide(revision: Revision, outcome: str, **given: Any) -> Decision:
    fields = {"valid_votes": 4, "votes": 4, "quorum": 3, "by": None, **given}
    with transaction.atomic():
        return Decision.objects.create(revision=revision, outcome=outcome, created_at=NOW, **fields)


def take(revision: Revision, number: int, reviewer: User) -> Seat:
    with transaction.atomic():
        return Seat.objects.create(revision=revision, number=number, reviewer=reviewer, lease_expires_at=NOW)


@pytest.fixture
def revision(team: Team) -> Revision:
    found = team.item().revision
    assert found is not None
    return found


class TestVotes:
    def test_never_more_votes_than_reviewers(self, team: Team, revision: Revision) -> None:
        for number, reviewer in enumerate(team.reviewers, start=1):
            cast(revision, reviewer, number)
        fifth = make_reviewer(team.campaign)
        for number in (0, 5):
            with refused("never_more_votes_than_reviewers"):
                cast(revision, fifth, number)
        with refused("one_vote_per_seat"):
            cast(revision, fifth, 4)
        assert revision.votes.count() == 4

    def test_one_vote_per_reviewer_and_revision(self, team: Team, revision: Revision) -> None:
        cast(revision, team.reviewers[0], 1)
        with refused("one_vote_per_reviewer_and_revision"):
            cast(revision, team.reviewers[0], 2)

    def test_vote_judges_the_wording_it_saw(self, team: Team, revision: Revision) -> None:
        with refused("vote_judges_the_wording_it_saw"):
            cast(revision, team.reviewers[0], digest="0" * 64)

    def test_nobody_votes_on_their_own_item(self, team: Team, revision: Revision) -> None:
        with refused("nobody_votes_on_their_own_item"):
            cast(revision, team.author)

    def test_nobody_votes_on_an_item_of_which_they_wrote_an_earlier_revision(
        self, team: Team, revision: Revision
    ) -> None:
        fields = {
            field.attname: getattr(revision, field.attname) for field in Revision._meta.fields if not field.primary_key
        }
        other = Revision.objects.create(**fields | {"number": 2, "author_id": team.reviewers[0].pk})
        newest = Revision.objects.create(**fields | {"number": 3})
        with refused("nobody_votes_on_their_own_item"):
            cast(other, team.reviewers[0])
        with refused("nobody_votes_on_their_own_item"):
            cast(newest, team.reviewers[0])
        cast(newest, team.reviewers[1])

    def test_no_vote_after_the_decision(self, team: Team, revision: Revision) -> None:
        decide(revision, "returned", by=team.lead)
        with refused("no_vote_after_the_decision"):
            cast(revision, team.reviewers[0])

    @pytest.mark.parametrize("failed", ["clear", "ethical", "solvable"])
    def test_valid_vote_passes_the_checklist(self, team: Team, revision: Revision, failed: str) -> None:
        with refused("valid_vote_passes_the_checklist"):
            cast(revision, team.reviewers[0], **{failed: False})

    def test_invalid_vote_has_a_rationale(self, team: Team, revision: Revision) -> None:
        with refused("invalid_vote_has_a_rationale"):
            cast(revision, team.reviewers[0], valid=False, clear=False)
        cast(revision, team.reviewers[0], valid=False, clear=False, rationale="No input.")

    def test_votes_append_only(self, team: Team, revision: Revision) -> None:
        rows = Vote.objects.filter(pk=cast(revision, team.reviewers[0]).pk)
        with refused("votes_append_only"):
            rows.update(rationale="On second thoughts …")
        with refused("votes_append_only"):
            rows.delete()
        assert rows.get().rationale == ""


class TestDecisions:
    def test_accepted_by_a_quorum(self, revision: Revision) -> None:
        with refused("accepted_by_a_quorum"):
            decide(revision, "accepted", valid_votes=2)
        decide(revision, "accepted", valid_votes=3)

    @pytest.mark.parametrize("outcome", ["accepted", "rejected"])
    def test_one_count_per_revision(self, team: Team, revision: Revision, outcome: str) -> None:
        decide(revision, "accepted")
        with refused("one_count_per_revision"):
            decide(revision, outcome)
        decide(revision, "returned", by=team.lead)

    @pytest.mark.parametrize("outcome", ["accepted", "rejected"])
    def test_no_person_accepts_or_rejects(self, team: Team, revision: Revision, outcome: str) -> None:
        with refused("votes_accept_or_reject_and_leads_send_back"):
            decide(revision, outcome, by=team.lead)

    @pytest.mark.parametrize("outcome", ["returned", "withdrawn"])
    def test_a_person_sends_back_and_withdraws(self, revision: Revision, outcome: str) -> None:
        with refused("votes_accept_or_reject_and_leads_send_back"):
            decide(revision, outcome)

    def test_decisions_append_only(self, revision: Revision) -> None:
        rows = Decision.objects.filter(pk=decide(revision, "rejected", valid_votes=1).pk)
        with refused("decisions_append_only"):
            rows.update(outcome="accepted", valid_votes=4)
        with refused("decisions_append_only"):
            rows.delete()
        assert rows.get().outcome == "rejected"


class TestSeats:
    @pytest.mark.parametrize("number", [0, 5])
    def test_never_more_seats_than_reviewers(self, team: Team, revision: Revision, number: int) -> None:
        with refused("never_more_seats_than_reviewers"):
            take(revision, number, team.reviewers[0])
        seat = take(revision, 4, team.reviewers[0])
        with refused("never_more_seats_than_reviewers"):
            Seat.objects.filter(pk=seat.pk).update(number=number)

    def test_one_reviewer_per_seat(self, team: Team, revision: Revision) -> None:
        take(revision, 1, team.reviewers[0])
        with refused("one_reviewer_per_seat"):
            take(revision, 1, team.reviewers[1])

    def test_one_seat_per_reviewer_and_revision(self, team: Team, revision: Revision) -> None:
        take(revision, 1, team.reviewers[0])
        with refused("one_seat_per_reviewer_and_revision"):
            take(revision, 2, team.reviewers[0])

    def test_seat_with_a_vote_is_kept(self, team: Team, revision: Revision) -> None:
        take(revision, 1, team.reviewers[0])
        cast(revision, team.reviewers[0], 1)
        with refused("seat_with_a_vote_is_kept"):
            Seat.objects.update(reviewer=team.reviewers[1])
        with refused("seat_with_a_vote_is_kept"):
            Seat.objects.get().delete()
