"""The numbers behind the dashboard. Nothing here tells of votes on a wording that is not decided yet.

"Decided" items are those that the votes accepted or rejected and that no lead has sent back or withdrawn since. What
is said of votes is said of every wording that votes decided, whatever became of it afterwards: sending contested
items back must not make reviewers look more agreed than they were.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from django.db.models import Count, Min, Q, QuerySet

from annotation.models import Difficulty, Item, NaturalLanguage
from campaigns.models import Campaign, Role, User
from decontamination.checks import current_check
from review import agreement
from review.agreement import Pairs
from review.ballot import FIELDS
from review.models import Decision, Vote
from sampling.models import Document, Seed

DECIDED = (Item.Status.ACCEPTED, Item.Status.REJECTED)
COUNTED = (Decision.Outcome.ACCEPTED, Decision.Outcome.REJECTED)
VOTE_COLUMNS = ("item", "revision", "reviewer", "seat", *FIELDS, "created_at")

Scope = Literal["queries", "accepted"]


@dataclass(frozen=True)
class Funnel:
    documents: int
    seeds: int
    queries: int
    decided: int
    accepted: int
    clean: int
    released: int


@dataclass(frozen=True)
class VoteCount:
    """How many decided wordings got `valid` of `votes`."""

    valid: int
    votes: int
    wordings: int


@dataclass(frozen=True)
class Agreement:
    pairs: Pairs
    fleiss_kappa: float | None
    krippendorff_alpha: float | None
    of_each: dict[Hashable, Pairs]  # by reviewer's id


@dataclass(frozen=True)
class MajorRow:
    major: str
    easy: int
    medium: int
    hard: int

    @property
    def total(self) -> int:
        return self.easy + self.medium + self.hard


@dataclass(frozen=True)
class AnnotatorRow:
    number: int
    user: User
    queries: int
    in_review: int
    accepted: int
    rejected: int
    returned: int
    withdrawn: int

    @property
    def acceptance(self) -> float | None:
        """Share of their decided queries."""
        decided = self.accepted + self.rejected
        return self.accepted / decided if decided else None


@dataclass(frozen=True)
class ReviewerRow:
    number: int
    user: User
    votes: int
    decided_votes: int
    valid_share: float | None
    agreement: Pairs


def funnel(campaign: Campaign) -> Funnel:
    """How many are left after each stage."""
    documents = Document.objects.filter(corpus__in=campaign.draws.order_by().values("corpus")).count()
    items = campaign.items.counted().aggregate(
        queries=Count("pk"),
        decided=Count("pk", filter=Q(status__in=DECIDED)),
        accepted=Count("pk", filter=Q(status=Item.Status.ACCEPTED)),
    )
    return Funnel(
        documents=documents,
        seeds=Seed.objects.filter(campaign=campaign).count(),
        clean=_clean(campaign),
        released=_released(campaign),
        **items,
    )


def _clean(campaign: Campaign) -> int:
    """Accepted queries that leak no reference in force."""
    accepted = campaign.items.counted().filter(status=Item.Status.ACCEPTED).order_by("pk")
    leaks = current_check(campaign).scan(list(accepted.values_list("revision__query", flat=True)))
    return len(leaks) - int(leaks.sum())


def _none(campaign: Campaign) -> int:
    return 0


_released: Callable[[Campaign], int] = _none


def released_told_by(source: Callable[[Campaign], int]) -> None:
    """Name what knows how many items the newest release holds: releases are a later stage, above this one."""
    global _released
    _released = source


def vote_distribution(campaign: Campaign) -> list[VoteCount]:
    """Decided wordings by number of valid votes, each possible number included; fewest reviewers first."""
    rows = (
        Decision.objects.counted()
        .filter(outcome__in=COUNTED, revision__item__campaign=campaign)
        .order_by()
        .values_list("votes", "valid_votes")
        .annotate(wordings=Count("pk"))
    )
    found = {(votes, valid): wordings for votes, valid, wordings in rows}
    return [
        VoteCount(valid, votes, found.get((votes, valid), 0))
        for votes in sorted({votes for votes, _valid in found})
        for valid in range(votes + 1)
    ]


def vote_table(campaign: Campaign, decided_only: bool = True) -> pd.DataFrame:
    """One row a vote, ordered by item, revision and seat; ids stand for items, revisions and reviewers.

    Without `decided_only` it holds the votes on all wordings, also those still in review: never show that.
    """
    votes = Vote.objects.counted().filter(revision__item__campaign=campaign)
    if decided_only:
        votes = votes.filter(revision__decisions__outcome__in=COUNTED)  # at most one decision a wording is counted
    votes = votes.order_by("revision__item", "revision__number", "seat", "pk")
    rows = votes.values_list("revision__item", "revision", "reviewer", *VOTE_COLUMNS[3:])
    return pd.DataFrame.from_records(list(rows), columns=list(VOTE_COLUMNS))


def agreement_of(votes: pd.DataFrame) -> Agreement:
    """Agreement on "valid" in a vote table; what is judged is a wording."""
    labels: dict[int, dict[Hashable, Hashable]] = {}
    for wording, reviewer, valid in zip(votes["revision"], votes["reviewer"], votes["valid"], strict=True):
        labels.setdefault(wording, {})[int(reviewer)] = bool(valid)
    items = list(labels.values())
    return Agreement(
        agreement.pairwise(items),
        agreement.fleiss_kappa(items),
        agreement.krippendorff_alpha(items),
        agreement.of_each(items),
    )


def _items(campaign: Campaign, scope: Scope) -> QuerySet[Item]:
    items = campaign.items.counted()
    return items.filter(status=Item.Status.ACCEPTED) if scope == "accepted" else items


def difficulty_by_major(campaign: Campaign, scope: Scope) -> list[MajorRow]:
    """Every major of the taxonomy, in its order."""
    majors = campaign.taxonomy.categories.values_list("major").annotate(first=Min("position")).order_by("first")
    rows = _items(campaign, scope).order_by().values_list("revision__category__major", "revision__difficulty")
    counts = {(major, difficulty): number for major, difficulty, number in rows.annotate(number=Count("pk"))}
    return [
        MajorRow(major, *(counts.get((major, difficulty), 0) for difficulty in Difficulty.values))
        for major, _first in majors
    ]


def programming_languages(campaign: Campaign, scope: Scope) -> list[tuple[str, int]]:
    """Queries by language, most frequent first; a query with several languages counts for each."""
    lists = _items(campaign, scope).order_by("pk").values_list("revision__programming_languages", flat=True)
    counts = Counter(language for languages in lists for language in languages or ())
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def natural_languages(campaign: Campaign, scope: Scope) -> list[tuple[str, int]]:
    """Queries by natural language, as it is called on the page, most frequent first."""
    rows = _items(campaign, scope).order_by().values_list("revision__natural_language").annotate(number=Count("pk"))
    counts = [(str(NaturalLanguage(code).label), number) for code, number in rows]
    return sorted(counts, key=lambda row: (-row[1], row[0]))


def annotators(campaign: Campaign) -> list[AnnotatorRow]:
    """Everybody who may write or has written, numbered for those who are not to see names."""
    people = _people(campaign, Role.ANNOTATOR, Q(pk__in=campaign.items.counted().order_by().values("author")))
    counts: dict[int, Counter[str]] = {}
    for author, status, number in (
        campaign.items.counted().order_by().values_list("author", "status").annotate(n=Count("pk"))
    ):
        counts.setdefault(author, Counter())[status] = number
    none: Counter[str] = Counter()
    return [
        AnnotatorRow(
            number,
            user,
            queries=counts.get(user.pk, none).total(),
            **{status: counts.get(user.pk, none)[status] for status in Item.Status.values},
        )
        for number, user in enumerate(people, start=1)
    ]


def reviewers(campaign: Campaign, votes: pd.DataFrame) -> list[ReviewerRow]:
    """Everybody who may judge or has judged. Of how they voted, only what `votes`, a table of decided ones, tells."""
    cast = Vote.objects.counted().filter(revision__item__campaign=campaign)
    people = _people(campaign, Role.REVIEWER, Q(pk__in=cast.order_by().values("reviewer")))
    totals = dict(cast.order_by().values_list("reviewer").annotate(number=Count("pk")))
    decided = Counter(votes["reviewer"])
    valid = Counter(votes["reviewer"][votes["valid"].astype(bool)])
    each = agreement_of(votes).of_each
    return [
        ReviewerRow(
            number,
            user,
            totals.get(user.pk, 0),
            decided[user.pk],
            valid[user.pk] / decided[user.pk] if decided[user.pk] else None,
            each.get(user.pk, Pairs(0, 0, 0)),
        )
        for number, user in enumerate(people, start=1)
    ]


def _people(campaign: Campaign, role: Role, or_else: Q) -> QuerySet[User]:
    members = campaign.memberships.filter(role=role).order_by().values("user")
    return User.objects.filter(Q(pk__in=members) | or_else).order_by("pk")
