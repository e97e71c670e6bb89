import pytest

from sampling.drawing.diversity import effective_number, spread


def test_the_effective_number_counts_equally_large_groups() -> None:
    assert effective_number([1, 2, 3, 4]) == 4
    assert effective_number(["a"] * 9) == 1
    assert effective_number([]) == 0
    assert effective_number("aaab") == pytest.approx(1.7548, abs=1e-4)


def test_random_samples_are_seeded_and_of_the_same_size() -> None:
    pool = [0] * 900 + list(range(1, 101))
    one = spread([1, 2, 3, 4], pool, seed=5)
    assert one == spread([1, 2, 3, 4], pool, seed=5)
    assert one.drawn == 4
    assert 1 <= one.random < 3
    whole = spread(pool, pool, seed=1)
    assert (whole.random, whole.deviation) == (whole.drawn, 0)
