"""Words and runs of words as 64-bit numbers, many at a time with numpy.

In:  spaced bytes (``words.spaced``). Out: where each word stands in them, a fingerprint of each word and of
each run of words, and a table that finds runs by theirs. Equal words have equal fingerprints, equal runs too;
the reverse is only likely (a word is known by its first eight bytes and its length), so whoever finds a pair
here still compares words.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Places = NDArray[np.int64]

_SPACE: Final = 32
_PADDING: Final = b" " * 8  # so that eight bytes can be read from any word
_FIRST_BYTES: Final = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)
_BITS: Final = np.array([1 << bit for bit in range(8)], np.uint8)
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_MASK: Final = (1 << 64) - 1


class Stretch(NamedTuple):
    """Spaced bytes read: word i is ``data[starts[i]:ends[i]]`` with fingerprint ``prints[i]``."""

    data: bytes
    starts: Places
    ends: Places
    prints: U64


def read(spaced: Iterable[bytes]) -> Stretch:
    """The words of texts, one after the other; in ``data`` there is a space before each text."""
    data = b" ".join((b"", *spaced, _PADDING))
    inside = np.frombuffer(data, np.uint8) != _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    edges += 1
    starts, ends = edges[0::2], edges[1::2]
    lengths = ends - starts
    eights: U64 = np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))  # the eight bytes at every place
    prints = eights[starts]
    prints &= _FIRST_BYTES.take(lengths, mode="clip")
    prints += lengths.view(np.uint64) * _ODD
    prints *= _MIX
    prints ^= prints >> np.uint64(32)
    return Stretch(data, starts, ends, prints)


@cache
def factors(length: int) -> tuple[np.uint64, ...]:
    """One odd factor for each word of a run, the same on every machine (splitmix64 from the length)."""
    state, found = length, list[np.uint64]()
    for _ in range(length):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        value = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK
        found.append(np.uint64((value ^ value >> 31) | 1))
    return tuple(found)


def runs(prints: U64, by: Sequence[np.uint64], step: int = 1) -> U64:
    """Fingerprints of the runs of ``len(by)`` words that start at every ``step``-th word."""
    count = max(0, (len(prints) - len(by)) // step + 1)
    total = np.zeros(count, np.uint64)
    for k, factor in enumerate(by):
        total += prints[k::step][:count] * factor
    return _mixed(total)


def runs_at(prints: U64, by: Sequence[np.uint64], places: Places) -> U64:
    """Fingerprints of the runs of ``len(by)`` words that start at the given words."""
    total = np.zeros(len(places), np.uint64)
    for k, factor in enumerate(by):
        total += prints[places + k] * factor
    return _mixed(total)


def _mixed(total: U64) -> U64:
    total ^= total >> np.uint64(29)
    total *= _MIX
    total ^= total >> np.uint64(32)
    return total


class Filter(NamedTuple):
    """A Bloom filter of two bits: says no only to fingerprints that were never put in."""

    bits: NDArray[np.uint8]  # as many bytes as a power of two

    @classmethod
    def of(cls, prints: U64) -> "Filter":
        """A filter of at least 32 bits for each fingerprint: it lets at most about one stranger in 270 pass."""
        found = cls(np.zeros(1 << max(6, (4 * len(prints) - 1).bit_length()), np.uint8))
        for slots in (found._first(prints), found._second(prints)):
            np.bitwise_or.at(found.bits, slots >> 3, _BITS[slots & 7])
        return found

    def passing(self, prints: U64) -> Places:
        """Where in ``prints`` those stand that may have been put in."""
        passed = np.flatnonzero(self._set(self._first(prints)))
        return passed[self._set(self._second(prints[passed]))]

    def _first(self, prints: U64) -> Places:
        """The slot named by the upper bits of a fingerprint."""
        return (prints >> np.uint64(65 - (8 * len(self.bits)).bit_length())).astype(np.int64)

    def _second(self, prints: U64) -> Places:
        """The slot named by its lower bits."""
        return (prints & np.uint64(8 * len(self.bits) - 1)).astype(np.int64)

    def _set(self, slots: Places) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.bits[slots >> 3] & _BITS[slots & 7]) != 0
        return found


class Found(NamedTuple):
    """Runs of a text that are in a table, as far as fingerprints tell: run i starts at word ``at[i]`` of the
    text, and at the words ``places[low[i]:high[i]]`` of the prompts."""

    at: Places
    low: Places
    high: Places


class Table(NamedTuple):
    """Runs of ``length`` words by their fingerprints.

    Every run of that many words holds an anchor: a run of half as many that starts at a multiple of ``step``
    words in the text. Only the anchors of a text are looked up, in a filter of their own; then the runs around
    those that pass, first in a filter and last in the table itself.
    """

    length: int
    prints: U64  # sorted; a run that stands at several places is here several times
    places: NDArray[np.uint32]  # the word of the prompts at which it starts, ascending for equal prints
    anchors: Filter
    runs: Filter

    @property
    def step(self) -> int:
        return self.length - _anchor(self.length) + 1

    @classmethod
    def of(cls, length: int, prints: U64, places: Places) -> "Table":
        """A table of the runs that start at ``places`` (ascending) of the words with these fingerprints."""
        found = runs_at(prints, factors(length), places)
        order = np.argsort(found, kind="stable")
        anchor = _anchor(length)
        anchored = np.zeros(len(prints), np.bool_)
        for k in range(length - anchor + 1):
            anchored[places + k] = True
        anchors = Filter.of(runs_at(prints, factors(anchor), np.flatnonzero(anchored)))
        return cls(length, found[order], places[order].astype(np.uint32), anchors, Filter.of(found))

    def find(self, prints: U64) -> Found:
        """The runs of a text, given its words' fingerprints, that are in the table; in no order."""
        hits = self.anchors.passing(runs(prints, factors(_anchor(self.length)), self.step)) * self.step
        at = (hits[:, None] + np.arange(1 - self.step, 1)).ravel()
        at = at[(at >= 0) & (at <= len(prints) - self.length)]
        found = runs_at(prints, factors(self.length), at)
        passed = self.runs.passing(found)
        at, found = at[passed], found[passed]
        low, high = np.searchsorted(self.prints, found, "left"), np.searchsorted(self.prints, found, "right")
        known = low < high
        return Found(at[known], low[known], high[known])


def _anchor(length: int) -> int:
    """How many words of a run of that length are looked up first."""
    return (length + 1) // 2


class Runs(NamedTuple):
    """Shared runs in columns: the prompt, the first word in the text, in the prompts, and how many starts."""

    prompts: Places
    at: Places
    places: Places
    counts: Places


def joined(runs: Runs) -> Runs:
    """Runs that continue one another, in text and prompt alike, made one."""
    if not len(runs.at):
        return runs
    order = np.lexsort((runs.at, runs.at - runs.places))
    prompts, at, places, counts = (column[order] for column in runs)
    goes_on = (
        (prompts[1:] == prompts[:-1]) & (at[1:] == at[:-1] + counts[:-1]) & (places[1:] == places[:-1] + counts[:-1])
    )
    heads = np.flatnonzero(np.append(True, ~goes_on))
    return Runs(prompts[heads], at[heads], places[heads], np.add.reduceat(counts, heads))
