"""Texts in; the reference prompt that each resembles most, by embedding, out; and how far that can be believed."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

import numpy as np
from django.db.models import QuerySet

from campaigns import events
from campaigns.models import User, Verb
from decontamination.indexes import versions_in_force
from decontamination.models import ReferencePrompt
from foundation.vectors import Vectors
from sampling.actions.embedding import Watch, encode_missing
from sampling.models import SimilarityCalibration
from sampling.queries.embedding import chosen_model, store_of
from sampling.similarity import calibration
from sampling.similarity.nearest import nearest
from sampling.text import cleaning


class NothingToCompare(Exception):
    """No reference is in force, or those in force do not hold the pairs that are needed."""


def calibrate_similarity(
    *, by: User | None, now: datetime, watch: Watch = lambda batches, _total: batches
) -> SimilarityCalibration:
    """Measure the model in use on the references in force. Raises NothingToCompare or CannotLoad."""
    rows = list(_prompts().values_list("reference__name", "key", "text"))
    pairs = calibration.known_pairs([(name, key) for name, key, _text in rows], [text for *_names, text in rows])
    if not pairs:
        raise NothingToCompare(
            "no prompt in force is published twice: load mbpp, humaneval, naturalcodebench or multipl-e first"
        )
    if len({pair.benchmark for pair in pairs}) < 2:
        raise NothingToCompare(
            f"known pairs of {pairs[0].benchmark} only: what is near by chance is told by another benchmark's prompts; "
            "load mbpp, humaneval or naturalcodebench, too"
        )
    needed = sorted({place for pair in pairs for place in (pair.variant, pair.original)})
    model = chosen_model()
    texts = {_digest(rows[place][2]): rows[place][2] for place in needed}
    encode_missing(model=model, texts=texts, watch=watch)
    known = store_of(model).get([_digest(rows[place][2]) for place in needed])
    vectors = np.zeros((len(rows), known.shape[1]), np.float32)
    vectors[needed] = known
    found = calibration.calibrate(pairs, vectors)
    made = SimilarityCalibration.objects.create(
        model=model.key,
        references=versions_in_force(),
        threshold=found.threshold,
        rows=[asdict(row) for row in found.rows],
        made_at=now,
    )
    data = {"model": model.key, "threshold": found.threshold, "pairs": len(pairs)}
    events.record(Verb.SIMILARITY_CALIBRATED, made, campaign=None, by=by, now=now, data=data)
    return made


def most_similar(texts: Mapping[int, str], *, watch: Watch) -> dict[int, tuple[int, float]]:
    """By the texts' own keys, the nearest prompt in force (its primary key) and its cosine.

    Raises NothingToCompare or CannotLoad.
    """
    prompts = list(_prompts().values_list("pk", "text"))
    if not prompts:
        raise NothingToCompare("no reference is in force: run load_references first")
    model = chosen_model()
    wanted = {_digest(text): text for text in [*(text for _pk, text in prompts), *texts.values()]}
    encode_missing(model=model, texts=wanted, watch=watch)
    store = store_of(model)
    matrix: Vectors = store.get([_digest(text) for _pk, text in prompts])
    places, cosines = nearest(store.get([_digest(text) for text in texts.values()]), matrix)
    return {
        key: (prompts[place][0], cosine)
        for key, place, cosine in zip(texts, places.tolist(), cosines.tolist(), strict=True)
    }


def _prompts() -> QuerySet[ReferencePrompt]:
    return ReferencePrompt.objects.filter(reference__retired_at=None).order_by("reference__name", "key", "pk")


def _digest(text: str) -> str:
    return cleaning.digest("", text)
