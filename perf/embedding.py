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
_PLAIN = "SentenceTransformer.encode, its defaults"

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
    best = dict[str, tuple[float, float]]()
    vectors = dict[str, Vectors]()
    for turn in range(scale.repeats):  # in turns, so that all meet the same load
        with tempfile.TemporaryDirectory() as folder:
            ways: dict[str, Callable[[], Vectors]] = {
                _PLAIN: lambda: np.asarray(plain.encode(questions)),
                "**Quorum**, encoded and stored": lambda: _stored(model, questions, Path(folder)),
                "**Quorum**, again: all in the store": lambda: _stored(model, questions, Path(folder)),
            }
            for name, way in ways.items():
                progress(f"{name}, {turn + 1} of {scale.repeats}")
                clock, spent = time.perf_counter(), time.process_time()
                vectors[name] = way()
                clock, spent = time.perf_counter() - clock, time.process_time() - spent
                known = best.get(name, (clock, spent))
                best[name] = min(known[0], clock), min(known[1], spent)
    theirs, ours = (_unit(each) for each in list(vectors.values())[:2])
    base = best[_PLAIN]
    rows = [
        [
            name,
            f"{len(questions) / clock:,.1f}",
            f"{base[0] / clock:,.2f} ×",
            f"{spent:.2f}",
            f"{base[1] / spent:,.2f} ×",
        ]
        for name, (clock, spent) in best.items()
    ]
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


def _stored(model: Model, questions: Sequence[str], folder: Path) -> Vectors:
    """As a corpus is embedded: what the store lacks is encoded batch by batch and appended; all is read from it."""
    digests = [sha256(text.encode()).hexdigest() for text in questions]
    store = VectorStore(folder)
    with store.writing({"model": model.key}) as writer:
        missing = [at for at, digest in enumerate(digests) if digest not in store]
        for places, vectors in model.encode([questions[at] for at in missing]):
            writer.append([digests[missing[at]] for at in places], vectors)
    return VectorStore(folder).get(digests)


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
