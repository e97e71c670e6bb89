"""Which runs of words a text shares with reference prompts: the definition of a leak, and an index that finds it.

A run of words (``words`` says what a word is) counts one for each word that is not a CJK character, and one for
each ``cjk_weight`` CJK characters, fractions included: with a weight of 2, ``求两个数的和 of int32`` counts 3 + 2 = 5.
A weight of 1, the default here, makes every character a full word. A text leaks a prompt when

* they share a run that counts at least n, or
* the prompt itself counts less than n, but has at least ``shortest`` words, and the whole of it stands in the text
  as a run.

What is reported of a prompt are the maximal shared runs that leak: the stretches of the text that stand in the
prompt and would no longer, were they a word longer on either side. Where such a run stands at several places of
the prompt, the first is named. A short prompt is reported at each place of the text where it stands.

>>> prompts = [Prompt("toy", "1", "Return the sum of all even numbers."), Prompt("toy", "2", "Sort it.")]
>>> index = Index.build(prompts, n=4, shortest=2)
>>> for match in index.matches("We RETURN the\\nsum-of all numbers; sort it?"): print(*match, sep=" · ")
toy · 1 · 3 · 24 · 5 · 0 · 21 · return the sum of all
toy · 2 · 34 · 41 · 2 · 0 · 7 · sort it
>>> index.scan(["the sum of all", "the sum of even numbers"])
array([ True, False])

>>> prompts = [Prompt("toy", "zh", "求两个数的和 of int32"), Prompt("toy", "short", "求两数之和")]
>>> index = Index.build(prompts, n=4, shortest=5, cjk_weight=2)
>>> [match.run for match in index.matches("求两个数的和吗?")]      # six characters count three
[]
>>> [match.run for match in index.matches("求两个数的和 (of)")]    # and "of" makes four
['求 两 个 数 的 和 of']
>>> [match.run for match in index.matches("如何求两数之和")]       # a prompt that counts 2.5, whole
['求 两 数 之 和']

Every run that counts n has at least n words, and every run of n words holds a run of half as many that starts at a
multiple of some six words in the text (for n = 10). Only these anchors are looked up; where one may stand in a prompt,
the runs of n words around it are; where one of those may, the words themselves are compared, and beyond them where
CJK characters count less. So the answer is exact and most texts cost few look-ups.
"""

import hashlib
import itertools
import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from decontamination import fingerprints, indexfile, words
from decontamination.fingerprints import Filter, Runs, Stretch, Table, joined
from decontamination.indexfile import CorruptIndex
from decontamination.promptwords import Prompt, PromptWords

__all__ = ["DEFINITION", "CorruptIndex", "Index", "Match", "Prompt", "run_digest"]

_FORM: Final = "quorum-ngrams-2"  # of the canonical form under the digest
DEFINITION: Final = {"form": _FORM, "word definition": words.VERSION, "Unicode": unicodedata.unidata_version}
_BATCH: Final = 128_000  # bytes that a scan reads at a time: what fits the processor's nearer caches
_PAIRS: Final = 2_000_000  # pairs of a place in the text and one in a prompt that are held at a time


class Match(NamedTuple):
    """A run of ``words`` words that a text shares with a prompt.

    ``start`` and ``end`` are in characters of the text, ``prompt_start`` and ``prompt_end`` in characters of
    the prompt's own text; ends are exclusive. ``run`` are the words, normalised, with a space between.
    """

    reference: str
    key: str
    start: int
    end: int
    words: int
    prompt_start: int
    prompt_end: int
    run: str

    @property
    def digest(self) -> str:
        """SHA-256 of the words, and of what a word is: what a waiver is bound to."""
        return run_digest(self.run)


def run_digest(run: str) -> str:
    return hashlib.sha256(f"{words.VERSION} {run}".encode("utf-8", "surrogatepass")).hexdigest()


class Rule(NamedTuple):
    """How long a shared run must be; see the top of this file."""

    n: int
    shortest: int
    cjk_weight: float

    def check(self) -> None:
        if self.n < 1 or self.shortest < 1:
            raise ValueError(f"n and shortest are at least 1 word, not {self.n} and {self.shortest}")
        if self.cjk_weight < 1 or self.cjk_weight != round(self.cjk_weight * 10) / 10:
            raise ValueError(f"the weight of CJK characters is 1 or more, in tenths, not {self.cjk_weight}")

    def leaks(self, length: Any, cjk: Any) -> Any:
        """Whether runs of so many words, of which so many are CJK characters, count n or more. In whole tenths, so
        that nothing is rounded."""
        tenths = round(self.cjk_weight * 10)
        return (length - cjk) * tenths + cjk * 10 >= self.n * tenths


class _Run(NamedTuple):
    """A shared run, in words: its prompt, where it starts in the text and in all the prompts, its length."""

    prompt: int
    at: int
    place: int
    length: int


class Index:
    """Finds the runs of words that texts share with reference prompts. Made by ``build`` or ``load``.

    ``n`` and ``shortest`` are in words, ``cjk_weight`` in CJK characters that count as one; ``digest`` (SHA-256,
    hexadecimal) stands for these, the prompts and the definition of a word, whatever order the prompts came in.
    ``len`` is the number of prompts.
    """

    def __init__(self, rule: "Rule", digest: str, prompts: PromptWords, long: Table, short: Table, path: Path | None):
        self.n, self.shortest, self.cjk_weight = rule
        self.digest, self.path = digest, path
        self._prompts, self._long, self._short = prompts, long, short
        self._rule = rule

    @classmethod
    def build(cls, prompts: Iterable[Prompt], n: int = 10, shortest: int = 5, cjk_weight: float = 1.0) -> "Index":
        """An index of the prompts. Raises ValueError when n, shortest or the weight is below 1, the weight is no
        whole number of tenths, or a key occurs twice in a reference, OverflowError for more than 4 GB of words."""
        rule = Rule(n, shortest, float(cjk_weight))
        rule.check()
        ordered = sorted(prompts)
        for one, other in itertools.pairwise(ordered):
            if one[:2] == other[:2]:
                raise ValueError(f"two prompts of {one.reference} have the key {one.key!r}")
        store, prints = PromptWords.of(ordered)
        lengths = store.lengths()
        long_enough = rule.leaks(lengths, store.cjk_lengths())
        starts = store.first[:-1].astype(np.int64)
        ends = np.repeat(starts + lengths, lengths)  # for each word, where its prompt ends
        place = np.arange(len(prints))
        long = Table.of(n, prints, place[(place + n <= ends) & np.repeat(long_enough, lengths)])
        short = Table.of(shortest, prints, starts[(lengths >= shortest) & ~long_enough])
        return cls(rule, _digest(ordered, rule), store, long, short, None)

    def __len__(self) -> int:
        return len(self._prompts.first) - 1

    @property
    def ignored(self) -> list[tuple[str, str]]:
        """Reference and key of the prompts that no text can leak, because they have too few words."""
        lengths = self._prompts.lengths()
        few = (lengths < self.shortest) & ~self._rule.leaks(lengths, self._prompts.cjk_lengths())
        return [self._prompts.name(prompt) for prompt in np.flatnonzero(few).tolist()]

    def matches(self, text: str) -> list[Match]:
        """The runs of words the text shares with each prompt, by start, reference and key."""
        found = words.split(text)
        stretch = fingerprints.read([" ".join(found.words).encode()])
        store = self._prompts
        matches = [
            Match(
                *store.name(run.prompt),
                start=found.starts[run.at],
                end=found.ends[run.at + run.length - 1],
                words=run.length,
                prompt_start=int(store.char_start[run.place]),
                prompt_end=int(store.char_end[run.place + run.length - 1]),
                run=" ".join(found.words[run.at : run.at + run.length]),
            )
            for run in itertools.chain(self._long_runs(stretch), self._short_runs(stretch))
        ]
        return sorted(matches, key=lambda match: (match.start, match.reference, match.key, match.end))

    def scan(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """For each text, in order, whether it leaks: ``bool(matches(text))``, much sooner.

        ``parallel.scan`` does the same by several processes.
        """
        leaks = [self._leaks(batch) for batch in _batches(texts)]
        return np.concatenate(leaks) if leaks else np.zeros(0, np.bool_)

    def save(self, path: Path) -> None:
        """Write the index to one file, aside first and then renamed. Raises OSError."""
        kept = {**self._rule._asdict(), "digest": self.digest, **DEFINITION}
        arrays: dict[str, NDArray[Any]] = self._prompts._asdict()
        for name, table in (("long", self._long), ("short", self._short)):
            arrays[f"{name} prints"], arrays[f"{name} places"] = table.prints, table.places
            arrays[f"{name} anchors"], arrays[f"{name} runs"] = table.anchors.bits, table.runs.bits
        indexfile.save(path, kept, arrays)

    @classmethod
    def load(cls, path: Path, check: bool = False) -> "Index":
        """The index of a file, mapped into memory: at once, whatever its size.

        ``check`` compares the whole content with its SHA-256 first. Raises CorruptIndex, with one line that
        says why, for a file that is truncated, of another kind, or made with another definition of a word;
        OSError when there is no such file.
        """
        kept, arrays = indexfile.load(path, check)
        for name, value in DEFINITION.items():
            if kept.get(name) != value:
                raise CorruptIndex(f"{path}: made with {name} {kept.get(name)}, this is {value}: build it again")
        long, short = (
            Table(
                length,
                arrays[f"{name} prints"],
                arrays[f"{name} places"],
                Filter(arrays[f"{name} anchors"]),
                Filter(arrays[f"{name} runs"]),
            )
            for name, length in (("long", kept["n"]), ("short", kept["shortest"]))
        )
        store = PromptWords(**{name: arrays[name] for name in PromptWords._fields})
        rule = Rule(*(kept[name] for name in Rule._fields))
        return cls(rule, kept["digest"], store, long, short, path)

    def _leaks(self, batch: list[bytes]) -> NDArray[np.bool_]:
        """Which texts of a batch, as spaced bytes, leak."""
        stretch = fingerprints.read(batch)
        ends = np.cumsum(np.fromiter(map(len, batch), np.int64, len(batch)) + 1)  # in stretch.data, exclusive
        leaks = np.zeros(len(batch), np.bool_)
        for table in (self._long, self._short):
            found = table.find(stretch.prints)
            texts = np.searchsorted(ends, stretch.starts[found.at], "right")
            for text, at, low, high in zip(*(each.tolist() for each in (texts, *found)), strict=True):
                if not leaks[text]:
                    places = table.places[low:high].tolist()
                    first, end = int(ends[text]) - len(batch[text]) - 1, int(ends[text])
                    leaks[text] = any(
                        self._stands(stretch, at, place, table, end)
                        and (table is self._short or self._counts(stretch, at, place, first, end))
                        for place in places
                    )
        return leaks

    def _stands(self, stretch: Stretch, at: int, place: int, table: Table, end: int) -> bool:
        """Whether the run that a table names stands at a word of the text, before a byte of the text."""
        length = self.n if table is self._long else self._prompts.length(self._owner(place))
        if at + length > len(stretch.starts) or stretch.ends[at + length - 1] > end:
            return False
        return _run(stretch, at, length) == self._prompts.run(place, length)

    def _counts(self, stretch: Stretch, at: int, place: int, first: int, end: int) -> bool:
        """Whether n words that text and prompt share lie in a shared run that counts n, between two bytes of the text.

        Words are added on either side only where CJK characters among the n count less than words.
        """
        store, low, high = self._prompts, 0, self.n
        if self._rule.leaks(self.n, store.cjk(place, self.n)):
            return True
        owner = self._owner(place)
        before, after = place - int(store.first[owner]), int(store.first[owner + 1]) - place

        def same(k: int) -> bool:
            a, b = int(stretch.starts[at + k]), int(stretch.ends[at + k])
            return a > first and b <= end and [stretch.data[a:b]] == store.run(place + k, 1)

        while high < after and at + high < len(stretch.starts) and same(high):
            high += 1
        while -low < before and at + low > 0 and same(low - 1):
            low -= 1
        return bool(self._rule.leaks(high - low, store.cjk(place + low, high - low)))

    def _short_runs(self, stretch: Stretch) -> Iterator[_Run]:
        """Where short prompts stand in the text."""
        for at, low, high in zip(*(each.tolist() for each in self._short.find(stretch.prints)), strict=True):
            for place in self._short.places[low:high].tolist():
                if self._stands(stretch, at, place, self._short, len(stretch.data)):
                    prompt = self._owner(place)
                    yield _Run(prompt, at, place, self._prompts.length(prompt))

    def _long_runs(self, stretch: Stretch) -> Iterator[_Run]:
        """The maximal shared runs that count at least n, one prompt after the other."""
        shared = [
            run
            for likely in self._likely_runs(stretch)
            for run in self._verified(stretch, likely)
            if self._rule.leaks(run.length, self._prompts.cjk(run.place, run.length))
        ]
        shared.sort(key=lambda run: (run.prompt, run.at, -run.length, run.place))
        for _, runs in itertools.groupby(shared, key=lambda run: run.prompt):
            furthest = 0
            for run in runs:
                if run.at + run.length > furthest:  # else it lies within the one before
                    furthest = run.at + run.length
                    yield run

    def _likely_runs(self, stretch: Stretch) -> list[_Run]:
        """Runs whose fingerprints agree, as long as they do: each real run lies within one of these."""
        at, low, high = self._long.find(stretch.prints)
        order = np.argsort(at)
        at, low, counts = at[order], low[order], (high - low)[order]
        slabs = np.searchsorted(np.cumsum(counts), np.arange(0, int(counts.sum()), _PAIRS), "right")
        pieces = [Runs(*(np.zeros(0, np.int64) for _ in range(4)))]
        for a, b in itertools.pairwise([*slabs.tolist(), len(at)]):
            count = counts[a:b]
            nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            places = self._long.places[np.repeat(low[a:b], count) + nth].astype(np.int64)
            owners = self._prompts.owners(places)
            pieces.append(joined(Runs(owners, np.repeat(at[a:b], count), places, np.ones_like(places))))
        likely = joined(Runs(*(np.concatenate(column) for column in zip(*pieces, strict=True))))
        likely = likely._replace(counts=likely.counts + self.n - 1)
        return [_Run(*row) for row in zip(*(column.tolist() for column in likely), strict=True)]

    def _verified(self, stretch: Stretch, run: _Run) -> Iterator[_Run]:
        """The parts of a likely run, at least n words long, whose words are the same in text and prompt."""
        mine, theirs = _run(stretch, run.at, run.length), self._prompts.run(run.place, run.length)
        if mine == theirs:
            yield run
            return
        same = [one == other for one, other in zip(mine, theirs, strict=True)]
        for equal, group in itertools.groupby(range(run.length), key=same.__getitem__):
            part = list(group)
            if equal and len(part) >= self.n:
                yield _Run(run.prompt, run.at + part[0], run.place + part[0], len(part))

    def _owner(self, place: int) -> int:
        return int(self._prompts.owners(np.array([place]))[0])


def _run(stretch: Stretch, at: int, length: int) -> list[bytes]:
    """Words of a text, in UTF-8."""
    return stretch.data[int(stretch.starts[at]) : int(stretch.ends[at + length - 1])].split()


def _batches(texts: Iterable[str]) -> Iterator[list[bytes]]:
    """The texts as spaced bytes, some 128 kB at a time."""
    batch, size = list[bytes](), 0
    for text in texts:
        spaced = words.spaced(text)
        batch.append(spaced)
        size += len(spaced)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _digest(prompts: list[Prompt], rule: Rule) -> str:
    """SHA-256 of a canonical form: a line of JSON with form, word definition, n, shortest and CJK weight, then one
    line for each prompt in the order of reference and key."""
    digest = hashlib.sha256(json.dumps([_FORM, words.VERSION, *rule]).encode() + b"\n")
    for prompt in prompts:
        digest.update(json.dumps(prompt).encode() + b"\n")
    return digest.hexdigest()
