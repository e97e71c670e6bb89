"""A fake embedding model for tests of what surrounds the real one: texts that share words get close vectors."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from numpy.typing import NDArray

from campaigns.models import Taxonomy
from sampling.actions import categories
from sampling.embedding.model import Model
from sampling.models import Document
from sampling.queries.scrapes import documents_of
from tests.factories import shipped_taxonomy


def fake_vector(text: str) -> NDArray[np.float32]:
    vector = np.zeros(64, dtype=np.float32)
    for word in re.findall(r"\w+", text.lower()):
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 64] += 1
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector + np.float32(0.125)


_cleaned: dict[Path, list[Document]] = {}


def cleaned_once(path: Path, taxonomy: Taxonomy) -> list[Document]:
    """The shipped labelled documents, which every classification reads. Of their categories only the slugs matter."""
    if path not in _cleaned:
        _cleaned[path] = list(documents_of(path, taxonomy))
    return _cleaned[path]


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Every text that is encoded, in order. Each test has a store of its own."""
    encoded: list[str] = []

    def encode(self: Model, texts: Sequence[str]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        encoded.extend(texts)
        for end in range(len(texts), 0, -16):  # not in the order in which they were asked for
            batch = [*range(max(0, end - 16), end)]
            yield batch, np.stack([fake_vector(texts[at]) for at in batch])

    def unknown(self: Model, texts: Sequence[str]) -> float | None:
        return None

    monkeypatch.setattr(categories, "documents_of", cleaned_once)
    monkeypatch.setattr(Model, "key", f"fake-{tmp_path.name}")
    monkeypatch.setattr(Model, "encode", encode)
    monkeypatch.setattr(Model, "unknown", unknown)
    return encoded


TOPICS = {
    "machine-learning": "neural network training loss gradient epoch dropout overfitting validation tensor layer",
    "database-management": "postgres index vacuum replication schema backup restore table lock query planner",
    "frontend-technologies": "css flexbox grid button margin hover responsive browser dom stylesheet",
}


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """36 labelled questions of three plainly different topics, as JSON Lines."""
    names = {
        "machine-learning": "Machine Learning",
        "database-management": "Database Management",
        "frontend-technologies": "Frontend Technologies",
    }
    lines = []
    for slug, words in TOPICS.items():
        vocabulary = words.split()
        for number in range(12):
            chosen = [vocabulary[(number * 3 + step * (1 + number % 3)) % len(vocabulary)] for step in range(7)]
            own = [f"{slug[:3]}{number}x{at}" for at in range(4)]
            record = {
                "id": f"{slug}-{number:02}",
                "title": f"{slug} question {number}",
                "body": f"<p>About {' '.join(chosen)} in case {' '.join(own)}.</p>",
                "tags": ["python"],
                "truth": {"category": names[slug]},
            }
            lines.append(json.dumps(record))
    path = tmp_path / "small.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def run(db: None, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Call a command and return its figures."""

    def call(name: str, *arguments: object) -> dict[str, Any]:
        shipped_taxonomy()
        figures = tmp_path / "figures.json"
        call_command(name, *map(str, arguments), json=figures)
        content: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
        return content

    return call
