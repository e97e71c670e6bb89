"""Drawing seeds beside pandas' ways to sample by group; each way and size in a process of its own."""

import importlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from perf.growth import alone, peak_memory
from perf.report import Scale, progress, publish, table
from sampling.drawing.allocation import Candidate
from sampling.drawing.drawfile import Inputs

_CATEGORIES = 40
_SALT = "0" * 64
_QUOTA = 2000  # for each category, as by default

Draw = Callable[[Sequence[Candidate], int], list[Candidate]]


def compare(scale: Scale) -> None:
    """Print the table and keep it as drawing.md."""
    rows = []
    for count in scale.candidates:
        for name, way in WAYS.items():
            progress(f"{count:,} candidates: {name}")
            seconds, memory, before, drawn, wanted, uneven = alone(_timed, way, count)
            rows.append([name, f"{count:,}", f"{seconds:,.2f}", f"{memory - before:,.0f}", f"{memory:,.0f}"])
            rows[-1] += [f"{drawn:,} of {wanted:,}", f"{uneven:,}"]
    head = ["", "candidates", "seconds", "memory, MB", "peak with the candidates, MB", "drawn", "uneven by"]
    parts = [
        f"Candidates of {_CATEGORIES} categories in clusters of very different sizes (as many as the rule gives), a "
        f"tenth of them of another category than their cluster's; {_QUOTA:,} wanted of each category, or half of what "
        "there is. The peer shuffles with pandas and takes as many from each cluster as an even share is, which falls "
        "short where clusters are smaller; or samples each category in proportion to its clusters. Uneven by: the "
        "largest difference within a category between the numbers drawn from two clusters, of which the lesser had "
        "more to give. Only Quorum's draw goes on where an earlier one stopped.",
        table(head, rows),
    ]
    publish("drawing", "Drawing seeds", parts, scale)


def candidates(count: int) -> list[Candidate]:
    """The same in every run: cluster sizes fall as 1/√rank."""
    random = np.random.default_rng(count)
    clusters = max(round(count**0.6), _CATEGORIES)
    weights = 1 / np.sqrt(np.arange(1, clusters + 1))
    cluster = random.choice(clusters, count, p=weights / weights.sum())
    category = np.where(random.random(count) < 0.1, random.integers(0, _CATEGORIES, count), cluster % _CATEGORIES)
    names = [f"category-{number:02}" for number in range(_CATEGORIES)]
    return [
        Candidate(f"document-{at:07}", names[of], in_cluster, in_cluster)
        for at, (of, in_cluster) in enumerate(zip(category.tolist(), cluster.tolist(), strict=True))
    ]


def _wanted(pool: Sequence[Candidate]) -> int:
    return min(_QUOTA, len(pool) // (2 * _CATEGORIES))


def _timed(way: Draw, count: int) -> tuple[float, float, float, int, int, int]:
    """Seconds, peak memory and memory before in MB, seeds drawn and wanted, and how uneven they are."""
    pool = candidates(count)
    way(pool[:200], 1)  # what is imported on first use
    before, start = peak_memory(), time.perf_counter()
    drawn = way(pool, _wanted(pool))
    seconds, memory = time.perf_counter() - start, peak_memory()
    room = Counter((one.category, one.cluster) for one in pool)
    given = Counter((one.category, one.cluster) for one in drawn)
    most = Counter[str]()
    for (category, _cluster), number in given.items():
        most[category] = max(most[category], number)
    uneven = max((most[group[0]] - given[group] for group in room if given[group] < room[group]), default=0)
    return seconds, memory, before, len(drawn), _wanted(pool) * _CATEGORIES, max(uneven, 0)


def _ours(pool: Sequence[Candidate], number: int) -> list[Candidate]:
    wanted = dict.fromkeys(sorted({one.category for one in pool}), number)
    return [one for _rank, one in Inputs(7, _SALT, 1, wanted, {}, list(pool)).replay()]


def _frame(pool: Sequence[Candidate]) -> Any:
    return importlib.import_module("pandas").DataFrame(
        {"category": [one.category for one in pool], "cluster": [one.cluster for one in pool]}
    )


def _heads(pool: Sequence[Candidate], number: int) -> list[Candidate]:
    frame = _frame(pool).sample(frac=1, random_state=7)
    share = number // frame.groupby("category")["cluster"].nunique().clip(upper=number)
    taken = frame.groupby(["category", "cluster"]).cumcount() < frame["category"].map(share)
    return [pool[at] for at in frame.index[taken]]


def _proportional(pool: Sequence[Candidate], number: int) -> list[Candidate]:
    taken = _frame(pool).sample(frac=1, random_state=7).groupby("category").head(number)
    return [pool[at] for at in taken.index]


WAYS: dict[str, Draw] = {
    "**Quorum**": _ours,
    "pandas, shuffled, an even share of each cluster": _heads,
    "pandas, shuffled, the first of each category": _proportional,
}
