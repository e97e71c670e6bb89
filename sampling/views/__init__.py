"""For leads: the topics of a corpus, what they decide of them, the draws, and each seed's trail."""

from sampling.views.clusters import cluster, clusters, exclude, merge, overrule, rename
from sampling.views.draws import chart, draw, draw_page, draws, seed

__all__ = [
    "chart",
    "cluster",
    "clusters",
    "draw",
    "draw_page",
    "draws",
    "exclude",
    "merge",
    "overrule",
    "rename",
    "seed",
]
