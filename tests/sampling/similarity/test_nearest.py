import numpy as np
import pytest
from numpy.typing import NDArray

from sampling.similarity import nearest as module
from sampling.similarity.nearest import nearest

Vectors = NDArray[np.float32]


def coarse(rows: int, seed: int) -> Vectors:
    """Few different vectors: their products are exact in whatever order they are summed, and many of them equal."""
    return np.random.default_rng(seed).integers(-2, 3, size=(rows, 3)).astype(np.float32) / np.float32(4)


@pytest.fixture(params=[(4096, 8192), (7, 5), (1, 1), (5, 64)])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, columns = request.param
    monkeypatch.setattr(module.cosines, "__defaults__", (rows, columns))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_are_those_of_one_product(seed: int) -> None:
    vectors, others = coarse(23, seed), coarse(31, seed + 100)
    product = vectors @ others.T
    assert (product == product.max(axis=1, keepdims=True)).sum() > 23  # ties, of which the first counts
    places, best = nearest(vectors, others)
    assert places.tolist() == product.argmax(axis=1).tolist()
    assert best.tolist() == product.max(axis=1).tolist()


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("seed", range(5))
def test_those_of_the_same_group_do_not_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors, others = coarse(23, seed), coarse(31, seed + 100)
    groups = random.integers(0, 3, size=23), random.integers(0, 3, size=31)
    groups[0][5] = 7  # of no other: all count
    product = np.where(groups[0][:, None] == groups[1][None], -2, vectors @ others.T)
    places, best = nearest(vectors, others, groups)
    assert places.tolist() == product.argmax(axis=1).tolist()
    assert best.tolist() == product.max(axis=1).tolist()


@pytest.mark.usefixtures("blocks")
def test_where_there_is_nothing_to_compare_the_cosine_says_so() -> None:
    some, none = coarse(3, 0), np.zeros((0, 3), np.float32)
    places, best = nearest(some, none)
    assert (places.tolist(), best.tolist()) == ([0, 0, 0], [-2, -2, -2])
    places, best = nearest(none, some)
    assert (places.shape, best.shape) == ((0,), (0,))
    same = np.zeros(3, np.int64), np.zeros(3, np.int64)
    assert nearest(some, some, same)[1].tolist() == [-2, -2, -2]
