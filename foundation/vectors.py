"""Vectors as every package has them, and the one thread that makes sums of them the same on every machine."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # one row a vector


def unit(vectors: NDArray[Any]) -> Vectors:
    """Rows of length 1; a row of zeros stays one."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def one_thread() -> AbstractContextManager[Any]:
    """Within it one thread adds numbers, in one order, whatever the machine has."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits
