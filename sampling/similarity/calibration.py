"""Vectors of texts and of reference prompts in; the nearest prompt of each text, and how far that can be believed, out.

A paraphrase or a translation shares no run of words with its original; its vector may still lie near. How near means
anything is measured on prompts that are published twice: the same task edited by hand, translated, or asked for another
programming language. Each is looked for among all originals once, where it should find its own, and once more among
those of the other benchmarks, where whatever it finds is a false alarm. (Among its own benchmark's there are siblings:
MBPP asks for the least of two numbers, of three, of a list.) So half of these questions have an answer; in a benchmark
of new queries hardly any has, and the share of false alarms among what is found is larger.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foundation.vectors import Vectors
from sampling.similarity.nearest import nearest

PRECISION: Final = 0.9  # that the threshold has to reach on all known pairs together
_NATURAL: Final = "naturalcodebench"
_HUMANEVAL: Final = ("humaneval", r"HumanEval/HumanEval/(\d+)")
# Kind of pair, where the variant stands, where its original stands: reference and key, with the task's number.
_KNOWN: Final = (
    ("edited by hand (MBPP)", ("mbpp", r"sanitized-mbpp/(\d+)"), ("mbpp", r"mbpp/(\d+)")),
    ("in Chinese (MBPP)", ("mbpp", r"mbpp_x/Python/(\d+)/prompt_text_chinese"), ("mbpp", r"mbpp/(\d+)")),
    ("in Chinese, with code (HumanEval)", ("humaneval", r"humaneval_python_cn/Python/(\d+)"), _HUMANEVAL),
    ("in Chinese (NaturalCodeBench)", (_NATURAL, r"ncb_(\w+_)zh/(\d+)"), (_NATURAL, r"ncb_(\w+_)en/(\d+)")),
    ("for Rust (HumanEval)", ("multipl-e", r"humaneval-rs/HumanEval_(\d+)_.*"), _HUMANEVAL),
    ("for Java (HumanEval)", ("multipl-e", r"humaneval-java/HumanEval_(\d+)_.*"), _HUMANEVAL),
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two prompts of one task, by their places in a list of prompts."""

    kind: str
    benchmark: str  # of the original
    variant: int
    original: int


@dataclass(frozen=True)
class Reliability:
    """Of one kind of pair, or of all together (`kind` is ""), at the threshold."""

    kind: str
    pairs: int
    found: int  # the nearest original is the right one, and near enough
    false_alarms: int  # another original is near enough

    @property
    def precision(self) -> float | None:
        return self.found / (self.found + self.false_alarms) if self.found + self.false_alarms else None

    @property
    def recall(self) -> float | None:
        return self.found / self.pairs if self.pairs else None


@dataclass(frozen=True)
class Calibration:
    threshold: float | None  # least cosine that reaches PRECISION on all pairs; None where no cosine does
    rows: list[Reliability]  # all together, then each kind


def known_pairs(names: Sequence[tuple[str, str]], texts: Sequence[str]) -> list[Pair]:
    """The pairs among prompts given by reference and key. Pairs of equal texts say nothing and are left out."""
    found: list[Pair] = []
    for kind, variant, original in _KNOWN:
        originals = _tasks(names, *original)
        for task, place in _tasks(names, *variant).items():
            if task in originals and texts[place].strip() != texts[originals[task]].strip():
                found.append(Pair(kind, original[0], place, originals[task]))
    return found


def _tasks(names: Sequence[tuple[str, str]], reference: str, pattern: str) -> dict[tuple[str, ...], int]:
    keys = re.compile(pattern)
    matches = ((keys.fullmatch(key), place) for place, (name, key) in enumerate(names) if name == reference)
    return {match.groups(): place for match, place in matches if match}


def calibrate(pairs: Sequence[Pair], vectors: Vectors) -> Calibration:
    """`vectors` has one row for each prompt that `pairs` counts in."""
    if not pairs:
        return Calibration(None, [Reliability("", 0, 0, 0)])
    kinds = list(dict.fromkeys(pair.kind for pair in pairs))
    benchmark_of = {pair.original: pair.benchmark for pair in pairs}
    originals = sorted(benchmark_of)
    names = sorted(set(benchmark_of.values()))
    row_of = {place: row for row, place in enumerate(originals)}
    variants = vectors[[pair.variant for pair in pairs]]
    places, near = nearest(variants, vectors[originals])
    benchmarks = (
        np.array([names.index(pair.benchmark) for pair in pairs]),
        np.array([names.index(benchmark_of[place]) for place in originals]),
    )
    _others, near_unrelated = nearest(variants, vectors[originals], benchmarks)
    right = places == np.array([row_of[pair.original] for pair in pairs])
    of_kind = np.array([kinds.index(pair.kind) for pair in pairs])

    def reliability(kind: str, rows: NDArray[np.bool_], threshold: float) -> Reliability:
        near_enough = (near >= threshold) & rows
        return Reliability(
            kind,
            int(rows.sum()),
            int((right & near_enough).sum()),
            int((~right & near_enough).sum() + ((near_unrelated >= threshold) & rows).sum()),
        )

    everything = np.ones(len(pairs), bool)
    enough = [
        cosine
        for cosine in (hundredths / 100 for hundredths in range(30, 101))
        if (reliability("", everything, cosine).precision or 0) >= PRECISION
    ]
    threshold = min(enough, default=None)
    shown = threshold if threshold is not None else np.inf
    rows = [reliability("", everything, shown)]
    rows += [reliability(kind, of_kind == at, shown) for at, kind in enumerate(kinds)]
    return Calibration(threshold, rows)
