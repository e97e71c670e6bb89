"""What a release refuses, and on what evidence.

An item is released if and only if

* its status is accepted: a lead has neither sent it back nor withdrawn it, and its votes were counted,
* the votes themselves, counted again, hold its quorum of explicit valid ones on its current wording,
* its query leaks no reference prompt in force (`decontamination.leaks`), but for words that a lead has waived, and
* no other released item asks with the same words: of equal queries the first by uid stays.

The first rule that an item breaks is the reason given. Every reason keeps its count of votes as evidence; a leak also
says which prompt, where and how long, a duplicate of which item.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from annotation.wording import normalise
from decontamination.leaks import Match

ACCEPTED = "accepted"
IN_REVIEW = "in_review"


@dataclass(frozen=True)
class Candidate:
    """A submitted item with its current wording. `votes` and `valid` count the votes on that wording only."""

    uid: str
    status: str
    query: str
    valid: int
    votes: int
    quorum: int
    reviewers: int


@dataclass(frozen=True)
class Refusal:
    """`reason` is one of ReleaseExclusion.Reason."""

    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Leaks(Protocol):
    """The runs of words that texts share with the references in force and that are not waived."""

    def scan(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """For each text, in order, whether it has any: much sooner than `leaks` says which."""

    def leaks(self, text: str) -> Sequence[Match]: ...


def refusals(candidates: Iterable[Candidate], check: Leaks) -> dict[str, Refusal]:
    """By uid, why an item is left out. Whoever is not named is released."""
    ordered = sorted(candidates, key=lambda candidate: candidate.uid)
    refused = {candidate.uid: refusal for candidate in ordered if (refusal := _by_votes(candidate))}
    agreed = [candidate for candidate in ordered if candidate.uid not in refused]
    released: dict[str, str] = {}  # query → uid
    for candidate, leaks in zip(agreed, check.scan([candidate.query for candidate in agreed]), strict=True):
        if leaks:
            refused[candidate.uid] = _by_leak(candidate, check.leaks(candidate.query))
            continue
        first = released.setdefault(normalise(candidate.query), candidate.uid)
        if first != candidate.uid:
            refused[candidate.uid] = Refusal("duplicate", {**_count(candidate), "same_as": first})
    return refused


def _by_votes(candidate: Candidate) -> Refusal | None:
    if candidate.status == IN_REVIEW:
        # Nobody sees votes before the decision, and a release is seen by everybody.
        return Refusal(IN_REVIEW, {"quorum": candidate.quorum, "reviewers": candidate.reviewers})
    if candidate.status != ACCEPTED:
        return Refusal(candidate.status, _count(candidate))
    if candidate.valid >= candidate.quorum:
        return None
    # Accepted, they say, but the votes do not: believe the votes.
    return Refusal(IN_REVIEW if candidate.votes < candidate.reviewers else "rejected", _count(candidate))


def _by_leak(candidate: Candidate, matches: Sequence[Match]) -> Refusal:
    longest = max(matches, key=lambda match: match.words)  # of equal ones the first in the text
    evidence = {
        "reference": longest.reference,
        "key": longest.key,
        "words": longest.words,
        "start": longest.start,
        "end": longest.end,
        "matches": len(matches),
    }
    return Refusal("leak", {**_count(candidate), **evidence})


def _count(candidate: Candidate) -> dict[str, int]:
    return {
        "valid": candidate.valid,
        "total": candidate.votes,
        "quorum": candidate.quorum,
        "reviewers": candidate.reviewers,
    }
