"""A run of clusters and documents in; the cluster of the nearest centre for each document that has no place yet out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Count

from campaigns import events
from campaigns.models import User, Verb
from foundation import bulk
from sampling.actions.summaries import changed
from sampling.clustering import centres, kmeans
from sampling.models import Assignment, Cluster, ClusterRun
from sampling.queries.corpora import Entry
from sampling.queries.embedding import NotEmbedded, chosen_model, store_of

_ROWS = 2000  # asked for at once
_VECTORS = 20_000  # held in memory at once


class _Place(NamedTuple):
    document: int
    text_digest: str
    cluster: int
    distance: float


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
    places: list[_Place] = []
    for start in range(0, len(missing), _VECTORS):
        chunk = missing[start : start + _VECTORS]
        labels, distances = kmeans.assign(store.get([entry.text_digest for entry in chunk]), kept)
        places += [
            _Place(entry.pk, entry.text_digest, clusters[label + 1], distance)
            for entry, label, distance in zip(chunk, labels.tolist(), distances.tolist(), strict=True)
        ]
    with transaction.atomic():
        # Draws and classifications lock the run, too: each sees all of these places or none.
        ClusterRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        standing = _placed(run, [place.document for place in places])
        # What somebody else has placed meanwhile stays.
        places = [place for place in places if standing.get(place.document) == before.get(place.document)]
        fields = ("cluster", "text_digest", "distance", "assigned", "category", "score")
        values = [(place.cluster, place.text_digest, place.distance, True, None, None) for place in places]
        new, moved = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
        for place, row in zip(places, values, strict=True):
            if place.document in before:
                moved.append((*row, before[place.document][0]))
            else:
                new.append((*row, run.pk, place.document))
        bulk.insert(Assignment, (*fields, "run", "document"), new)
        bulk.update(Assignment, fields, moved)
        if places:
            _count(run)
            mean = float(np.mean([place.distance for place in places]))
            data = {"corpus": run.corpus.name, "documents": len(places), "distance": mean}
            changed(run.corpus)
            events.record(Verb.DOCUMENTS_ASSIGNED, run, campaign=None, by=by, now=now, data=data)
    return len(places)


def _placed(run: ClusterRun, documents: Sequence[int] | None = None) -> dict[int, tuple[int, str]]:
    """Primary key and text of each place, or of those of some documents, by the document's primary key."""
    rows = run.assignments.order_by("pk").values_list("document_id", "pk", "text_digest")
    if documents is None:
        return {document: (pk, text) for document, pk, text in rows.iterator(chunk_size=5000)}
    chunks = (documents[start : start + _ROWS] for start in range(0, len(documents), _ROWS))
    return {document: (pk, text) for chunk in chunks for document, pk, text in rows.filter(document__in=chunk)}


def _count(run: ClusterRun) -> None:
    sizes = dict(run.assignments.values_list("cluster").annotate(n=Count("pk")).order_by("cluster"))
    known = run.clusters.values_list("pk", "size")
    bulk.update(Cluster, ("size",), [(sizes.get(pk, 0), pk) for pk, size in known if size != sizes.get(pk, 0)])
