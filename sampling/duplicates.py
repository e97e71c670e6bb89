"""Which documents say the same: groups of near-equal vectors, each with the one that stands for it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Cosine from which two questions count as one. Chosen on the demo corpus's planted pairs; see tests.
THRESHOLD = 0.95
_BLOCK = 2048


def canonical(
    vectors: NDArray[np.float32], threshold: float = THRESHOLD
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each unit vector the row that stands for it, and the cosine to that.

    In row order: a vector is linked to the first standing one that is at least `threshold` close, else it stands for
    itself. So nothing is linked to a vector that is itself linked, and every link is as close as it says.
    """
    count = len(vectors)
    to = np.arange(count, dtype=np.int64)
    cosine = np.ones(count, dtype=np.float32)
    for start in range(0, count, _BLOCK):
        block = vectors[start : start + _BLOCK]
        pairs: list[tuple[int, int, float]] = []
        for other in range(0, start + len(block), _BLOCK):
            close = block @ vectors[other : other + _BLOCK].T
            rows, columns = np.nonzero(close >= threshold)
            earlier = other + columns < start + rows
            pairs += zip(
                (start + rows[earlier]).tolist(),
                (other + columns[earlier]).tolist(),
                close[rows[earlier], columns[earlier]].tolist(),
                strict=True,
            )
        for row, column, value in sorted(pairs):
            if to[row] == row and to[column] == column:
                to[row], cosine[row] = column, min(value, 1.0)
    return to, cosine


def first_of_each(digests: Sequence[str]) -> list[int]:
    """For each row the first row with the same digest."""
    first: dict[str, int] = {}
    return [first.setdefault(digest, row) for row, digest in enumerate(digests)]
