import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sampling.maps import projection

ROOT = Path(__file__).resolve().parents[3]
SHOWN = """
import hashlib, sys
import numpy as np
from sampling.maps import projection
projection.FITTED = 150
vectors = np.load(sys.argv[1])
print(hashlib.sha256(projection.project(vectors, 7).tobytes()).hexdigest())
"""


def groups(count: int = 6, each: int = 30, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors around so many directions, group after group."""
    random = np.random.default_rng(seed)
    points = np.repeat(random.normal(size=(count, 24)), each, axis=0) + random.normal(
        scale=0.3, size=(count * each, 24)
    )
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


def together(places: NDArray[np.float32], each: int = 30) -> float:
    """Share of points whose nearest point is of their own group."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places)) * 9
    return float(np.mean(apart.argmin(axis=1) // each == np.arange(len(places)) // each))


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 11, 12, 13, 40, 180])
def test_every_row_gets_a_place_in_the_unit_square(rows: int) -> None:
    places = projection.project(groups()[:rows], seed=1)
    assert places.shape == (rows, 2)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()
    assert ((places >= 0) & (places <= 1)).all()
    if rows > 1:
        assert (places.max(axis=0) - places.min(axis=0)).max() == pytest.approx(0.94, abs=1e-3)


@pytest.mark.parametrize("rows", [2, 50])
def test_rows_that_do_not_differ_lie_in_the_middle(rows: int) -> None:
    assert projection.project(np.repeat(groups()[:1], rows, axis=0), seed=0).tolist() == [[0.5, 0.5]] * rows


def test_many_rows_of_few_texts_have_places(monkeypatch: pytest.MonkeyPatch) -> None:
    few = np.repeat(groups()[::30], 20, axis=0)
    places = projection.project(few, seed=0)
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(4), axis=0)) == 6
    monkeypatch.setattr(projection, "FITTED", 40)
    assert np.isfinite(projection.project(few, seed=0)).all()


def test_vectors_of_one_number_have_places() -> None:
    places = projection.project(np.array([[1.0], [-1.0], [1.0]], dtype=np.float32), seed=0)
    assert places[0].tolist() == places[2].tolist() != places[1].tolist()


def test_what_is_alike_lies_together() -> None:
    assert together(projection.project(groups(), seed=0)) > 0.95


def test_rows_beyond_the_fitted_ones_lie_with_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "FITTED", 90)
    places = projection.project(groups(), seed=0)
    assert together(places) > 0.9
    assert len(np.unique(places, axis=0)) == len(places)  # none lies on another


def test_new_rows_lie_with_those_that_have_places() -> None:
    vectors = groups()
    known = np.arange(len(vectors)) % 3 > 0
    places = projection.project(vectors[known], seed=0)
    added = projection.among(vectors[~known], vectors[known], places, seed=0)
    group = np.arange(len(vectors)) // 30
    nearest = np.linalg.norm(added[:, None] - places[None], axis=2).argmin(axis=1)
    assert np.mean(group[known][nearest] == group[~known]) > 0.9
    assert projection.among(vectors[:0], vectors, projection.project(vectors, 0), seed=0).shape == (0, 2)
    assert projection.among(vectors[:4], vectors[:1], np.full((1, 2), 0.5, dtype=np.float32), seed=0).shape == (4, 2)


def test_another_seed_gives_another_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "FITTED", 90)
    vectors = groups()
    first = projection.project(vectors, seed=0)
    assert first.tobytes() == projection.project(vectors, seed=0).tobytes()
    assert first.tobytes() != projection.project(vectors, seed=1).tobytes()


def test_every_process_gives_the_same_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "vectors.npy", groups())
    found = set()
    for hashing, threads in (("0", "1"), ("1", "2"), ("999", "4")):
        environment = os.environ | {
            "PYTHONHASHSEED": hashing, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads,
        }  # fmt: skip
        line = [sys.executable, "-c", SHOWN, str(tmp_path / "vectors.npy")]
        run = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        found.add(run.stdout.strip())
    monkeypatch.setattr(projection, "FITTED", 150)
    assert found == {hashlib.sha256(projection.project(groups(), 7).tobytes()).hexdigest()}
