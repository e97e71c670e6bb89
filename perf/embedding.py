"""Embedding questions: Quorum's batches and store against SentenceTransformer.encode as it comes."""

import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perf import texts
from perf.report import Scale, progress, publish, table
from sampling.model import Model, embedded_files
from sampling.vectors import VectorStore

_NAME = "embedded:all-MiniLM-L6-v2"
_NEIGHBOURS = 10

Vectors = NDArray[np.float32]


def compare(scale: Scale) -> None:
    """Print the comparison and keep it as embedding.md."""
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    from sentence_transformers import SentenceTransformer

    questions = texts.questions(scale.texts)
    plain = SentenceTransformer(str(embedded_files(_NAME)))
    model = Model(_NAME)
    for each in (plain.encode(questions[:2]), next(model.encode(questions[:2]))):  # what is loaded on first use
        assert len(each)
    ways: dict[str, Callable[[], Vectors]] = {
        "SentenceTransformer.encode, its defaults": lambda: np.asarray(
            plain.encode(questions, show_progress_bar=False)
        ),
        "**Quorum**, encoded and stored": lambda: _stored(model, questions),
    }
    best = dict.fromkeys(ways, (float("inf"), float("inf")))
    vectors = dict[str, Vectors]()
    for turn in range(scale.repeats):  # in turns, so that both meet the same load
        for name, way in ways.items():
            progress(f"{name}, {turn + 1} of {scale.repeats}")
            before = time.perf_counter(), time.process_time()
            vectors[name] = way()
            spent = time.perf_counter() - before[0], time.process_time() - before[1]
            best[name] = min(best[name][0], spent[0]), min(best[name][1], spent[1])
    theirs, ours = (_unit(each) for each in vectors.values())
    base = next(iter(best.values()))
    rows = [
        [name, f"{len(questions) / clock:.1f}", f"{base[0] / clock:.2f} ×", f"{spent:.1f}", f"{base[1] / spent:.2f} ×"]
        for name, (clock, spent) in best.items()
    ]
    rows.append(_again(model, questions, base[0]))
    head = ["way", "texts/s by the clock", "speed", "processor seconds", "of the processor"]
    characters = sum(map(len, questions)) / len(questions)
    parts = [
        f"{len(questions)} questions of {characters:,.0f} characters on average, {model.key}; the best of "
        f"{scale.repeats} runs each.",
        table(head, rows),
        f"The vectors are the same: mean cosine {float((theirs * ours).sum(1).mean()):.6f}, least "
        f"{float((theirs * ours).sum(1).min()):.6f}; of each text's {_NEIGHBOURS} nearest neighbours "
        f"{_overlap(theirs, ours):.1%} agree.",
    ]
    publish("embedding", "Embedding questions", parts, scale)


def _digests(questions: Sequence[str]) -> list[str]:
    return [sha256(text.encode()).hexdigest() for text in questions]


def _stored(model: Model, questions: Sequence[str]) -> Vectors:
    """As a corpus is embedded: encoded batch by batch, appended to a store, and read from it."""
    with tempfile.TemporaryDirectory() as folder:
        _write(model, questions, Path(folder) / "store")
        return VectorStore(Path(folder) / "store").get(_digests(questions))


def _write(model: Model, questions: Sequence[str], folder: Path) -> None:
    digests = _digests(questions)
    with VectorStore(folder).writing({"model": model.key}) as writer:
        for places, vectors in model.encode(questions):
            writer.append([digests[at] for at in places], vectors)


def _again(model: Model, questions: Sequence[str], base: float) -> list[str]:
    """The second time, when nothing is encoded."""
    with tempfile.TemporaryDirectory() as folder:
        _write(model, questions, Path(folder) / "store")
        before = time.perf_counter(), time.process_time()
        digests = _digests(questions)
        store = VectorStore(Path(folder) / "store")
        assert all(digest in store for digest in digests)
        store.get(digests)
        clock, spent = time.perf_counter() - before[0], time.process_time() - before[1]
    return [
        "**Quorum**, again: read from the store",
        f"{len(questions) / clock:,.0f}",
        f"{base / clock:,.0f} ×",
        f"{spent:.3f}",
        "",
    ]


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _overlap(one: Vectors, other: Vectors) -> float:
    """The share of nearest neighbours that both sets of vectors agree on."""
    count = min(_NEIGHBOURS, len(one) - 1)
    nearest = []
    for vectors in (one, other):
        similar = vectors @ vectors.T
        np.fill_diagonal(similar, -2)
        nearest.append(np.argsort(-similar, axis=1)[:, :count])
    return float(
        np.mean([len(set(a) & set(b)) / count for a, b in zip(*(each.tolist() for each in nearest), strict=True)])
    )
