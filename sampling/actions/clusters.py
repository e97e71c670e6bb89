"""Vectors of a corpus in; a run of clusters with sizes, keywords and a place for every document out."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from campaigns import events
from campaigns.models import Taxonomy, User, Verb
from foundation import bulk
from foundation.files import whole
from sampling.actions.assignments import assign
from sampling.actions.summaries import changed, summarise
from sampling.clustering import centres, keywords, kmeans
from sampling.models import Assignment, Cluster, ClusterRun, Corpus, Document
from sampling.queries.corpora import Entry, corpus_digest, entries_of
from sampling.queries.embedding import NotEmbedded, chosen_model, store_of


class OtherModel(Exception):
    """The clusters are of another model than the one in use."""


class CannotWrite(Exception):
    """The assignments' file cannot be written."""


@dataclass
class ClusteringReport:
    run: ClusterRun
    made: bool  # else documents without a place were assigned to the centres that there are
    assigned: int = 0


def cluster_corpus(
    *,
    corpus: Corpus,
    taxonomy: Taxonomy,
    by: User | None,
    now: datetime,
    k: int | None = None,
    seed: int | None = None,
    again: bool = False,
) -> ClusteringReport:
    """The corpus's clusters, with a place for each document. Their number follows the taxonomy's, by default.

    The first time they are made. From then on documents without a place go to the nearest of the centres that were
    kept, so that what leads decided of the clusters holds; new clusters are made where another k or seed is asked for,
    or `again`, and something has changed that they depend on.
    Raises NotEmbedded, OtherModel, BrokenCentres or CannotLoad.
    """
    model = chosen_model()
    entries = entries_of(corpus)
    if not entries:
        raise NotEmbedded(f"{corpus.name}: no document with text; import some first")
    anew, rule = False, kmeans.count(len(entries), taxonomy.categories.count())
    last = corpus.cluster_runs.order_by("-pk").first()
    digest = corpus_digest((entry.key, entry.text_digest) for entry in entries)
    if last is None:
        wanted = ClusterRun(corpus=corpus, model=model.key, corpus_digest=digest, asked_k=k or rule, seed=seed or 0)
    else:
        anew = again or k not in (None, last.asked_k) or seed not in (None, last.seed)
        if not anew and last.model != model.key:
            raise OtherModel(
                f"{corpus.name}: its clusters are of {last.model}, and {model.key} is in use, whose vectors do not "
                "compare; cluster_corpus --again makes new clusters, of which leads have decided nothing yet"
            )
        wanted = ClusterRun(
            corpus=corpus,
            model=model.key,
            corpus_digest=digest,
            asked_k=k or (rule if again else last.asked_k),
            seed=last.seed if seed is None else seed,
        )
    if last is None or (anew and not _same(last, wanted)):
        run, made = _make(wanted, entries, last=last, asked=anew, by=by, now=now)
    else:
        run, made = last, False
    report = ClusteringReport(run, made, 0 if made else assign(run=run, entries=entries, by=by, now=now))
    summarise(corpus)
    return report


def _same(one: ClusterRun, other: ClusterRun) -> bool:
    """Whether they depend on the same. k may have come out lower than asked for, where few texts differ."""
    fields = ("corpus_digest", "model", "seed", "asked_k")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def _make(
    run: ClusterRun, entries: list[Entry], *, last: ClusterRun | None, asked: bool, by: User | None, now: datetime
) -> tuple[ClusterRun, bool]:
    """The run with its clusters, or the one that somebody else made meanwhile."""
    corpus, store = run.corpus, store_of(chosen_model())
    lacking = sum(entry.text_digest not in store for entry in entries)
    if lacking:
        raise NotEmbedded(f"{corpus.name}: {lacking} documents have no vector of {run.model}; run embed_corpus first")
    found = kmeans.cluster(store.get([entry.text_digest for entry in entries]), run.asked_k, run.seed)
    texts = {
        pk: keywords.words(title, text)
        for pk, title, text in Document.objects.filter(corpus=corpus)
        .usable()
        .values_list("pk", "title", "text")
        .iterator()
    }
    labels = found.labels.tolist()
    words = keywords.keywords((texts[entry.pk] for entry in entries), labels, len(found.centres))
    run.method, run.k, run.created_at = found.method, len(found.centres), now
    run.digest = _run_digest(entries, found.labels)
    run.inertia, run.expected_distance = found.inertia, found.expected
    run.centres = centres.write(settings.DATA_DIR / "clusters", found.centres)
    with transaction.atomic():
        Corpus.objects.select_for_update(no_key=True).get(pk=corpus.pk)
        newest = corpus.cluster_runs.order_by("-pk").first()
        if newest is not None and newest != last and (_same(newest, run) or not asked):
            return newest, False
        _store(run=run, entries=entries, labels=labels, distances=found.distances.tolist(), words=words)
        data = {"corpus": corpus.name, "k": run.k, "seed": run.seed, "documents": len(entries), "digest": run.digest}
        changed(corpus)
        events.record(Verb.CORPUS_CLUSTERED, run, campaign=None, by=by, now=now, data=data)
    return run, True


def _store(
    *, run: ClusterRun, entries: list[Entry], labels: list[int], distances: list[float], words: list[list[str]]
) -> None:
    run.save()
    sizes = np.bincount(labels, minlength=run.k).tolist()
    clusters = Cluster.objects.bulk_create(
        Cluster(run=run, number=number + 1, size=sizes[number], keywords=words[number]) for number in range(run.k)
    )
    bulk.insert(
        Assignment,
        ("cluster", "run", "document", "text_digest", "distance"),
        (
            (clusters[label].pk, run.pk, entry.pk, entry.text_digest, distance)
            for entry, label, distance in zip(entries, labels, distances, strict=True)
        ),
    )


def _run_digest(entries: list[Entry], labels: NDArray[np.int64]) -> str:
    digest = hashlib.sha256()
    for entry, label in zip(entries, labels.tolist(), strict=True):
        digest.update(f"{entry.key}\x00{label + 1}\n".encode())
    return digest.hexdigest()


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
    try:
        with whole(path, make_folder=False) as file:
            pyarrow.parquet.write_table(table, file)
    except OSError as error:
        raise CannotWrite(f"{path}: {error.strerror or error}") from error
    return len(rows)
