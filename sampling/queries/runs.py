"""The clustering of a corpus that is in use."""

from pathlib import Path

from django.conf import settings

from sampling.models import ClusterRun, Corpus


class NotClustered(Exception):
    """The corpus has no clusters yet."""


def latest_run(corpus: Corpus) -> ClusterRun:
    """Raises NotClustered."""
    run = corpus.cluster_runs.order_by("-pk").first()
    if run is None:
        raise NotClustered(f"{corpus.name}: no clusters yet; run cluster_corpus first")
    return run


def map_path(run: ClusterRun) -> Path:
    return settings.DATA_DIR / "maps" / f"{run.digest}.npz"
