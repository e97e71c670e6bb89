import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sampling import duplicates


def unit(rows: list[list[float]]) -> NDArray[np.float32]:
    array = np.array(rows, dtype=np.float32)
    return np.asarray(array / np.linalg.norm(array, axis=1, keepdims=True), dtype=np.float32)


def test_the_first_of_a_group_stands_for_it() -> None:
    to, cosine = duplicates.canonical(unit([[1, 0], [0, 1], [1, 0.01], [0.01, 1]]), 0.95)
    assert to.tolist() == [0, 1, 0, 1]
    assert cosine[2] == pytest.approx(0.99995, abs=1e-4)


def test_a_row_of_steps_is_no_chain() -> None:
    angles = [at * 0.25 for at in range(6)]  # neighbours are 0.969 close, next but one 0.878
    to, cosine = duplicates.canonical(unit([[float(np.cos(a)), float(np.sin(a))] for a in angles]), 0.95)
    assert to.tolist() == [0, 0, 2, 2, 4, 4]
    assert cosine.min() >= 0.95


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(0.2, 0.99))
def test_who_stands_for_others_stands_for_itself(seed: int, rows: int, threshold: float) -> None:
    vectors = unit(np.random.default_rng(seed).normal(size=(rows, 3)).tolist())
    to, cosine = duplicates.canonical(vectors, threshold)
    for row, target in enumerate(to.tolist()):
        assert target <= row
        assert to[target] == target
        assert target == row or cosine[row] >= threshold
    standing = [row for row in range(rows) if to[row] == row]
    close = vectors[standing] @ vectors[standing].T
    np.fill_diagonal(close, -1)
    assert close.max(initial=-1) < threshold


def test_blocks_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(np.random.default_rng(5).normal(size=(300, 4)).tolist())
    whole = duplicates.canonical(vectors, 0.9)
    monkeypatch.setattr(duplicates, "_BLOCK", 37)
    assert duplicates.canonical(vectors, 0.9)[0].tolist() == whole[0].tolist()
