"""Wordings in; the reference prompt that each resembles most, kept, out. A hint for leads: it decides nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from annotation.models import Resemblance
from campaigns.models import Campaign
from sampling.actions.embedding import Watch
from sampling.actions.resemblance import most_similar
from sampling.queries.embedding import chosen_model
from sampling.queries.resemblance import calibration_of, references_digest
from sampling.similarity.calibration import Calibration

_BATCH = 500


@dataclass(frozen=True)
class Hint:
    """What a lead is shown beside a wording."""

    found: Resemblance
    calibration: Calibration | None  # of the model that found it
    stale: bool  # references have changed since

    @property
    def near(self) -> bool:
        """Whether the cosine reaches the threshold from which it means something."""
        threshold = self.calibration.threshold if self.calibration else None
        return threshold is not None and self.found.cosine >= threshold


def find_similar(
    *, campaign: Campaign, now: datetime, watch: Watch = lambda batches, _total: batches
) -> tuple[int, int]:
    """Look the nearest prompt up for each item's present wording; how many items there are, and how many lacked it.

    Raises NothingToCompare or CannotLoad.
    """
    model, references = chosen_model().key, references_digest()
    items = campaign.items.counted().filter(revision__isnull=False)
    known = items.filter(revision__resemblances__model=model, revision__resemblances__references=references)
    lacking = items.exclude(pk__in=known).order_by("pk")
    texts = {pk: query for pk, query in lacking.values_list("revision", "revision__query") if pk is not None}
    found = most_similar(texts, watch=watch)
    rows = [
        Resemblance(revision_id=pk, prompt_id=prompt, cosine=cosine, model=model, references=references, at=now)
        for pk, (prompt, cosine) in found.items()
    ]
    with transaction.atomic():
        Resemblance.objects.bulk_create(
            rows,
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=["revision"],
            update_fields=["prompt", "cosine", "model", "references", "at"],
        )
    return items.count(), len(rows)


def hints(revisions: Collection[int]) -> dict[int, Hint]:
    """By revision, what was found for it; nothing for those that were never looked up."""
    rows = Resemblance.objects.filter(revision__in=revisions).select_related("prompt__reference").order_by("pk")
    calibrations: dict[str, Calibration | None] = {}
    references = references_digest() if revisions else ""
    found = {}
    for row in rows:
        if row.model not in calibrations:
            calibrations[row.model] = calibration_of(row.model)
        found[row.revision_id] = Hint(row, calibrations[row.model], row.references != references)
    return found
