from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from campaigns.queries import UnknownTaxonomy, taxonomy_called
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, positive, seed
from sampling import actions
from sampling.actions.clusters import CannotWrite, OtherModel
from sampling.clustering.centres import BrokenCentres
from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore
from sampling.queries.corpora import UnknownCorpus, find_corpus
from sampling.queries.drift import FAR, drift
from sampling.queries.embedding import NotEmbedded


class Command(TerminalCommand):
    help = (
        "Group a corpus's documents by meaning; once there are clusters, assign what is new to the nearest of them. "
        "The same texts, model, k and seed give the same clusters."
    )
    refusals = (
        UnknownCorpus, UnknownTaxonomy, NotEmbedded, OtherModel, CannotLoad, CannotWrite, BrokenStore, BrokenCentres,
    )  # fmt: skip

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")
        parser.add_argument("--taxonomy", metavar="SLUG", default="", help="default: the only one that is loaded")
        parser.add_argument(
            "--k", type=positive, help="how many clusters; another number than there are makes new ones "
            "(default: by the number of documents, the first time)",
        )  # fmt: skip
        parser.add_argument("--seed", type=seed, help="another one than there is makes new clusters (default: 0)")
        parser.add_argument("--again", action="store_true", help="make new clusters if documents or the model are new")
        parser.add_argument("--assignments", type=Path, metavar="FILE.parquet", help="write document and cluster here")

    def work(self, **options: Any) -> Outcome:
        corpus = find_corpus(options["corpus"])
        report = actions.cluster_corpus(
            corpus=corpus,
            taxonomy=taxonomy_called(options["taxonomy"]),
            k=options["k"],
            seed=options["seed"],
            again=options["again"],
            by=None,
            now=timezone.now(),
        )
        run, state = report.run, drift(report.run)
        sizes = sorted(run.clusters.values_list("size", flat=True))
        figures: dict[str, Any] = {
            "corpus": corpus.name,
            "new_run": report.made,
            "documents": sum(sizes),
            "clusters": run.k,
            "smallest": sizes[0],
            "median": sizes[len(sizes) // 2],
            "largest": sizes[-1],
            "method": run.method,
            "seed": run.seed,
            "mean_distance": f"{state.within or 0:.3f}",
            "assigned_now": report.assigned,
            "assigned_since_clustering": state.assigned,
            "digest": run.digest,
        }
        if state.ratio is not None:
            figures["mean_distance_of_assigned"] = f"{state.distance:.3f}"
            figures["expected_of_assigned"] = f"{state.expected:.3f}"
            figures["drift"] = f"{state.ratio:.2f}"
        if state.far:
            figures["note"] = f"what came since is unlike the clusters (drift from {FAR} on): consider --again"
        if options["assignments"]:
            figures["assignments_written"] = actions.write_assignments(run=run, path=options["assignments"])
        return Outcome(figures)
