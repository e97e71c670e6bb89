"""A text cut into pieces that are shared with another text and pieces that are not."""

from collections.abc import Iterable
from typing import NamedTuple


class Piece(NamedTuple):
    text: str
    shared: bool


def pieces(text: str, spans: Iterable[tuple[int, int]]) -> list[Piece]:
    """The text in order; spans may touch, overlap and come in any order.

    >>> pieces("one two three", [(4, 7), (0, 5)])
    [Piece(text='one two', shared=True), Piece(text=' three', shared=False)]
    """
    found: list[Piece] = []
    at = 0
    start = end = 0
    for next_start, next_end in [*sorted(spans), (len(text), len(text))]:
        if next_start <= end and next_start < len(text):
            end = max(end, next_end)
            continue
        found += [Piece(text[at:start], False), Piece(text[start:end], True)]
        at, start, end = end, next_start, next_end
    found.append(Piece(text[at:], False))
    return [piece for piece in found if piece.text]


def excerpt(parts: list[Piece], around: int) -> list[Piece]:
    """The shared pieces with at most `around` characters on either side; what is left out becomes an ellipsis."""
    short: list[Piece] = []
    for number, (text, shared) in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        if shared or len(text) <= around * (1 if first or last else 2):
            short.append(Piece(text, shared))
        elif first:
            short.append(Piece("… " + text[-around:], False))
        elif last:
            short.append(Piece(text[:around] + " …", False))
        else:
            short.append(Piece(text[:around] + " … " + text[-around:], False))
    return short
