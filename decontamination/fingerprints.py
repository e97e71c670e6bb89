"""Words and runs of words as 64-bit numbers, many at a time with numpy.

In:  spaced bytes (``words.spaced``). Out: where each word stands in them and a fingerprint of each word,
of each run of words. Equal words have equal fingerprints, equal runs too; the reverse is only likely (a
word is known by its first eight bytes and its length), so whoever finds a pair here still compares words.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Places = NDArray[np.int64]

_SPACE: Final = 32
_PADDING: Final = b" " * 9  # so that eight bytes can be read from any word
_FIRST_BYTES: Final = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_MASK: Final = (1 << 64) - 1


class Stretch(NamedTuple):
    """Spaced bytes read: word i is ``data[starts[i]:ends[i]]`` with fingerprint ``prints[i]``."""

    data: bytes
    starts: Places
    ends: Places
    prints: U64


def read(spaced: bytes) -> Stretch:
    """The words of spaced bytes. The places are those in ``data``, which is the input and one space before it."""
    data = b" " + spaced + _PADDING
    inside = np.frombuffer(data, np.uint8) != _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    edges += 1
    starts, ends = edges[0::2], edges[1::2]
    lengths = ends - starts
    eights: U64 = np.ndarray((len(data) - 8,), "<u8", data, 0, (1,))  # the eight bytes at every place
    prints = eights[starts]
    prints &= _FIRST_BYTES[np.minimum(lengths, 8)]
    prints += lengths.astype(np.uint64) * _ODD
    prints *= _MIX
    prints ^= prints >> np.uint64(32)
    return Stretch(data, starts, ends, prints)


def factors(length: int) -> list[np.uint64]:
    """One odd factor for each word of a run, the same on every machine (splitmix64 from the length)."""
    state, found = length, []
    for _ in range(length):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        value = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK
        found.append(np.uint64((value ^ value >> 31) | 1))
    return found


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
            np.bitwise_or.at(found.bits, slots >> 3, np.uint8(1) << (slots & 7).astype(np.uint8))
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
        return (self.bits[slots >> 3] >> (slots & 7).astype(np.uint8)) & 1 != 0
