"""Every write to corpora, clusters, categories, draws and seeds, in the order in which they happen."""

from sampling.actions.categories import classify_clusters
from sampling.actions.clusters import ClusteringReport, cluster_corpus, write_assignments
from sampling.actions.decisions import CannotDecide, Changed, UnknownCategory, exclude, merge, overrule, rename
from sampling.actions.draws import CannotDraw, DrawReport, draw_seeds
from sampling.actions.embedding import EmbeddingReport, embed_corpus
from sampling.actions.imports import ImportReport, import_files
from sampling.actions.maps import MapReport, map_corpus
from sampling.actions.proposals import ProposalReport, chosen_endpoint, propose_categories
from sampling.actions.verdicts import check_documents

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
    "UnknownCategory",
    "check_documents",
    "chosen_endpoint",
    "classify_clusters",
    "cluster_corpus",
    "draw_seeds",
    "embed_corpus",
    "exclude",
    "import_files",
    "map_corpus",
    "merge",
    "overrule",
    "propose_categories",
    "rename",
    "write_assignments",
]
