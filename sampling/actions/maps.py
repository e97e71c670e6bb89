"""The newest clusters of a corpus in; a place on a map for each of their documents, kept as a file, out."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from campaigns import events
from campaigns.models import User, Verb
from sampling.actions.clusters import CannotWrite
from sampling.maps import mapfile, projection
from sampling.maps.mapfile import BrokenMap, Map
from sampling.models import ClusterRun, Corpus
from sampling.queries.embedding import NotEmbedded, chosen_model, store_of
from sampling.queries.runs import latest_run, map_path

_MOST_ADDED = 0.5  # share of a map beyond which it is laid out anew


@dataclass(frozen=True)
class MapReport:
    run: ClusterRun
    texts: int  # on the map
    kept: int  # of these, where they were before
    left_out: int  # texts that the map has no room for
    changed: bool
    path: Path


def map_corpus(*, corpus: Corpus, by: User | None, now: datetime, seed: int = 0) -> MapReport:
    """Give every clustered text of the corpus its place; what has one keeps it, unless most of the map is new.

    The map is made anew where the clusters, the model or the seed are others.
    Raises NotClustered, NotEmbedded, CannotLoad, BrokenStore or CannotWrite.
    """
    run, model = latest_run(corpus), chosen_model()
    if run.model != model.key:
        raise NotEmbedded(
            f"{corpus.name}: clustered with {run.model}, not with {model.key}; run cluster_corpus --again, "
            "or set QUORUM_EMBEDDING_MODEL to what it was"
        )
    texts = set(run.assignments.values_list("document__text_digest", flat=True).iterator(chunk_size=5000))
    digests, path = mapfile.chosen(texts), map_path(run)
    store = store_of(model)
    lacking = sum(digest not in store for digest in digests)
    if lacking:
        raise NotEmbedded(f"{corpus.name}: {lacking} documents have no vector of {model.key}; run embed_corpus first")
    standing = _standing(path, model.key, seed)
    before = dict(zip(standing.digests, standing.places.tolist(), strict=True)) if standing else {}
    known = [digest for digest in digests if digest in before]
    if len(known) < len(digests) * _MOST_ADDED:
        known = []
    new = sorted(set(digests) - set(known))
    left_out = len(texts) - len(digests)
    changed = bool(new) or standing is None or (len(before), standing.left_out) != (len(digests), left_out)
    if changed:
        places = {digest: before[digest] for digest in known}
        if known:
            there = mapfile.fractions(np.array([before[digest] for digest in known]))
            added = projection.among(store.get(new), store.get(known), there, seed)
        else:
            added = projection.project(store.get(new), seed)
        places |= {digest: (x, y) for digest, (x, y) in zip(new, mapfile.numbers(added).tolist(), strict=True)}
        ordered = np.array([places[digest] for digest in digests], dtype=np.uint16).reshape(-1, 2)
        found = Map(projection.METHOD, model.key, seed, digests, ordered, left_out)
        try:
            mapfile.write(path, found)
        except OSError as error:
            raise CannotWrite(f"{path}: {error.strerror or error}") from error
        data = {"corpus": corpus.name, "run": run.pk, "seed": seed, "texts": len(digests), "kept": len(known)}
        events.record(Verb.CORPUS_MAPPED, run, campaign=None, by=by, now=now, data=data)
    return MapReport(run, len(digests), len(known), left_out, changed, path)


def _standing(path: Path, model: str, seed: int) -> Map | None:
    """The map as it is, where it was made in the same way."""
    try:
        found = mapfile.read(path)
    except BrokenMap:
        return None
    same = found is not None and (found.method, found.model, found.seed) == (projection.METHOD, model, seed)
    return found if same else None
