"""A run of clusters and documents in; the cluster of the nearest centre for each document that has no place yet out."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from campaigns import events
from campaigns.models import User, Verb
from sampling.clustering import centres, kmeans
from sampling.models import Assignment, Cluster, ClusterRun
from sampling.queries.corpora import Entry
from sampling.queries.embedding import NotEmbedded, chosen_model, store_of

_ROWS = 2000  # of one INSERT
_VECTORS = 20_000  # held in memory at once


def assign(*, run: ClusterRun, entries: Sequence[Entry], by: User | None, now: datetime) -> int:
    """How many documents were placed: those without a place, and those that have one by words of before.

    Until the next classification they have no category. Raises NotEmbedded or BrokenCentres.
    """
    before = _placed(run)
    missing = [entry for entry in entries if before.get(entry.pk, (0, ""))[1] != entry.text_digest]
    if not missing:
        return 0
    store = store_of(chosen_model())
    lacking = sum(entry.text_digest not in store for entry in missing)
    if lacking:
        raise NotEmbedded(
            f"{run.corpus.name}: {lacking} documents have no vector of {run.model}; run embed_corpus first"
        )
    kept = centres.read(settings.DATA_DIR / "clusters", run.centres)
    if kept.shape != (run.k, store.dimension):
        raise centres.BrokenCentres(
            f"{centres.path_of(settings.DATA_DIR / 'clusters', run.centres)}: {kept.shape} numbers where {run.k} "
            f"clusters have vectors of {store.dimension}"
        )
    clusters = dict(run.clusters.values_list("number", "pk"))
    rows: list[Assignment] = []
    for start in range(0, len(missing), _VECTORS):
        chunk = missing[start : start + _VECTORS]
        labels, distances = kmeans.assign(store.get([entry.text_digest for entry in chunk]), kept)
        rows += [
            Assignment(
                run=run,
                cluster_id=clusters[label + 1],
                document_id=entry.pk,
                text_digest=entry.text_digest,
                assigned=True,
                distance=distance,
            )
            for entry, label, distance in zip(chunk, labels.tolist(), distances.tolist(), strict=True)
        ]
    with transaction.atomic():
        # Draws and classifications lock the run, too: each sees all of these places or none.
        ClusterRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        standing = _placed(run)
        # What somebody else has placed meanwhile stays.
        rows = [row for row in rows if standing.get(row.document_id) == before.get(row.document_id)]
        new = [row for row in rows if row.document_id not in before]
        moved = [row for row in rows if row.document_id in before]
        for row in moved:
            row.pk = before[row.document_id][0]
        Assignment.objects.bulk_create(new, batch_size=_ROWS)
        Assignment.objects.bulk_update(
            moved,
            ["cluster", "text_digest", "assigned", "distance", "category", "score"],
            batch_size=100 if connection.vendor == "sqlite" else _ROWS,
        )
        if rows:
            _count(run)
            mean = float(np.mean([row.distance for row in rows]))
            data = {"corpus": run.corpus.name, "documents": len(rows), "distance": mean}
            events.record(Verb.DOCUMENTS_ASSIGNED, run, campaign=None, by=by, now=now, data=data)
    return len(rows)


def _placed(run: ClusterRun) -> dict[int, tuple[int, str]]:
    """Primary key and text of each place, by the document's primary key."""
    rows = run.assignments.order_by("pk").values_list("document_id", "pk", "text_digest")
    return {document: (pk, text) for document, pk, text in rows.iterator(chunk_size=5000)}


def _count(run: ClusterRun) -> None:
    sizes = dict(run.assignments.values_list("cluster").annotate(n=Count("pk")).order_by("cluster"))
    changed = []
    for cluster in run.clusters.only("pk", "size").order_by("pk"):
        if cluster.size != sizes.get(cluster.pk, 0):
            cluster.size = sizes.get(cluster.pk, 0)
            changed.append(cluster)
    Cluster.objects.bulk_update(changed, ["size"], batch_size=400)
