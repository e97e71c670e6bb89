"""For leads: the topics of a corpus, what they decide of them, the draws, and each seed's trail."""

from sampling.views.clusters import cluster, clusters, exclude, merge, overrule, rename
from sampling.views.draws import chart, draw, draw_page, draws, seed
from sampling.views.leaks import leaks

__all__ = [
    "chart",
    "cluster",
    "clusters",
    "draw",
    "draw_page",
    "draws",
    "exclude",
    "leaks",
    "merge",
    "overrule",
    "rename",
    "seed",
]
