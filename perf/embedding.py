"""Embedding questions: Quorum's ways of computing vectors against SentenceTransformer.encode as it comes."""

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
from sampling.embedding.model import Means, Model, embedded_files
from sampling.embedding.store import VectorStore
from sampling.embedding.transformer import BFLOAT16, FLOAT32, processor_has_bfloat16

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
    plain.encode(questions[:2])  # what is loaded on first use
    with tempfile.TemporaryDirectory() as home:
        models = {
            "**Quorum**, exact float32": Model(_NAME, Means(Path(home), number_format=FLOAT32)),
            "**Quorum**, bfloat16": Model(_NAME, Means(Path(home), number_format=BFLOAT16)),
            "**Quorum**, static": Model(f"static:{_NAME}", Means(Path(home))),
        }
        if not processor_has_bfloat16():
            del models["**Quorum**, bfloat16"]
        started = time.perf_counter()
        models["**Quorum**, static"].whole(questions[:2])
        distilled = time.perf_counter() - started
        for model in models.values():
            model.whole(questions[:2])
        best, vectors = _timed(plain, models, questions, scale)
    page = _page(best, vectors, models, questions, scale)
    page.append(f"The static model was distilled on the spot in {distilled:.0f} s; it is kept.")
    publish("embedding", "Embedding questions", page, scale)


def _timed(
    plain: object, models: dict[str, Model], questions: Sequence[str], scale: Scale
) -> tuple[dict[str, tuple[float, float]], dict[str, Vectors]]:
    """Seconds by the clock and of the processor at best, and the vectors, by the name of the way."""
    best, vectors = dict[str, tuple[float, float]](), dict[str, Vectors]()
    for turn in range(scale.repeats):  # in turns, so that all meet the same load
        with tempfile.TemporaryDirectory() as folder:
            ways: dict[str, Callable[[], Vectors]] = {
                _PLAIN: lambda: np.asarray(plain.encode(questions))  # type: ignore[attr-defined]
            }
            for name, model in models.items():
                ways[name] = lambda model=model: _stored(model, questions, Path(folder) / model.key)  # type: ignore[misc]
            ways["**Quorum**, again: all in the store"] = list(ways.values())[1]
            for name, way in ways.items():
                progress(f"{name}, {turn + 1} of {scale.repeats}")
                clock, spent = time.perf_counter(), time.process_time()
                vectors[name] = way()
                clock, spent = time.perf_counter() - clock, time.process_time() - spent
                known = best.get(name, (clock, spent))
                best[name] = min(known[0], clock), min(known[1], spent)
    return best, vectors


def _page(
    best: dict[str, tuple[float, float]],
    vectors: dict[str, Vectors],
    models: dict[str, Model],
    questions: Sequence[str],
    scale: Scale,
) -> list[str]:
    base, theirs = best[_PLAIN], _unit(vectors[_PLAIN])
    rows = []
    for name, (clock, spent) in best.items():
        ours = _unit(vectors[name])
        cosines = (theirs * ours).sum(1) if ours.shape == theirs.shape else None
        rows.append(
            [
                name,
                f"{len(questions) / clock:,.1f}",
                f"{base[0] / clock:,.2f} ×",
                f"{base[1] / max(spent, 1e-9):,.2f} ×",
                "" if cosines is None else f"{float(cosines.mean()):.6f}",
                "" if cosines is None else f"{float(cosines.min()):.6f}",
                f"{_overlap(theirs, ours):.3f}",
            ]
        )
    head = [
        "way",
        "texts/s by the clock",
        "speed",
        "of the processor",
        "mean cosine",
        "least",
        "neighbours",
    ]
    characters = sum(map(len, questions)) / len(questions)
    return [
        f"{len(questions)} questions of {characters:,.0f} characters on average, encoded and stored by "
        f"{', '.join(model.key for model in models.values())}; the best of {scale.repeats} runs each, in turns. "
        "`mean cosine` and `least` are those of each vector with the plain way's; `neighbours` is the share of each "
        f"text's {_NEIGHBOURS} nearest that are the same.",
        table(head, rows),
    ]


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
