from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from campaigns.terminal import Command as TerminalCommand
from campaigns.terminal import Outcome
from sampling import actions
from sampling.actions.clusters import CannotWrite, NotEmbedded
from sampling.management.arguments import positive, seed
from sampling.model import CannotLoad
from sampling.vectors import BrokenStore


class Command(TerminalCommand):
    help = "Group a corpus's documents by meaning; the same texts, model, k and seed give the same clusters."
    refusals = (actions.UnknownCorpus, NotEmbedded, CannotLoad, CannotWrite, BrokenStore)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")
        parser.add_argument("--k", type=positive, help="how many clusters (default: by the number of documents)")
        parser.add_argument("--seed", type=seed, default=0)
        parser.add_argument("--assignments", type=Path, metavar="FILE.parquet", help="write document and cluster here")

    def work(self, **options: Any) -> Outcome:
        corpus = actions.find_corpus(options["corpus"])
        run, made = actions.cluster_corpus(
            corpus=corpus, k=options["k"], seed=options["seed"], by=None, now=timezone.now()
        )
        sizes = sorted(run.clusters.values_list("size", flat=True))
        figures = {
            "corpus": corpus.name,
            "new_run": made,
            "documents": sum(sizes),
            "clusters": run.k,
            "smallest": sizes[0],
            "median": sizes[len(sizes) // 2],
            "largest": sizes[-1],
            "method": run.method,
            "seed": run.seed,
            "mean_distance": f"{(run.inertia or 0) / max(sum(sizes), 1):.3f}",
            "digest": run.digest,
        }
        if options["assignments"]:
            figures["assignments_written"] = actions.write_assignments(run=run, path=options["assignments"])
        return Outcome(figures)
