"""Vectors of a corpus in; a run of clusters with sizes, keywords and a place for every document out."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from campaigns import events
from campaigns.actions import load_taxonomy
from campaigns.models import User
from sampling import keywords, kmeans
from sampling.actions.embedding import chosen_model, store_of
from sampling.models import Assignment, Cluster, ClusterRun, Corpus, Document

_ROWS = 2000  # of one INSERT


class UnknownCorpus(Exception):
    """There is no corpus of this name."""


class NotEmbedded(Exception):
    """Documents lack vectors of the model in use."""


class CannotWrite(Exception):
    """The assignments' file cannot be written."""


@dataclass(frozen=True)
class _Entry:
    pk: int
    key: str
    text_digest: str


def find_corpus(name: str) -> Corpus:
    """Raises UnknownCorpus."""
    corpus = Corpus.objects.filter(name=name).first()
    if corpus is None:
        known = ", ".join(Corpus.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise UnknownCorpus(f"{name}: there is no such corpus (there are: {known})")
    return corpus


def centres_path(run_digest: str) -> Path:
    return settings.DATA_DIR / "clusters" / f"{run_digest}.npy"


def _entries(corpus: Corpus) -> list[_Entry]:
    """What is clustered, in an order that no database's collation or numbering changes."""
    rows = Document.objects.filter(corpus=corpus).usable().values_list("pk", "key", "text_digest")
    return sorted((_Entry(*row) for row in rows.iterator(chunk_size=5000)), key=lambda entry: entry.key)


def corpus_digest(texts: Iterable[tuple[str, str]]) -> str:
    """Of documents' keys and text digests, in the order of the keys."""
    digest = hashlib.sha256()
    for key, text_digest in texts:
        digest.update(f"{key}\x00{text_digest}\n".encode())
    return digest.hexdigest()


def cluster_corpus(
    *, corpus: Corpus, by: User | None, now: datetime, k: int | None = None, seed: int = 0
) -> tuple[ClusterRun, bool]:
    """The clusters of this corpus, model, k and seed, and whether they had to be made.

    Clusters stay until the texts, the model, k or the seed change. Raises NotEmbedded or CannotLoad.
    """
    model = chosen_model()
    entries = _entries(corpus)
    if not entries:
        raise NotEmbedded(f"{corpus.name}: no document with text; import some first")
    wanted = k or kmeans.count(len(entries), load_taxonomy().categories.count())
    digest = corpus_digest((entry.key, entry.text_digest) for entry in entries)
    last = corpus.cluster_runs.order_by("-pk").first()
    if last is not None:
        # k may have come out lower than wanted where few texts differ.
        same_k = last.asked_k == wanted
        if (last.corpus_digest, last.model, last.seed) == (digest, model.key, seed) and same_k:
            return last, False
    store = store_of(model)
    lacking = sum(entry.text_digest not in store for entry in entries)
    if lacking:
        raise NotEmbedded(f"{corpus.name}: {lacking} documents have no vector of {model.key}; run embed_corpus first")
    found = kmeans.cluster(store.get([entry.text_digest for entry in entries]), wanted, seed)
    run_digest = _run_digest(entries, found.labels)
    _keep_centres(run_digest, found.centres)
    texts = {
        pk: keywords.words(title, text)
        for pk, title, text in Document.objects.filter(corpus=corpus)
        .usable()
        .values_list("pk", "title", "text")
        .iterator()
    }
    labels = found.labels.tolist()
    words = keywords.keywords((texts[entry.pk] for entry in entries), labels, len(found.centres))
    run = ClusterRun(
        corpus=corpus,
        model=model.key,
        corpus_digest=digest,
        method=found.method,
        asked_k=wanted,
        k=len(found.centres),
        seed=seed,
        digest=run_digest,
        inertia=found.inertia,
        created_at=now,
    )
    _store(run=run, entries=entries, labels=labels, distances=found.distances.tolist(), words=words, by=by, now=now)
    return run, True


@transaction.atomic
def _store(
    *,
    run: ClusterRun,
    entries: list[_Entry],
    labels: list[int],
    distances: list[float],
    words: list[list[str]],
    by: User | None,
    now: datetime,
) -> None:
    run.save()
    sizes = np.bincount(labels, minlength=run.k).tolist()
    clusters = Cluster.objects.bulk_create(
        Cluster(run=run, number=number + 1, size=sizes[number], keywords=words[number]) for number in range(run.k)
    )
    Assignment.objects.bulk_create(
        (
            Assignment(cluster=clusters[label], run=run, document_id=entry.pk, distance=distance)
            for entry, label, distance in zip(entries, labels, distances, strict=True)
        ),
        batch_size=_ROWS,
    )
    data = {"corpus": run.corpus.name, "k": run.k, "seed": run.seed, "documents": len(entries), "digest": run.digest}
    events.record("corpus clustered", run, campaign=None, by=by, now=now, data=data)


def _run_digest(entries: list[_Entry], labels: NDArray[np.int64]) -> str:
    digest = hashlib.sha256()
    for entry, label in zip(entries, labels.tolist(), strict=True):
        digest.update(f"{entry.key}\x00{label + 1}\n".encode())
    return digest.hexdigest()


def _keep_centres(run_digest: str, centres: NDArray[np.float32]) -> None:
    path = centres_path(run_digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}.npy")
    np.save(aside, centres)
    aside.replace(path)


def write_assignments(*, run: ClusterRun, path: Path) -> int:
    """Document key and cluster of every clustered document, as Parquet. Raises CannotWrite."""
    import pyarrow
    import pyarrow.parquet

    rows = sorted(run.assignments.values_list("document__key", "cluster__number"))
    table = pyarrow.table(
        {
            "document": pyarrow.array([key for key, _number in rows], pyarrow.string()),
            "cluster": pyarrow.array([number for _key, number in rows], pyarrow.int32()),
        }
    )
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pyarrow.parquet.write_table(table, aside)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise CannotWrite(f"{path}: {error.strerror or error}") from error
    return len(rows)
