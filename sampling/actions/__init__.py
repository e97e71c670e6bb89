"""Every write to corpora, clusters, categories, draws and seeds, in the order in which they happen."""

from sampling.actions.categories import classify_clusters
from sampling.actions.clusters import ClusteringReport, UnknownCorpus, cluster_corpus, find_corpus, write_assignments
from sampling.actions.decisions import CannotDecide, Changed, UnknownCategory, exclude, merge, overrule, rename
from sampling.actions.draws import CannotDraw, DrawReport, draw_seeds
from sampling.actions.embedding import EmbeddingReport, embed_corpus
from sampling.actions.imports import ImportReport, import_files, preview
from sampling.actions.maps import MapReport, map_corpus, map_path
from sampling.actions.proposals import ProposalReport, chosen_endpoint, propose_categories
from sampling.actions.replay import Replay, UnknownDraw, find_draw, replay_draw
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
    "CannotDecide",
    "CannotDraw",
    "Changed",
    "ClusteringReport",
    "DrawReport",
    "EmbeddingReport",
    "ImportReport",
    "MapReport",
    "ProposalReport",
    "Replay",
    "UnknownCategory",
    "UnknownCorpus",
    "UnknownDraw",
    "VerdictState",
    "check_documents",
    "chosen_endpoint",
    "classify_clusters",
    "cluster_corpus",
    "draw_seeds",
    "embed_corpus",
    "exclude",
    "find_corpus",
    "find_draw",
    "frequent_runs",
    "import_files",
    "leaks_among",
    "leaks_of",
    "map_corpus",
    "map_path",
    "merge",
    "overrule",
    "preview",
    "propose_categories",
    "rename",
    "replay_draw",
    "verdict_on",
    "verdict_state",
    "write_assignments",
]
