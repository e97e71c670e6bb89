"""Shared words shown side by side: as they stand in the text, and as they stand in the prompt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from decontamination.leaks import Index, Match
from decontamination.models import ReferencePrompt
from decontamination.overlaps import Piece, excerpt, pieces

_AROUND = 120  # characters shown on either side of shared words


@dataclass(frozen=True)
class Leak:
    """One stretch of a text, with the first of the prompts in which its words stand."""

    match: Match
    prompts: int  # in which the same words stand
    text: list[Piece]
    prompt: list[Piece]


def leaks_shown(text: str, matches: Sequence[Match]) -> list[Leak]:
    """The leaks of a text in its order, those of the same stretch and words made one. One query for the prompts."""
    if not matches:
        return []
    groups: dict[tuple[int, int, str], list[Match]] = {}
    for match in matches:
        groups.setdefault((match.start, match.end, match.run), []).append(match)
    firsts = [group[0] for group in groups.values()]
    texts = prompt_texts(firsts)
    return [
        Leak(
            match,
            len({(each.reference, each.key) for each in group}),
            excerpt(pieces(text, [(match.start, match.end)]), _AROUND),
            prompt_shown(texts.get((match.reference, match.key), ""), match),
        )
        for match, group in zip(firsts, groups.values(), strict=True)
    ]


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
