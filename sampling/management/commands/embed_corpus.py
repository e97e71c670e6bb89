from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.terminal import Command as TerminalCommand
from campaigns.terminal import Outcome
from sampling import actions
from sampling.management.watching import watch
from sampling.model import CannotLoad
from sampling.vectors import BrokenStore


class Command(TerminalCommand):
    help = "Give every text of a corpus its vector and link near-duplicates; only new text is ever encoded."
    refusals = (actions.UnknownCorpus, CannotLoad, BrokenStore)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")

    def work(self, **options: Any) -> Outcome:
        corpus = actions.find_corpus(options["corpus"])
        report = actions.embed_corpus(corpus=corpus, by=None, now=timezone.now(), watch=watch("embed"))
        return Outcome(
            {
                "corpus": corpus.name,
                "model": report.model,
                "texts": report.texts,
                "encoded": report.encoded,
                "near_duplicates": report.near_duplicates,
                "duplicates": report.duplicates,
                "not_english": f"{report.not_english:.1%}",
            }
        )
