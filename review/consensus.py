"""Where a vote is counted: when a wording is decided, and how."""

from collections.abc import Sequence
from typing import Literal

Verdict = Literal["accepted", "rejected"]


def verdict(valid: Sequence[bool], *, reviewers: int, quorum: int) -> Verdict | None:
    """What the votes on one wording come to, or None while some are missing. `valid` holds one entry per vote.

    A wording is kept if at least `quorum` of its `reviewers` explicitly voted valid. Three reviewers who agree
    that it is not valid agree as well, but what they agree on is that it goes: agreement alone keeps nothing.

    It is decided when every seat has voted, not as soon as the outcome is certain. The last votes can no longer
    turn it, but they are judgements all the same: agreement between reviewers is measured over them, and leaving
    them out exactly where the first ones agreed would make reviewers look less of one mind than they are.

    >>> verdict([True, True, True], reviewers=4, quorum=3)
    >>> verdict([True, True, True, False], reviewers=4, quorum=3)
    'accepted'
    >>> verdict([False, False, False, True], reviewers=4, quorum=3)
    'rejected'
    """
    if not 1 <= quorum <= reviewers:
        raise ValueError(f"a quorum of {quorum} among {reviewers} reviewers cannot be reached")
    if len(valid) > reviewers:
        raise ValueError(f"{len(valid)} votes from {reviewers} reviewers")
    if len(valid) < reviewers:
        return None
    return "accepted" if sum(valid) >= quorum else "rejected"
