"""Which documents say the same: groups of near-equal vectors, each with the one that stands for it."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from foundation.vectors import Vectors
from sampling.similarity.nearest import cosines

# Cosine from which two questions may count as one, with the words that they then must share. Chosen on 172 pairs of
# real questions that were read; docs/leads.md has the precision of each band.
THRESHOLD = 0.95
# Of all words of the two together. A model that does not know a script sees unrelated questions in it as equal:
# all-MiniLM-L6-v2 gives two short Chinese questions that share nothing but "what is" a cosine of 1.
_SHARED, _SHARED_CJK = 0.3, 0.8
_BLOCK = 2048
_LOOKED_AT = 4000  # characters
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_WORD = re.compile(rf"[^\W{_CJK}]+")
_CJK_RUN = re.compile(rf"[{_CJK}]+")

Confirm = Callable[[int, int], bool]


def canonical(
    vectors: Vectors, threshold: float = THRESHOLD, confirm: Confirm = lambda row, other: True
) -> tuple[NDArray[np.int64], Vectors]:
    """For each unit vector the row that stands for it, and the cosine to that.

    In row order: a vector is linked to the first standing one that is at least `threshold` close, if `confirm` says so
    of the two rows, else it stands for itself. So nothing is linked to a vector that is itself linked, and every link
    is as close as it says.
    """
    count = len(vectors)
    to = np.arange(count, dtype=np.int64)
    cosine = np.ones(count, dtype=np.float32)
    for start in range(0, count, _BLOCK):
        end = min(start + _BLOCK, count)
        for _first, at, close in cosines(vectors[start:end], vectors[:end], rows=_BLOCK, columns=_BLOCK):
            # A column of an earlier block stands or does not for good by now; one of this block is settled in its turn.
            near = (close >= threshold) & (to[at : at + close.shape[1]] == np.arange(at, at + close.shape[1]))
            for row in np.flatnonzero(near.any(axis=1)).tolist():
                if to[start + row] == start + row:
                    columns = (at + np.flatnonzero(near[row, : max(start + row - at, 0)])).tolist()
                    first = next(
                        (other for other in columns if to[other] == other and confirm(start + row, other)), None
                    )
                    if first is not None:
                        to[start + row], cosine[start + row] = first, min(float(close[row, first - at]), 1.0)
    return to, cosine


def words(text: str) -> frozenset[str]:
    """What two texts are compared by: words, and pairs of characters where a script has no spaces."""
    text = text[:_LOOKED_AT].casefold()
    runs = _CJK_RUN.findall(text)
    pairs = {run[at : at + 2] for run in runs for at in range(max(len(run) - 1, 1))}
    return frozenset(_WORD.findall(text)) | pairs


def share_words(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts that a model takes for one have enough words in common to be.

    >>> share_words(words("How to append to a numpy array?"), words("numpy: append to array"))
    True
    >>> share_words(words("什么是继承？"), words("什么是多态？"))
    False
    """
    together = one | other
    cjk = sum(bool(_CJK_RUN.match(word)) for word in together)
    return len(one & other) >= len(together) * (_SHARED_CJK if 2 * cjk > len(together) else _SHARED)


def first_of_each(digests: Sequence[str]) -> list[int]:
    """For each row the first row with the same digest."""
    first: dict[str, int] = {}
    return [first.setdefault(digest, row) for row, digest in enumerate(digests)]
