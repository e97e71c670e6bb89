"""What each embedding model makes of each natural language: purity of clusters, and near-copies found.

In:  the demo corpus with its categories, and real questions whose tags name one topic (where they are).
Out: a table of purity by model and language, and one of near-copies.
"""

import json
import random
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perf import texts
from perf.report import Scale, progress, publish, table
from sampling.clustering import kmeans
from sampling.embedding.legibility import alike
from sampling.embedding.model import Means, Model
from sampling.similarity import duplicates

_MINILM: Final = "embedded:all-MiniLM-L6-v2"
_MODELS: Final = (_MINILM, f"static:{_MINILM}", "lexical:measured", f"{_MINILM}+lexical:measured")
_TOPICS: Final = 20  # commonest tags of a language
_LONGEST: Final = 2000  # characters of a question
_SEEDS: Final = 3
_CLUSTERS_TO_A_TOPIC: Final = 2

Vectors = NDArray[np.float32]


class Labelled(NamedTuple):
    text: str
    language: str
    topic: str


def compare(scale: Scale) -> None:
    """Print the tables and keep them as languages.md."""
    sets = {"demo corpus, by category": _demo()[: scale.labelled * _TOPICS]}
    if texts.real():
        sets["real questions, by tag"] = _tagged(scale.labelled)
    purities, recalls = list[list[str]](), list[list[str]]()
    for title, labelled in sets.items():
        for name in _MODELS:
            progress(f"{title}: {name}")
            with tempfile.TemporaryDirectory() as home:
                model = Model(name, Means(Path(home)))
                if model.learns_from:
                    model.learn([each.text for each in labelled])
                copies = [_edited(each.text, number) for number, each in enumerate(labelled)]
                started = time.perf_counter()
                vectors = model.whole([each.text for each in labelled] + copies)
                seconds = time.perf_counter() - started
            originals = vectors[: len(labelled)]
            for language, (purity, count) in _purity(originals, labelled).items():
                rows = [at for at, each in enumerate(labelled) if each.language == language]
                near = (originals[rows] * vectors[[len(labelled) + at for at in rows]]).sum(axis=1)
                found = float((near >= duplicates.THRESHOLD).mean())
                purities.append([title, name, language, f"{count:,}", f"{purity:.3f}", f"{alike(originals[rows]):.2f}"])
                recalls.append([title, name, language, f"{found:.2f}", f"{2 * len(labelled) / seconds:,.0f}"])
    publish("languages", "Embedding models and natural languages", _page(purities, recalls), scale)


def _page(purities: list[list[str]], recalls: list[list[str]]) -> list[str]:
    return [
        f"Each set is clustered as a whole, {_CLUSTERS_TO_A_TOPIC} clusters to a topic of each language, with "
        f"{_SEEDS} seeds. Purity is the share of a language's texts that are of their cluster's commonest topic in "
        "that language; `alike` is the mean cosine of two texts taken at random: where it is high, the model sees the "
        "language and not what is said.",
        table(["texts", "model", "language", "number", "purity", "alike"], purities, left=3),
        "Near-copies: every text with one word in twelve left out. Found is what has a cosine of "
        f"{duplicates.THRESHOLD} or more with its original. Texts/s are of all languages together, "
        "loading and distilling included.",
        table(["texts", "model", "language", "found", "texts/s"], recalls, left=3),
    ]


def _demo() -> list[Labelled]:
    path = Path(__file__).resolve().parents[1] / "fixtures" / "demo" / "corpus.jsonl"
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        topic = record.get("truth", {}).get("category")
        text = f"{record['title']}\n\n{record['body']}".strip()
        if topic and text:
            found.append(Labelled(text[:_LONGEST], _language(text), topic))
    return found


def _language(text: str) -> str:
    from sampling.text.natural import natural_language

    return natural_language(text)


def _tagged(most: int) -> list[Labelled]:
    """Questions with exactly one of the commonest tags of their language, at most so many of each tag."""
    rows = [row for row in texts.asked() if row["natural_language"] in ("en", "zh")]
    found = []
    for language in ("en", "zh"):
        own = [row for row in rows if row["natural_language"] == language]
        counts = Counter(tag for row in own for tag in row["tags"])
        topics = {tag for tag, _count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_TOPICS]}
        of_topic = defaultdict[str, list[str]](list)
        for row in own:
            if len(hit := topics & set(row["tags"])) == 1:
                of_topic[hit.pop()].append(f"{row['title']}\n\n{row['body']}".strip()[:_LONGEST])
        for topic in sorted(of_topic):
            some = random.Random(0).sample(of_topic[topic], min(most, len(of_topic[topic])))
            found += [Labelled(text, language, topic) for text in some]
    return found


def _edited(text: str, seed: int) -> str:
    """One word (or Chinese character) in twelve left out."""
    words = re.findall(r"\s*(?:[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+)", text)
    chance = random.Random(seed)
    return "".join(word for word in words if chance.random() >= 1 / 12)


def _purity(vectors: Vectors, labelled: Sequence[Labelled]) -> dict[str, tuple[float, int]]:
    """By language, the mean purity over seeds, and how many texts."""
    count = _CLUSTERS_TO_A_TOPIC * len({(each.language, each.topic) for each in labelled})
    found = defaultdict[str, list[float]](list)
    sizes = Counter(each.language for each in labelled)
    for seed in range(_SEEDS):
        labels = kmeans.cluster(vectors, min(count, len(labelled) // 2), seed).labels.tolist()
        groups = defaultdict[tuple[str, int], Counter[str]](Counter)
        for each, label in zip(labelled, labels, strict=True):
            groups[each.language, label][each.topic] += 1
        for language in sizes:
            right = sum(max(topics.values()) for (of, _label), topics in groups.items() if of == language)
            found[language].append(right / sizes[language])
    return {language: (float(np.mean(found[language])), size) for language, size in sizes.most_common() if size >= 20}
