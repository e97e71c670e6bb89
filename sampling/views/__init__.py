"""For leads: the topics of a corpus, what they decide of them, the draws, and each seed's trail."""

from sampling.views.clusters import cluster, clusters, exclude, merge, overrule, rename
from sampling.views.draws import chart, draw, draw_page, draws, seed
from sampling.views.leaks import leaks
from sampling.views.maps import corpus_map, map_document, map_points

__all__ = [
    "chart",
    "cluster",
    "clusters",
    "corpus_map",
    "draw",
    "draw_page",
    "draws",
    "exclude",
    "leaks",
    "map_document",
    "map_points",
    "merge",
    "overrule",
    "rename",
    "seed",
]
