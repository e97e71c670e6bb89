"""Unit vectors and a seed in; clusters, numbered from the largest, out. The same input gives the same clusters."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundation.vectors import Vectors, one_thread, unit
from sampling.similarity.nearest import nearest

METHOD = "k-means"
METHOD_LARGE = "k-means, ten rounds"
# Rows from which other starts and more rounds cost ten times as long and better the inertia by less than a hundredth.
_LARGE = 5_000
_ROUNDS = 10
_STARTING = 5  # rows to a cluster that starting centres are looked for among
_SAMPLE = 10_000  # rows that a mean is taken over


@dataclass(frozen=True)
class Clustering:
    method: str
    labels: NDArray[np.int64]  # of each row; 0 is the largest cluster
    centres: Vectors  # unit vectors
    distances: Vectors  # of each row, 1 − cosine to its centre
    inertia: float  # sum of the distances
    expected: float  # mean distance of a row, had it come later and been assigned


def count(rows: int, categories: int) -> int:
    """How many clusters for so many documents: rows^0.6, and where it can be four for each category, at three
    documents or more to a cluster on average.
    """
    return max(round(rows**0.6), min(4 * categories, rows // 3), 1) if rows else 0


def cluster(vectors: Vectors, k: int, seed: int) -> Clustering:
    """At most k clusters (fewer where fewer rows differ), none of them empty."""
    from sklearn.cluster import KMeans, kmeans_plusplus
    from sklearn.exceptions import ConvergenceWarning

    k = _distinct(vectors, k)
    large = len(vectors) > _LARGE
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if large:
            some = np.random.default_rng(seed).choice(len(vectors), min(_STARTING * k, len(vectors)), replace=False)
            start, _rows = kmeans_plusplus(vectors[np.sort(some)], k, random_state=seed)
            algorithm = KMeans(k, init=start, n_init=1, max_iter=_ROUNDS, tol=0)
        else:
            algorithm = KMeans(k, random_state=seed, n_init=4)
        algorithm.fit(vectors)
        centres = unit(algorithm.cluster_centers_.astype(np.float32))
        labels, distances = assign(vectors, centres)
    # Numbered by size, and by their first row where sizes are equal; centres that nothing is nearest to go.
    sizes = np.bincount(labels, minlength=len(centres))
    first = np.full(len(centres), len(vectors))
    np.minimum.at(first, labels, np.arange(len(vectors)))
    order = [at for at in np.lexsort((first, -sizes)) if sizes[at]]
    number = np.zeros(len(centres), dtype=np.int64)
    number[order] = np.arange(len(order))
    return Clustering(
        method=METHOD_LARGE if large else METHOD,
        labels=number[labels],
        centres=centres[order],
        distances=distances,
        inertia=float(distances.sum(dtype=np.float64)),
        expected=_expected(vectors, number[labels], centres[order]),
    )


def _distinct(vectors: Vectors, most: int) -> int:
    """How many rows differ, counted up to `most`."""
    seen = set[bytes]()
    for row in vectors:
        if len(seen) == most:
            break
        seen.add(row.tobytes())
    return len(seen)


def assign(vectors: Vectors, centres: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """The nearest centre of each row, and 1 − cosine to it."""
    labels, cosines = nearest(vectors, centres)
    return labels, np.clip(1 - cosines, 0, 2)


def _expected(vectors: Vectors, labels: NDArray[np.int64], centres: Vectors) -> float:
    """What the mean distance would be, had each row come after the clusters were made: to its own cluster's mean
    without it, or to the nearest other centre. Over at most _SAMPLE rows, evenly spaced.
    """
    from scipy.sparse import csr_matrix

    with one_thread():
        ones = np.ones(len(labels), dtype=np.float32)
        sums = csr_matrix((ones, (labels, np.arange(len(labels)))), (len(centres), len(labels))) @ vectors
        rows = np.unique(np.linspace(0, len(vectors) - 1, min(_SAMPLE, len(vectors))).astype(np.int64))
        cosine = vectors[rows] @ centres.T
        without = sums[labels[rows]] - vectors[rows]
        length = np.linalg.norm(without, axis=1)
        own = np.einsum("ij,ij->i", vectors[rows], without) / np.where(length > 1e-3, length, 1)
        cosine[np.arange(len(rows)), labels[rows]] = np.where(length > 1e-3, own, -1)
        return float(np.clip(1 - cosine.max(axis=1), 0, 2).mean(dtype=np.float64)) if len(vectors) > 1 else 0.0
