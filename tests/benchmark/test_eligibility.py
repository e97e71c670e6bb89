"""What a release refuses, rule by rule."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.eligibility import Candidate, refusals
from benchmark.models import ReleaseExclusion
from decontamination.leaks import Index, Match, Prompt


def candidate(uid: str = "a", **fields: object) -> Candidate:
    given = {"status": "accepted", "query": f"query {uid}", "valid": 3, "votes": 4, "quorum": 3, "reviewers": 4}
    return Candidate(uid=uid, **{**given, **fields})  # type: ignore[arg-type]


class Found:
    """A check that finds what it is told to, and remembers what it was asked."""

    def __init__(self, found: Mapping[str, Sequence[Match]] | None = None) -> None:
        self.found, self.scanned, self.looked_into = found or {}, list[str](), list[str]()

    def scan(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        self.scanned += texts
        return np.array([bool(self.found.get(text)) for text in texts], np.bool_)

    def leaks(self, text: str) -> Sequence[Match]:
        self.looked_into.append(text)
        return self.found.get(text, [])


clean = Found()


def test_a_quorum_of_valid_votes_is_enough() -> None:
    assert refusals([candidate()], clean) == {}


def test_two_valid_votes_of_four_are_not_enough_whatever_the_status_says() -> None:
    refused = refusals([candidate(valid=2)], clean)["a"]
    assert (refused.reason, refused.evidence["valid"], refused.evidence["total"]) == ("rejected", 2, 4)


def test_without_votes_on_the_current_wording_an_accepted_item_waits_for_them() -> None:
    assert refusals([candidate(valid=0, votes=0)], clean)["a"].reason == "in_review"


@pytest.mark.parametrize("status", ["rejected", "returned", "withdrawn"])
def test_enough_valid_votes_do_not_overrule_the_status(status: str) -> None:
    refused = refusals([candidate(status=status, valid=4)], clean)["a"]
    assert refused.reason == status
    assert refused.reason in ReleaseExclusion.Reason.values
    assert refused.evidence == {"valid": 4, "total": 4, "quorum": 3, "reviewers": 4}


def test_each_item_is_held_to_the_quorum_it_was_judged_under() -> None:
    assert set(refusals([candidate("a", quorum=4), candidate("b", quorum=2, valid=2)], clean)) == {"a"}


def test_a_leak_names_the_prompt_the_place_and_the_longest_run() -> None:
    prompts = [Prompt("mbpp", "7", "one two three four five six"), Prompt("mbpp", "8", "seven eight nine ten eleven")]
    index = Index.build(prompts, n=5)
    text = "seven eight nine ten eleven, and: One two three four five six!"
    refused = refusals([candidate(query=text)], Found({text: index.matches(text)}))["a"]
    assert refused.reason == "leak"
    evidence = dict(refused.evidence)
    assert text[evidence["start"] : evidence["end"]] == "One two three four five six"
    assert (evidence["reference"], evidence["key"], evidence["words"], evidence["matches"]) == ("mbpp", "7", 6, 2)


def test_of_equal_queries_the_first_by_uid_stays() -> None:
    same = [candidate(uid, query=query) for uid, query in (("c", "Same?"), ("a", " Same?\r\n"), ("b", "Same?"))]
    refused = refusals(same, clean)
    assert {uid: refusal.evidence["same_as"] for uid, refusal in refused.items()} == {"b": "a", "c": "a"}
    assert {refusal.reason for refusal in refused.values()} == {"duplicate"}


def test_an_item_that_is_not_released_displaces_none() -> None:
    assert set(refusals([candidate("a", query="Same?", valid=1), candidate("b", query="Same?")], clean)) == {"a"}


def test_nobody_looks_for_leaks_in_what_is_refused_anyway_nor_into_what_is_clean() -> None:
    match = Match("toy", "1", 0, 5, 10, 0, 5, "run")
    check = Found({"query b": [match], "query c": [match]})
    refused = refusals([candidate("a"), candidate("b"), candidate("c", valid=0)], check)
    assert {uid: refusal.reason for uid, refusal in refused.items()} == {"b": "leak", "c": "rejected"}
    assert (check.scanned, check.looked_into) == (["query a", "query b"], ["query b"])


def test_of_an_undecided_item_no_vote_is_told() -> None:
    (refusal,) = refusals([candidate(status="in_review", valid=3, votes=3)], clean).values()
    assert refusal.reason == "in_review"
    assert not {"valid", "total"} & set(refusal.evidence)
