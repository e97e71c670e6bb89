"""Finding contamination: speed on one core and several, what is found, and what is found wrongly."""

import itertools
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from decontamination import parallel, words
from decontamination.leaks import Index
from decontamination.promptwords import Prompt
from perf import texts
from perf.peers import PEERS, NotInstalled, Peer, split_only
from perf.report import Scale, processor_seconds, progress, publish, table

N, SHORTEST = 10, 5
_PLANTED = 150  # of each kind
_LIVE = 400
_SPLIT = 40_000  # documents


class _Result(NamedTuple):
    name: str
    how: str
    timed: int
    speed: float  # documents per second of one processor
    found: Counter[str]  # planted leaks, by kind
    verdicts: NDArray[np.bool_]  # on the first documents


def brute_force(prompts: Sequence[Prompt], documents: Sequence[str]) -> NDArray[np.bool_]:
    """The definition, by nothing but sets of tuples of words: every run of n words, every short prompt whole."""
    known = {length: set[tuple[str, ...]]() for length in range(SHORTEST, N + 1)}
    for prompt in prompts:
        found = words.tokens(prompt.text)
        if SHORTEST <= len(found) < N:
            known[len(found)].add(tuple(found))
        known[N].update(_ngrams(found, N))
    lengths = [length for length in known if known[length]]
    return np.array(
        [
            any(not known[length].isdisjoint(_ngrams(found, length)) for length in lengths)
            for found in map(words.tokens, documents)
        ],
        np.bool_,
    )


def _ngrams(found: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(found[i:] for i in range(length)), strict=False)


def compare(scale: Scale) -> None:
    """Print the comparison and keep it as contamination.md."""
    progress("making documents and prompts")
    prompts = texts.prompts(scale.prompts)
    documents = list(texts.documents(scale.documents))
    progress("brute force")
    truth = brute_force(prompts, documents)
    clean = [documents[i] for i in np.flatnonzero(~truth)[: len(texts.KINDS) * _PLANTED].tolist()]
    planted = texts.planted(clean, min(_PLANTED, len(clean) // len(texts.KINDS)))
    index = Index.build(prompts, N, SHORTEST)
    progress("Quorum")
    ours = _ours(index, documents, planted, scale.repeats)
    progress("one process and two, one query")
    processes = _processes(index, documents, scale.repeats)  # before peers load what a fork would have to copy
    live = _live(index, documents, planted)
    results, skipped = [ours], list[str]()
    for peer in PEERS:
        progress(peer.name)
        try:
            results.append(_measured(peer, prompts, documents, planted, scale.repeats))
        except NotInstalled as error:
            skipped.append(f"{peer.name} was skipped: {error}")
    some = documents[:_SPLIT]
    floor = len(some) / processor_seconds(lambda: [split_only(text) for text in some], scale.repeats)
    parts = [
        f"{len(documents):,} documents of {_mean_bytes(documents):,.0f} bytes on average, {texts.source()}; "
        f"{len(prompts):,} prompts ({min(len(texts.published()), len(prompts)):,} as published, the others pieced "
        f"together from these). n = {N} for every engine, one process.",
        *skipped,
        _speeds(results, floor, truth),
        _share(ours, floor),
        _recall(results, planted),
        processes,
        live,
    ]
    publish("contamination", "Finding contamination", parts, scale)


def _ours(index: Index, documents: Sequence[str], planted: Sequence[texts.Planted], repeats: int) -> _Result:
    seconds = processor_seconds(lambda: index.scan(documents), repeats)
    found = index.scan([each.text for each in planted])
    return _Result(
        "**Quorum**",
        "`Index.scan`",
        len(documents),
        len(documents) / seconds,
        Counter(each.kind for each, leak in zip(planted, found, strict=True) if leak),
        index.scan(documents),
    )


def _measured(
    peer: Peer, prompts: Sequence[Prompt], documents: Sequence[str], planted: Sequence[texts.Planted], repeats: int
) -> _Result:
    judge = peer.make([prompt.text for prompt in prompts], N)
    timed = documents[: peer.documents]
    verdicts = list[bool]()

    def work() -> None:
        verdicts[:] = map(judge, timed)

    seconds = processor_seconds(work, repeats if peer.repeats else 1)
    found = Counter(each.kind for each in planted if judge(each.text))
    return _Result(peer.name, peer.how, len(timed), len(timed) / seconds, found, np.array(verdicts, np.bool_))


def _speeds(results: Sequence[_Result], floor: float, truth: NDArray[np.bool_]) -> str:
    ours = results[0].speed
    rows = []
    for each in results:
        mine = truth[: each.timed]
        wrong, missed = int((each.verdicts & ~mine).sum()), int((mine & ~each.verdicts).sum())
        row = [each.name, each.how, f"{each.timed:,}", f"{each.speed:,.0f}", f"{ours / each.speed:,.1f} ×"]
        rows.append([*row, f"{wrong:,}", f"{missed:,} of {int(mine.sum()):,}"])
    rows.append(["splitting into words alone", r"`re.findall(r'\w+', text.lower())`", f"{min(_SPLIT, len(truth)):,}"])
    rows[-1] += [f"{floor:,.0f}", f"{ours / floor:,.1f} ×", "", ""]
    head = ["engine", "how", "documents timed", "documents/s", "Quorum is"]
    head += ["flagged without a shared run", "leaks of the corpus itself missed"]
    note = (
        "Documents per second of one processor, at best of several runs where one is short; slower engines are timed "
        "on the first documents of the same list. What leaks is told by brute force: every run of ten words of every "
        "document looked up in a set, short prompts whole, by the definition in `decontamination/words.py`. By their "
        "own definitions some engines mean to flag more (datatrove takes every number for the same)."
    )
    return table(head, rows, left=2) + "\n\n" + note


def _share(ours: _Result, floor: float) -> str:
    return (
        f"A scan takes {floor / ours.speed:.0%} of the time in which Python splits the same texts into words: it does "
        f"{ours.speed / floor:.1f} × what the words-only limit of the other engines would allow."
    )


def _recall(results: Sequence[_Result], planted: Sequence[texts.Planted]) -> str:
    there = Counter(each.kind for each in planted)
    kinds = [kind for kind in texts.KINDS if there[kind]]
    rows = []
    for each in results:
        cells = [f"{each.found[kind] / there[kind]:.2f}" for kind in kinds]
        rows.append([each.name, *cells, f"{each.found.total():,} of {there.total():,}"])
    intro = (
        f"Share of planted leaks found: published prompts of 20 to 80 words ({next(iter(there.values()), 0)} of each "
        "kind) put between two lines of documents that leak nothing else."
    )
    return intro + "\n\n" + table(["engine", *kinds, "all"], rows)


def _processes(index: Index, documents: Sequence[str], repeats: int) -> str:
    """One process against two, taken in turns so that both meet the same load."""
    best = {1: (float("inf"), 0.0), 2: (float("inf"), 0.0)}
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    expected = index.scan(documents)
    for _, workers in itertools.product(range(repeats), best):
        before, start = sum(os.times()[:4]), time.perf_counter()
        found = parallel.scan(index, documents, workers) if workers > 1 else index.scan(documents)
        best[workers] = min(best[workers], (time.perf_counter() - start, sum(os.times()[:4]) - before))
        if not np.array_equal(found, expected):
            raise AssertionError(f"{workers} processes say otherwise than one")
    rows = [
        [str(workers), f"{len(documents) / clock:,.0f}", f"{best[1][0] / clock:.2f} ×", f"{spent:.2f}"]
        for workers, (clock, spent) in best.items()
    ]
    head = ["processes", "documents/s by the clock", "of one", "processor seconds of all"]
    note = "With the texts in memory, at best"
    if load > cores:  # this measurement alone makes a load of one
        note += (
            f" (other programs kept the machine busy, a load of {load:.1f} on {cores} cores: the clock tells little)"
        )
    return f"{note}:\n\n{table(head, rows, left=0)}"


def _live(index: Index, documents: Sequence[str], planted: Sequence[texts.Planted]) -> str:
    """One query of 40 lines, as the editor asks while somebody types; the index is mapped from its file."""
    lines = (line for text in documents for line in text.split("\n"))
    queries = list[str]()
    for leak in (*planted[: _LIVE // 2], *[texts.Planted("", "")] * (_LIVE // 2)):
        query = leak.text.split("\n")[:40]
        queries.append("\n".join([*query, *itertools.islice(lines, 40 - len(query))]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index.save(path)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:  # as in a web worker that starts
            load, first, clock, spent = pool.submit(_checks, path, queries).result()
    rows = [
        [name, *(f"{each:.2f}" for each in np.percentile(times, [50, 95, 100]))]
        for name, times in (("by the clock", clock), ("of the processor", spent))
    ]
    size = sum(map(len, queries)) / len(queries)
    return (
        f"A live check (`Index.matches`, with places) of one query of 40 lines: {len(queries)} queries of {size:,.0f} "
        f"characters, half of them with a leak. The index of {len(index):,} prompts loads in {load:.1f} ms; the first "
        f"check of a process that meets a text beyond ASCII takes {first:.0f} ms.\n\n"
    ) + table(["ms", "p50", "p95", "worst"], rows)


def _checks(path: Path, queries: Sequence[str]) -> tuple[float, float, list[float], list[float]]:
    start = time.perf_counter()
    index = Index.load(path)
    loaded = time.perf_counter()
    index.matches("一 word")
    first = time.perf_counter()
    clock, spent = list[float](), list[float]()
    for query in queries:
        before = time.perf_counter(), time.process_time()
        index.matches(query)
        clock.append((time.perf_counter() - before[0]) * 1e3)
        spent.append((time.process_time() - before[1]) * 1e3)
    return (loaded - start) * 1e3, (first - loaded) * 1e3, clock, spent


def _mean_bytes(documents: Sequence[str]) -> float:
    return sum(len(text.encode()) for text in documents) / len(documents)
