from itertools import product

import pytest

from review.ballot import LONGEST_RATIONALE, Ballot
from review.consensus import verdict


@pytest.mark.parametrize("votes", [*product([True, False], repeat=4)])
def test_four_votes_keep_a_wording_exactly_if_three_are_valid(votes: tuple[bool, ...]) -> None:
    assert verdict(votes, reviewers=4, quorum=3) == ("accepted" if votes.count(True) >= 3 else "rejected")


@pytest.mark.parametrize("votes", [votes for number in range(4) for votes in product([True, False], repeat=number)])
def test_nothing_is_decided_while_a_vote_is_missing_even_if_it_could_not_turn_the_outcome(
    votes: tuple[bool, ...],
) -> None:
    assert verdict(votes, reviewers=4, quorum=3) is None


def test_three_who_agree_on_no_do_not_keep_it() -> None:
    assert verdict([False, False, False, True], reviewers=4, quorum=3) == "rejected"


@pytest.mark.parametrize(("reviewers", "quorum"), [(4, 0), (4, 5), (0, 0)])
def test_rules_that_cannot_be_met_are_refused(reviewers: int, quorum: int) -> None:
    with pytest.raises(ValueError, match="cannot be reached"):
        verdict([], reviewers=reviewers, quorum=quorum)


def test_more_votes_than_reviewers_are_refused() -> None:
    with pytest.raises(ValueError, match="5 votes from 4"):
        verdict([True] * 5, reviewers=4, quorum=3)


@pytest.mark.parametrize(
    ("ballot", "problems"),
    [
        (Ballot(True, True, True, True), {}),
        (Ballot(True, True, True, False, "The tags are wrong."), {}),
        (Ballot(False, True, True, False, "What input?"), {}),
        (Ballot(True, True, True, False), {"rationale": "needs_a_rationale"}),
        (Ballot(True, True, False, True), {"valid": "fails_the_checklist"}),
        (Ballot(None, True, None, True), {"clear": "missing", "solvable": "missing"}),
        (Ballot(True, True, True, None), {"valid": "missing"}),
        (Ballot(True, True, True, True, "x" * (LONGEST_RATIONALE + 1)), {"rationale": "too_long"}),
    ],
)
def test_ballots(ballot: Ballot, problems: dict[str, str]) -> None:
    assert ballot.problems() == problems
