"""Agreement against values counted by hand and published ones."""

import math
from collections.abc import Hashable, Sequence

import pytest

from review.agreement import Labels, Pairs, fleiss_kappa, krippendorff_alpha, of_each, pairwise

# Fleiss (1971), as tabled in the literature: ten items, fourteen raters, five labels. kappa = 0.210.
FLEISS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip

# Krippendorff (2011), sections A, B and C: rows are observers, a point is a missing value.
BINARY = ["0100000010", "1110010000"]
NOMINAL = ["aabbdcccedda", "babbbccceddd"]
MISSING = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]


def observers(rows: Sequence[str]) -> list[Labels]:
    return [{row: label for row, label in enumerate(column) if label != "."} for column in zip(*rows, strict=True)]


def labels(*given: Hashable) -> Labels:
    return dict(enumerate(given))


def test_fleiss_kappa_is_the_published_one() -> None:
    items = [labels(*(label for label, count in enumerate(row) for _ in range(count))) for row in FLEISS]
    assert fleiss_kappa(items) == pytest.approx(0.20993, abs=1e-5)


@pytest.mark.parametrize(("rows", "alpha"), [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)])
def test_krippendorff_alpha_is_the_published_one(rows: list[str], alpha: float) -> None:
    assert krippendorff_alpha(observers(rows)) == pytest.approx(alpha, abs=5e-4)


def test_counted_by_hand() -> None:
    # Four votes each: 4:0, 3:1, 2:2. Pairs: 6 of 6, 3 of 6, 2 of 6. Yes is 9 of 12.
    items = [labels(1, 1, 1, 1), labels(1, 1, 1, 0), labels(1, 1, 0, 0)]
    assert pairwise(items) == Pairs(agreeing=11, total=18, items=3)
    expected = (9 / 12) ** 2 + (3 / 12) ** 2
    assert fleiss_kappa(items) == pytest.approx((11 / 18 - expected) / (1 - expected))
    # Do = (0 + 6/3 + 8/3) / 12 = 7/18; De = 2 * 9 * 3 / (12 * 11) = 9/22
    assert krippendorff_alpha(items) == pytest.approx(1 - (7 / 18) / (9 / 22))


def test_the_others_agree_or_not_with_each_reviewer() -> None:
    items: list[Labels] = [{"a": 1, "b": 1, "c": 0}, {"a": 1, "b": 1}, {"c": 1}]
    each = of_each(items)
    assert each == {"a": Pairs(2, 3, 2), "b": Pairs(2, 3, 2), "c": Pairs(0, 2, 1)}
    assert each["a"].share == pytest.approx(2 / 3)


def test_every_pair_has_two_reviewers() -> None:
    items = [labels(1, 1, 0, 0), labels(0, 1, 1)]
    both, each = pairwise(items), of_each(items).values()
    assert sum(pairs.total for pairs in each) == 2 * both.total
    assert sum(pairs.agreeing for pairs in each) == 2 * both.agreeing


@pytest.mark.parametrize("items", [[], [labels()], [labels(1)], [labels(1), labels(0)]])
def test_undefined_without_pairs(items: list[Labels]) -> None:
    assert pairwise(items) == Pairs(0, 0, 0)
    assert pairwise(items).share is None
    assert of_each(items) == {}
    assert fleiss_kappa(items) is None
    assert krippendorff_alpha(items) is None


def test_undefined_without_variation_though_the_share_is_one() -> None:
    items = [labels(1, 1, 1), labels(1, 1, 1)]
    assert pairwise(items).share == 1
    assert fleiss_kappa(items) is None
    assert krippendorff_alpha(items) is None


def test_fleiss_kappa_is_undefined_for_differing_numbers_of_votes_and_alpha_is_not() -> None:
    items = [labels(1, 1, 1), labels(0, 0)]
    assert fleiss_kappa(items) is None
    assert krippendorff_alpha(items) == 1


def test_perfect_and_opposite() -> None:
    assert fleiss_kappa([labels(1, 1), labels(0, 0)]) == 1
    assert fleiss_kappa([labels(1, 0), labels(0, 1)]) == -1
    alpha = krippendorff_alpha([labels(1, 0), labels(0, 1)])
    assert alpha is not None
    assert math.isclose(alpha, -0.5)


def test_single_labels_do_not_change_alpha() -> None:
    items = [labels(1, 1, 0), labels(0, 0)]
    assert krippendorff_alpha([*items, labels(1)]) == krippendorff_alpha(items)
