"""How widely a draw spreads: the effective number of clusters, beside what plain random samples reach."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

SAMPLES = 20


def effective_number(labels: Iterable[Hashable]) -> float:
    """exp of the Shannon entropy: that many equally large clusters would be as diverse. 0 of nothing.

    >>> effective_number("aabb"), effective_number("")
    (2.0, 0.0)
    """
    counts = Counter(labels)
    total = sum(counts.values())
    entropy = -sum(count / total * math.log(count / total) for count in counts.values())
    return round(math.exp(entropy), 4) if total else 0.0


@dataclass(frozen=True)
class Spread:
    """Effective numbers of a draw, and mean and standard deviation over random samples of the same size."""

    drawn: float
    random: float
    deviation: float
    samples: int


def spread(drawn: Sequence[Hashable], pool: Sequence[Hashable], *, seed: int) -> Spread:
    """`pool` has the label of each candidate, in an order that the caller fixes, `drawn` those of the drawn ones."""
    random = np.random.default_rng(seed)
    places: dict[Hashable, int] = {}
    labels = np.array([places.setdefault(label, len(places)) for label in pool], dtype=np.int64)
    found = [
        effective_number(labels[random.choice(len(labels), size=len(drawn), replace=False)].tolist())
        for _ in range(SAMPLES)
    ]
    return Spread(
        drawn=effective_number(drawn),
        random=round(float(np.mean(found)), 4),
        deviation=round(float(np.std(found)), 4),
        samples=SAMPLES,
    )
