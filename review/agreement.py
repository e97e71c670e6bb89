"""How far reviewers agree: as it is counted, and corrected for what chance alone would bring.

Every function takes items as mappings from a reviewer to the label they gave, and leaves out what cannot be
compared: an item with a single label has no pair. None means "undefined", which is not zero.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

Labels = Mapping[Hashable, Hashable]  # reviewer → label


@dataclass(frozen=True)
class Pairs:
    """Pairs of labels that two reviewers gave to the same item, over `items` items that have any."""

    agreeing: int
    total: int
    items: int

    @property
    def share(self) -> float | None:
        return self.agreeing / self.total if self.total else None


def _same(counts: Iterable[int]) -> int:
    """Ordered pairs of equal labels."""
    return sum(count * (count - 1) for count in counts)


def pairwise(items: Iterable[Labels]) -> Pairs:
    """Raw agreement: pairs of reviewers who gave an item the same label, over all pairs within items.

    >>> pairwise([{"a": True, "b": True, "c": False}, {"a": True, "b": True}, {"a": True}])
    Pairs(agreeing=2, total=4, items=2)
    """
    agreeing = total = compared = 0
    for labels in items:
        size = len(labels)
        if size > 1:
            compared += 1
            total += size * (size - 1) // 2
            agreeing += _same(Counter(labels.values()).values()) // 2
    return Pairs(agreeing, total, compared)


def of_each(items: Iterable[Labels]) -> dict[Hashable, Pairs]:
    """Each reviewer's raw agreement with the others: only the pairs they are part of.

    >>> of_each([{"a": True, "b": True, "c": False}])["a"]
    Pairs(agreeing=1, total=2, items=1)
    """
    agreeing: Counter[Hashable] = Counter()
    total: Counter[Hashable] = Counter()
    compared: Counter[Hashable] = Counter()
    for labels in items:
        if len(labels) > 1:
            compared.update(labels.keys())
        for one, other in combinations(labels, 2):
            total.update((one, other))
            if labels[one] == labels[other]:
                agreeing.update((one, other))
    return {reviewer: Pairs(agreeing[reviewer], total[reviewer], compared[reviewer]) for reviewer in compared}


def fleiss_kappa(items: Iterable[Labels]) -> float | None:
    """Fleiss' kappa, for items that all have the same number of labels.

        kappa = (P - Pe) / (1 - Pe)

    P is the mean over items of the share of agreeing pairs; Pe = sum of p(c)**2, where p(c) is the share of
    all labels that are c: the agreement of reviewers who draw their labels from the common pool.
    Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychological Bulletin 76(5).

    Undefined without items, with fewer than two labels an item, with differing numbers of labels (then
    Krippendorff's alpha is what to ask for), and where all labels are the same (Pe = 1).
    """
    tables = [Counter(labels.values()) for labels in items]
    sizes = {table.total() for table in tables}
    if len(sizes) != 1 or (size := sizes.pop()) < 2:
        return None
    pool = sum(tables, Counter[Hashable]())
    expected = sum(count**2 for count in pool.values()) / pool.total() ** 2
    if len(pool) == 1:
        return None
    observed = sum(_same(table.values()) for table in tables) / (len(tables) * size * (size - 1))
    return (observed - expected) / (1 - expected)


def krippendorff_alpha(items: Iterable[Labels]) -> float | None:
    """Krippendorff's alpha for nominal labels, for any number of labels an item.

        alpha = 1 - Do / De

    Do = 1/n * sum over items u of (ordered pairs of differing labels in u) / (m(u) - 1);
    De = 1/(n (n - 1)) * (ordered pairs of differing labels among all n). n counts the labels of items that have
    at least two, m(u) those of item u.
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.

    Undefined where no item has two labels, and where all labels are the same: without variation there is nothing
    to tell agreement from habit.
    """
    tables = [table for table in (Counter(labels.values()) for labels in items) if table.total() > 1]
    pool = sum(tables, Counter[Hashable]())
    if len(pool) < 2:
        return None
    n = pool.total()
    differing = sum(
        (table.total() * (table.total() - 1) - _same(table.values())) / (table.total() - 1) for table in tables
    )
    by_chance = (n * (n - 1) - _same(pool.values())) / (n - 1)
    return 1 - differing / by_chance
