"""Shared words shown side by side: as they stand in the text, and as they stand in the prompt."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from decontamination.leaks import Index, Match
from decontamination.models import ReferencePrompt
from decontamination.overlaps import Piece, excerpt, pieces

_AROUND = 120  # characters shown on either side of shared words
_SHOWN = 20  # stretches of a text; one that repeats a header shares thousands, and nobody reads them


@dataclass(frozen=True)
class Leak:
    """One stretch of a text, with the first of the prompts in which its words stand."""

    match: Match
    prompts: int  # in which the same words stand
    text: list[Piece]
    prompt: list[Piece]


@dataclass(frozen=True)
class Shown:
    """The first leaks of a text, and how many more stretches of it leak."""

    leaks: list[Leak]
    more: int

    @property
    def total(self) -> int:
        return len(self.leaks) + self.more


def leaks_shown(text: str, matches: Sequence[Match], most: int = _SHOWN) -> Shown:
    """The leaks of a text in its order, those of the same stretch and words made one. One query for the prompts.

    The matches decide; only what is shown of them ends after `most` stretches.
    """
    if not matches:
        return Shown([], 0)
    groups: dict[tuple[int, int, str], list[Match]] = {}
    for match in matches:
        groups.setdefault((match.start, match.end, match.run), []).append(match)
    shown = list(itertools.islice(groups.values(), most))
    firsts = [group[0] for group in shown]
    texts = prompt_texts(firsts)
    leaks = [
        Leak(
            match,
            len({(each.reference, each.key) for each in group}),
            excerpt(pieces(text, [(match.start, match.end)]), _AROUND),
            prompt_shown(texts.get((match.reference, match.key), ""), match),
        )
        for match, group in zip(firsts, shown, strict=True)
    ]
    return Shown(leaks, len(groups) - len(leaks))


def prompt_shown(text: str, match: Match) -> list[Piece]:
    """The prompt around the shared words; nothing where it is not in force any more."""
    return excerpt(pieces(text, [(match.prompt_start, match.prompt_end)]), _AROUND)


def prompt_texts(matches: Sequence[Match]) -> dict[tuple[str, str], str]:
    """By reference and key, the texts of prompts in force."""
    prompts = ReferencePrompt.objects.filter(
        reference__retired_at=None,
        reference__name__in={match.reference for match in matches},
        key__in={match.key for match in matches},
    )
    return {(name, key): text for name, key, text in prompts.values_list("reference__name", "key", "text")}


def words_shown(index: Index, runs: Iterable[str]) -> dict[str, Leak]:
    """By run of words, the first of the prompts in which the whole of it stands; those in none are left out."""
    found = {run: [match for match in index.matches(run) if match.run == run] for run in runs}
    texts = prompt_texts([matches[0] for matches in found.values() if matches])
    return {
        run: Leak(
            matches[0],
            len({(each.reference, each.key) for each in matches}),
            [Piece(run, True)],
            prompt_shown(texts.get((matches[0].reference, matches[0].key), ""), matches[0]),
        )
        for run, matches in found.items()
        if matches
    }
