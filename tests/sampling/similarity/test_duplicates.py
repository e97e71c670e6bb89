import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sampling.similarity import duplicates


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


def test_close_vectors_are_linked_only_where_the_words_agree() -> None:
    vectors = unit([[1, 0], [1, 0.01], [1, 0.02], [0, 1]])
    asked: list[tuple[int, int]] = []

    def confirm(row: int, other: int) -> bool:
        asked.append((row, other))
        return (row, other) != (1, 0)

    assert duplicates.canonical(vectors, 0.95, confirm)[0].tolist() == [0, 1, 0, 3]
    assert asked == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("numpy append to array", "how do you append to a numpy array?", True),
        ("yaml read file python", "how to read yaml file from python", True),
        ("C 语言的关键字 static 有什么区别", "c语言的关键字static有什么区别？", True),
        ("如何避免“野指针”", '如何避免"野指针"？', True),
        # All of these have a cosine above .98 under an English model.
        ("你想当全栈工程师吗？", "什么是临界破坏电压？", False),
        ("什么是模型容量？", "遗传编程是什么？", False),
        ("如何使用jQuery实现一个无限滚动效果？", "如何使用jQuery实现一个动态表格？", False),
        ("说说你对代码可读性的理解", "说说你对代码可移植性的理解", False),
        ("缓存穿透和缓存击穿有什么区别？", "缓存雪崩和缓存击穿有什么区别？", False),
    ],
)
def test_words_in_common(one: str, other: str, same: bool) -> None:
    assert duplicates.share_words(duplicates.words(one), duplicates.words(other)) is same
    assert duplicates.share_words(duplicates.words(other), duplicates.words(one)) is same


def one_by_one(
    vectors: NDArray[np.float32], threshold: float, confirm: duplicates.Confirm
) -> tuple[list[int], list[float]]:
    """What `canonical` says it does, each vector compared with each before it."""
    close = vectors @ vectors.T
    to, cosine = list[int](), list[float]()
    for row in range(len(vectors)):
        standing = (other for other in range(row) if to[other] == other and close[row, other] >= threshold)
        first = next((other for other in standing if confirm(row, other)), row)
        to.append(first)
        cosine.append(min(float(close[row, first]), 1.0) if first != row else 1.0)
    return to, cosine


@pytest.mark.parametrize("block", [1, 5, 16, 2048])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["random", "ties", "chain"])
def test_the_same_as_one_by_one(monkeypatch: pytest.MonkeyPatch, block: int, seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    if kind == "random":
        vectors = unit(random.normal(size=(70, 3)).tolist())
    elif kind == "ties":  # axes and their opposites: cosines of exactly 1, 0 and -1
        vectors = np.eye(4, dtype=np.float32)[random.integers(0, 4, 70)] * random.choice([-1, 1], (70, 1))
        vectors = vectors.astype(np.float32)
    else:
        angles = random.permutation(70) * 0.1
        vectors = unit(np.stack([np.cos(angles), np.sin(angles)], axis=1).tolist())
    agreed = random.random((70, 70)) < 0.6
    monkeypatch.setattr(duplicates, "_BLOCK", block)
    for confirm in (lambda row, other: True, lambda row, other: bool(agreed[row, other])):
        to, cosine = duplicates.canonical(vectors, 0.93, confirm)
        expected_to, expected_cosine = one_by_one(vectors, 0.93, confirm)
        assert to.tolist() == expected_to
        assert cosine.tolist() == pytest.approx(expected_cosine, abs=1e-6)


def test_memory_does_not_grow_with_the_number_of_close_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand texts that a model takes for one, and that the words then have to decide of, pair by pair."""
    vectors = np.tile(np.array([[1, 0]], dtype=np.float32), (1000, 1))
    monkeypatch.setattr(duplicates, "_BLOCK", 250)
    tracemalloc.start()
    try:
        to, _cosine = duplicates.canonical(vectors, confirm=lambda row, other: False)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (to == np.arange(1000)).all()
    assert peak < 1_000_000  # a block of cosines is 250 KB; its rows' pairs are 4 MB as arrays, far more as numbers
