"""How many seeds each category and cluster gives, and which: even by water-filling, then by lot.

Every document has one lot, fixed by the seed and the clustering alone. A later draw therefore goes on in the same
order where an earlier one stopped, whatever was left out in between.
"""

import hashlib
import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def water_fill(room: Mapping[K, int], quota: int, held: Mapping[K, int] | None = None) -> dict[K, int]:
    """Share `quota` among vessels so that their levels (held + given) are as even as can be.

    None is given more than its room; where levels are equal, the vessel named first goes first.

    >>> water_fill({"a": 1, "b": 9, "c": 9}, 8), water_fill({"a": 9, "b": 9}, 3, held={"a": 2})
    ({'a': 1, 'b': 4, 'c': 3}, {'a': 1, 'b': 2})
    """
    given = dict.fromkeys(room, 0)
    order = {key: at for at, key in enumerate(room)}
    heap = [((held or {}).get(key, 0), order[key], key) for key in room if room[key] > 0]
    heapq.heapify(heap)
    for _ in range(quota):
        if not heap:
            break
        level, at, key = heap[0]
        given[key] += 1
        if given[key] < room[key]:
            heapq.heapreplace(heap, (level + 1, at, key))
        else:
            heapq.heappop(heap)
    return given


def lot(seed: int, salt: str, key: str) -> bytes:
    """A uniformly random number for a document, the same on every machine and in every version of Python."""
    return hashlib.sha256(f"{seed}\x00{salt}\x00{key}".encode()).digest()


@dataclass(frozen=True)
class Candidate:
    key: str
    category: str
    cluster: int
    group: int  # its cluster, or the one that its cluster was merged into


Group = tuple[str, int]  # category and cluster


def pick(
    candidates: Iterable[Candidate],
    wanted: Mapping[str, int],
    *,
    seed: int,
    salt: str,
    held: Mapping[Group, int] | None = None,
) -> list[Candidate]:
    """Draw `wanted` documents of each category: evenly over the clusters it occurs in, by lot inside each of them.

    `held` says what earlier draws took from each (category, group). The result is in the order of work: categories
    take turns (in the order of `wanted`), and within a category so do its clusters.
    """
    before = held or {}
    by_group: dict[str, dict[int, list[Candidate]]] = {category: {} for category in wanted}
    for candidate in candidates:
        if candidate.category in by_group:
            by_group[candidate.category].setdefault(candidate.group, []).append(candidate)
    lines = []
    for category, groups in by_group.items():
        # Which cluster gives one more, where the numbers do not come out even, is decided by lot as well.
        order = sorted(groups, key=lambda group: lot(seed, salt, f"cluster {group} of {category}"))
        level = {group: before.get((category, group), 0) for group in order}
        given = water_fill({group: len(groups[group]) for group in order}, wanted[category], level)
        line = []
        for place, group in enumerate(order):
            drawn = sorted(groups[group], key=lambda one: (lot(seed, salt, one.key), one.key))[: given[group]]
            line += [(level[group] + turn, place, one) for turn, one in enumerate(drawn)]
        lines.append([one for _turn, _place, one in sorted(line, key=lambda entry: entry[:2])])
    return interleave(lines)


def interleave(lines: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    longest = max(map(len, lines), default=0)
    return [line[turn] for turn in range(longest) for line in lines if turn < len(line)]
