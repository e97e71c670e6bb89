"""Near-duplicates: exact cosine over vectors beside MinHash over words, on the same texts with copies planted."""

import importlib
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perf import texts
from perf.report import Scale, progress, publish, table
from sampling.embedding.model import Model
from sampling.similarity import duplicates

_NAME = "embedded:all-MiniLM-L6-v2"
_THANKS = "Any help would be appreciated. Thanks in advance!"
_WORD = re.compile(r"\w+")

Vectors = NDArray[np.float32]
Pairs = set[tuple[int, int]]  # earlier row first


class Planted(NamedTuple):
    kind: str
    original: int
    copy: int


def compare(scale: Scale) -> None:
    """Print the tables and keep them as near.md."""
    parts = [
        f"Questions ({texts.questions_from()}) with an edited copy of every fourth of them. These texts are embedded "
        "(all-MiniLM-L6-v2), and a link between two of them that was not planted counts as false; some of these are "
        "questions that were asked twice. The other rows are there to be searched: for MinHash recombined texts, for "
        "the vectors random ones, since embedding 100,000 texts would take an hour. Seconds are of the wall clock, and "
        "do not hold the embedding, which clustering needs anyway."
    ]
    rows, planted = plant(texts.questions(scale.near))
    progress(f"embedding {len(rows):,} texts")
    vectors = Model(_NAME).whole(rows)
    kinds = sorted({each.kind for each in planted})
    for count in scale.vectors:
        others = max(count - len(rows), 0)
        ways: dict[str, Callable[[], Pairs]] = {
            f"**Quorum**: every cosine from {duplicates.THRESHOLD} on": partial(_cosine, vectors, others),
        }
        for width, threshold in ((5, 0.7), (3, 0.5)):
            name = f"datasketch MinHash LSH, {width} words, Jaccard {threshold}, 128 permutations"
            ways[name] = partial(_minhash, [*rows, *texts.documents(others)], width, threshold)
        lines, skipped = list[list[str]](), list[str]()
        for name, way in ways.items():
            progress(f"{count:,} rows: {name}")
            try:
                start = time.perf_counter()
                found = way()
                seconds = time.perf_counter() - start
            except ModuleNotFoundError as error:
                skipped.append(f"{name} was skipped: {error}")
                continue
            lines.append([name, f"{seconds:,.1f}", *_shares(found, planted, kinds, len(rows))])
        head = ["", "seconds", "planted pairs found", *kinds, "false links"]
        parts += [
            f"{max(count, len(rows)):,} rows, {len(rows):,} of them embedded, {len(planted):,} planted pairs:",
            table(head, lines),
            *skipped,
        ]
    publish("near", "Near-duplicates", parts, scale)


def plant(questions: Sequence[str], seed: int = 4) -> tuple[list[str], list[Planted]]:
    """The questions, each once, and after them the copies."""
    rows, pick, planted = list(dict.fromkeys(questions)), random.Random(seed), list[Planted]()
    for at, original in enumerate(range(0, len(rows), 4)):
        kind, edit = list(_EDITS.items())[at % len(_EDITS)]
        copy = edit(rows[original], pick)
        if copy != rows[original]:
            planted.append(Planted(kind, original, len(rows)))
            rows.append(copy)
    return rows, planted


def _reworded(text: str, pick: random.Random) -> str:
    """Every twentieth word is another one of the text's."""
    words = text.split(" ")
    for at in pick.sample(range(len(words)), max(len(words) // 20, 1)):
        words[at] = pick.choice(words)
    return " ".join(words)


def _thanked(text: str, pick: random.Random) -> str:
    return f"Hi all,\n{text}\n{_THANKS}"


def _respaced(text: str, pick: random.Random) -> str:
    return re.sub(r"[ \t]*\n\s*", "\n\n", text.replace(",", " ,")).upper()


def _cut(text: str, pick: random.Random) -> str:
    return text[: len(text) * 9 // 10]


_EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "reworded": _reworded,
    "thanks added": _thanked,
    "respaced, capitals": _respaced,
    "last tenth cut": _cut,
}


def _noise(count: int) -> Vectors:
    vectors = np.random.default_rng(count).normal(size=(count, 384)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _cosine(vectors: Vectors, others: int) -> Pairs:
    to, _similarity = duplicates.canonical(np.concatenate([vectors, _noise(others)]))
    return {(int(canonical), row) for row, canonical in enumerate(to) if canonical != row}


def _minhash(rows: Sequence[str], width: int, threshold: float) -> Pairs:
    """Each text is linked to the first earlier one that the index gives, as the usual scripts do."""
    datasketch = importlib.import_module("datasketch")
    index = datasketch.MinHashLSH(threshold=threshold, num_perm=128)
    found: Pairs = set()
    for row, text in enumerate(rows):
        hashed = datasketch.MinHash(num_perm=128)
        hashed.update_batch(list(_shingles(text, width)))
        near = index.query(hashed)
        if near:
            found.add((min(near), row))
        index.insert(row, hashed)
    return found


def _shingles(text: str, width: int) -> Iterator[bytes]:
    words = _WORD.findall(text.lower())
    for start in range(max(len(words) - width + 1, 1)):
        yield " ".join(words[start : start + width]).encode()


def _shares(found: Pairs, planted: Sequence[Planted], kinds: Sequence[str], embedded: int) -> list[str]:
    """A planted pair counts as found, too, where both of it are linked to the same third text."""
    to = {later: earlier for earlier, later in found}
    hits = {each for each in planted if to.get(each.copy) in (each.original, to.get(each.original, -1))}
    shares = [
        f"{sum(each.kind == kind for each in hits) / max(sum(each.kind == kind for each in planted), 1):.2f}"
        for kind in kinds
    ]
    right = {each.copy for each in hits}
    false = sum(later < embedded and later not in right for _earlier, later in found)
    return [f"{len(hits) / max(len(planted), 1):.2f}", *shares, f"{false:,}"]
