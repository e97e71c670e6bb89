"""Clustering beside BERTopic's way and the plain ways, on the same vectors; each way in a process of its own."""

import importlib
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perf import texts
from perf.growth import alone, peak_memory
from perf.report import Scale, progress, publish, table
from sampling.clustering import kmeans
from sampling.embedding.model import Model

_NAME = "embedded:all-MiniLM-L6-v2"
_CATEGORIES = 40  # of the taxonomy, which the number of clusters follows from
_ROUNDS = 10

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]


def compare(scale: Scale) -> None:
    """Print the tables and keep them as clustering.md."""
    titles = texts.labelled(scale.titles)
    progress(f"embedding {len(titles):,} titles")
    real = Model(_NAME).whole([title for title, _label in titles])
    known = np.array([label for _title, label in titles])
    parts = [_introduction(len(titles), len(set(known.tolist())))]
    with tempfile.TemporaryDirectory() as folder:
        for count in scale.vectors:
            vectors, labels, what = _grown(real, known, count)
            path = Path(folder) / f"{count}.npy"
            np.save(path, vectors)
            k = kmeans.count(count, _CATEGORIES)
            rows, skipped = list[list[str]](), list[str]()
            for name, way in WAYS.items():
                progress(f"{count:,} vectors: {name}")
                try:
                    rows.append([name, *_row(vectors, labels, [alone(_timed, way, path, k, seed) for seed in (0, 1)])])
                except ModuleNotFoundError as error:
                    skipped.append(f"{name} was skipped: {error}")
            head = [
                "",
                "seconds",
                "peak memory, MB",
                "clusters",
                "mean distance",
                "noise",
                "ARI of two seeds",
                "purity",
            ]
            parts += [f"{count:,} vectors ({what}), k = {k:,}:", table(head, rows), *skipped]
    publish("clustering", "Clustering", parts, scale)


def _introduction(titles: int, labels: int) -> str:
    return (
        f"Vectors are titles of questions, embedded by all-MiniLM-L6-v2 ({titles:,} of them, {texts.labels_from()}, "
        f"{labels} labels), and beyond their number a mixture around these. Mean distance is 1 − cosine to the "
        "cluster's own centre, noise left out; purity is the share of documents that carry the commonest label of "
        "their cluster, noise counted as wrong; both fall out better where there are more clusters. Seconds are of "
        "the wall clock, the better of two seeds, without imports and compiling."
    )


def _grown(real: Vectors, known: NDArray[np.str_], count: int) -> tuple[Vectors, NDArray[np.str_], str]:
    """So many vectors: the real ones, or, of these with repetition, each with as much noise again."""
    random = np.random.default_rng(count)
    if count <= len(real):
        chosen = np.sort(random.choice(len(real), count, replace=False))
        return real[chosen], known[chosen], "real"
    chosen = random.integers(0, len(real), count)
    vectors = real[chosen]
    for start in range(0, count, 10_000):
        noise = random.normal(size=vectors[start : start + 10_000].shape).astype(np.float32)
        vectors[start : start + 10_000] += noise / np.linalg.norm(noise, axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, known[chosen], "a mixture: real ones with as much noise again, cosine .71 to where they came from"


def _timed(way: Callable[[Vectors, int, int], Labels], path: Path, k: int, seed: int) -> tuple[float, float, Labels]:
    vectors = np.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        way(vectors[: min(500, len(vectors) // 2)], 5, seed)  # what is imported and compiled on first use
        start = time.perf_counter()
        labels = way(vectors, k, seed)
    return time.perf_counter() - start, peak_memory(), labels


def _row(vectors: Vectors, known: NDArray[np.str_], runs: list[tuple[float, float, Labels]]) -> list[str]:
    from sklearn.metrics import adjusted_rand_score

    seconds, memory = min(run[0] for run in runs), max(run[1] for run in runs)
    labels = runs[0][2]
    placed = labels >= 0
    sums = np.zeros((labels.max(initial=-1) + 1, vectors.shape[1]))
    np.add.at(sums, labels[placed], vectors[placed])
    length = np.linalg.norm(sums, axis=1)
    distance = 1 - length.sum() / max(placed.sum(), 1)  # the cosines to a sum's direction add up to its length
    pairs = Counter(zip(labels[placed].tolist(), known[placed].tolist(), strict=True))
    commonest = dict[int, int]()
    for (label, _name), number in pairs.items():
        commonest[label] = max(commonest.get(label, 0), number)
    return [
        f"{seconds:,.1f}",
        f"{memory:,.0f}",
        f"{len(commonest):,}",
        f"{distance:.3f}",
        f"{1 - placed.mean():.1%}",
        f"{adjusted_rand_score(labels, runs[1][2]):.2f}",
        f"{sum(commonest.values()) / len(labels):.3f}",
    ]


def _ours(vectors: Vectors, k: int, seed: int) -> Labels:
    return kmeans.cluster(vectors, k, seed).labels


def _bertopic(vectors: Vectors, k: int, seed: int) -> Labels:
    """BERTopic 0.17's defaults; it does not ask for k, and takes no seed unless told to, which would be slower."""
    umap, hdbscan = importlib.import_module("umap"), importlib.import_module("hdbscan")
    small = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", low_memory=False)
    density = hdbscan.HDBSCAN(
        min_cluster_size=10, metric="euclidean", cluster_selection_method="eom", prediction_data=True
    )
    return np.asarray(density.fit_predict(small.fit_transform(vectors)), np.int64)


def _sklearn(name: str, vectors: Vectors, k: int, seed: int) -> Labels:
    found: Any = getattr(importlib.import_module("sklearn.cluster"), name)(k, random_state=seed).fit(vectors)
    return np.asarray(found.labels_, np.int64)


def _kmeans(vectors: Vectors, k: int, seed: int) -> Labels:
    return _sklearn("KMeans", vectors, k, seed)


def _minibatch(vectors: Vectors, k: int, seed: int) -> Labels:
    return _sklearn("MiniBatchKMeans", vectors, k, seed)


def _spherical(vectors: Vectors, k: int, seed: int) -> Labels:
    """Centres are mean directions; those that lose all of their documents stay where they are."""
    random = np.random.default_rng(seed)
    centres = vectors[random.choice(len(vectors), k, replace=False)]
    for _ in range(_ROUNDS):
        labels = _nearest(vectors, centres)
        order = np.argsort(labels, kind="stable")
        found, starts = np.unique(labels[order], return_index=True)
        sums = np.add.reduceat(vectors[order], starts)
        centres[found] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return _nearest(vectors, centres)


def _nearest(vectors: Vectors, centres: Vectors) -> Labels:
    blocks = (vectors[start : start + 4096] @ centres.T for start in range(0, len(vectors), 4096))
    return np.concatenate([block.argmax(axis=1) for block in blocks])


WAYS: dict[str, Callable[[Vectors, int, int], Labels]] = {
    "**Quorum**": _ours,
    "UMAP + HDBSCAN, as BERTopic does": _bertopic,
    "scikit-learn KMeans, its defaults": _kmeans,
    "scikit-learn MiniBatchKMeans, its defaults": _minibatch,
    "spherical k-means, 15 lines of NumPy": _spherical,
}
