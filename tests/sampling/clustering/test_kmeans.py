import numpy as np
import pytest
from numpy.typing import NDArray

from sampling.clustering import kmeans


def blobs(groups: int = 5, each: int = 20, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(groups, 16))
    points = np.concatenate(
        [centre + random.normal(scale=0.05, size=(each + at, 16)) for at, centre in enumerate(centres)]
    )
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


def test_plain_groups_are_found_and_numbered_by_size() -> None:
    found = kmeans.cluster(blobs(), 5, seed=3)
    assert np.bincount(found.labels).tolist() == [24, 23, 22, 21, 20]
    assert np.allclose(np.linalg.norm(found.centres, axis=1), 1, atol=1e-5)
    assert found.distances.max() < 0.2


def test_the_same_seed_gives_the_same_clusters() -> None:
    vectors = blobs(groups=12, each=9)
    first, again = kmeans.cluster(vectors, 20, seed=7), kmeans.cluster(vectors, 20, seed=7)
    assert first.labels.tolist() == again.labels.tolist()
    assert first.centres.tobytes() == again.centres.tobytes()
    assert kmeans.cluster(vectors, 20, seed=8).labels.tolist() != first.labels.tolist()


def test_the_large_method_is_deterministic_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kmeans, "_LARGE", 50)
    vectors = blobs(groups=6, each=30)
    first = kmeans.cluster(vectors, 6, seed=1)
    assert first.method == kmeans.METHOD_LARGE
    assert first.labels.tolist() == kmeans.cluster(vectors, 6, seed=1).labels.tolist()


def test_fewer_distinct_texts_than_clusters_give_fewer_clusters() -> None:
    vectors = np.repeat(blobs(groups=3, each=1)[:3], 4, axis=0)
    found = kmeans.cluster(vectors, 10, seed=0)
    assert len(found.centres) == 3
    assert sorted(set(found.labels.tolist())) == [0, 1, 2]


@pytest.mark.parametrize(("rows", "k"), [(0, 0), (1, 1), (2, 2), (30, 10), (500, 160), (3000, 160), (60_000, 736)])
def test_how_many_clusters(rows: int, k: int) -> None:
    assert kmeans.count(rows, categories=40) == k
