from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.utils import timezone

from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, seed
from sampling import actions
from sampling.actions.clusters import CannotWrite
from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore
from sampling.queries.corpora import UnknownCorpus, find_corpus
from sampling.queries.embedding import NotEmbedded
from sampling.queries.runs import NotClustered


class Command(TerminalCommand):
    help = (
        "Lay the documents of the newest clusters out on a plane, for the map's page. Run again after new documents "
        "were placed: what is on the map stays where it is."
    )
    refusals = (UnknownCorpus, NotClustered, NotEmbedded, CannotLoad, CannotWrite, BrokenStore)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")
        parser.add_argument("--seed", type=seed, default=0)

    def work(self, **options: Any) -> Outcome:
        started = monotonic()
        corpus = find_corpus(options["corpus"])
        report = actions.map_corpus(corpus=corpus, seed=options["seed"], by=None, now=timezone.now())
        return Outcome(
            {
                "corpus": corpus.name,
                "changed": report.changed,
                "texts": report.texts,
                "kept": report.kept,
                "left_out": report.left_out,
                "seed": options["seed"],
                "clusters": report.run.digest,
                "seconds": round(monotonic() - started, 1),
            }
        )
