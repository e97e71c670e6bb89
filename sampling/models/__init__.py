"""The tables of sampling, in the order in which they are filled: corpora, verdicts, clusters, draws."""

from sampling.models.clusters import Assignment, Cluster, ClusterDecision, ClusterProposal, ClusterRun, CorpusSummary
from sampling.models.corpora import Corpus, Document
from sampling.models.draws import Draw, DrawExclusion, Seed
from sampling.models.verdicts import SharedRun, SimilarityCalibration, Verdict

__all__ = [
    "Assignment",
    "Cluster",
    "ClusterDecision",
    "ClusterProposal",
    "ClusterRun",
    "Corpus",
    "CorpusSummary",
    "Document",
    "Draw",
    "DrawExclusion",
    "Seed",
    "SharedRun",
    "SimilarityCalibration",
    "Verdict",
]
