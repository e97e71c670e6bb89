"""What authors are told of the review of their items."""

from collections.abc import Collection

from annotation.feedback import Judgement, Outcome, Said
from annotation.models import Item, Revision
from review.models import Decision, Vote


def judgements(items: Collection[Item]) -> dict[int, list[Judgement]]:
    """By item, its decided wordings, the newest first. Three queries, however many items."""
    decisions: dict[int, list[Outcome]] = {}
    for row in Decision.objects.filter(revision__item__in=items).order_by("pk"):
        outcome = Outcome(
            str(row.get_outcome_display()), row.valid_votes, row.votes, row.quorum, row.note, row.created_at
        )
        decisions.setdefault(row.revision_id, []).append(outcome)
    votes: dict[int, list[Said]] = {}
    for vote in Vote.objects.revealed().filter(revision__in=decisions).order_by("seat", "pk"):
        said = Said(vote.valid, vote.clear, vote.ethical, vote.solvable, vote.rationale)
        votes.setdefault(vote.revision_id, []).append(said)
    found: dict[int, list[Judgement]] = {}
    for revision in Revision.objects.filter(pk__in=decisions).order_by("item_id", "-number"):
        judged = Judgement(revision, votes.get(revision.pk, []), decisions[revision.pk])
        found.setdefault(revision.item_id, []).append(judged)
    return found
