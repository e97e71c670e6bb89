"""Every write to corpora, clusters, categories, draws and seeds, in the order in which they happen."""

from sampling.actions.categories import classify_clusters, overrule
from sampling.actions.clusters import UnknownCorpus, cluster_corpus, find_corpus, write_assignments
from sampling.actions.draws import CannotDraw, DrawReport, draw_seeds
from sampling.actions.embedding import EmbeddingReport, embed_corpus
from sampling.actions.imports import ImportReport, import_files, preview
from sampling.actions.verdicts import (
    VerdictState,
    check_documents,
    frequent_runs,
    leaks_among,
    leaks_of,
    verdict_on,
    verdict_state,
)

__all__ = [
    "CannotDraw",
    "DrawReport",
    "EmbeddingReport",
    "ImportReport",
    "UnknownCorpus",
    "VerdictState",
    "check_documents",
    "classify_clusters",
    "cluster_corpus",
    "draw_seeds",
    "embed_corpus",
    "find_corpus",
    "frequent_runs",
    "import_files",
    "leaks_among",
    "leaks_of",
    "overrule",
    "preview",
    "verdict_on",
    "verdict_state",
    "write_assignments",
]
