"""Two sets of unit vectors in; their cosines, block by block, and who is nearest to whom, out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foundation.vectors import Vectors, one_thread

# Of one product. The digests of clusterings rest on its bits, and these on how many rows are multiplied at a time.
ROWS = 4096
COLUMNS = 8192

Groups = NDArray[np.int64]


def cosines(
    vectors: Vectors, others: Vectors, rows: int = ROWS, columns: int = COLUMNS
) -> Iterator[tuple[int, int, Vectors]]:
    """(first row, first column, block) of `vectors` × `others`, the columns of a row before the next rows."""
    for start in range(0, len(vectors), rows):
        for at in range(0, len(others), columns):
            yield start, at, vectors[start : start + rows] @ others[at : at + columns].T


def nearest(
    vectors: Vectors, others: Vectors, groups: tuple[Groups, Groups] | None = None
) -> tuple[NDArray[np.int64], Vectors]:
    """The row of the nearest of `others` for each of `vectors`, and its cosine; of equally near ones the first.

    With `groups`, of each vector and of each other, only those of other groups count; where there are none, as where
    there are no others at all, the cosine is -2.
    """
    places = np.zeros(len(vectors), dtype=np.int64)
    best = np.full(len(vectors), -2, dtype=np.float32)
    with one_thread():
        for start, at, cosine in cosines(vectors, others):
            rows, columns = slice(start, start + cosine.shape[0]), slice(at, at + cosine.shape[1])
            if groups is not None:
                cosine[groups[0][rows, None] == groups[1][None, columns]] = -2
            place = cosine.argmax(axis=1)
            found = cosine[np.arange(len(cosine)), place]
            closer = found > best[rows]
            places[rows] = np.where(closer, at + place, places[rows])
            best[rows] = np.where(closer, found, best[rows])
    return places, best
