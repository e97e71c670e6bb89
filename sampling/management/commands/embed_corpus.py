from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils import timezone

from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, watch
from sampling import actions
from sampling.actions.duplicates import CorpusChanged
from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore
from sampling.queries.corpora import UnknownCorpus, find_corpus


class Command(TerminalCommand):
    help = "Give every text of a corpus its vector and link near-duplicates; only new text is ever encoded."
    refusals = (UnknownCorpus, CannotLoad, BrokenStore, CorpusChanged)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")

    def work(self, **options: Any) -> Outcome:
        corpus = find_corpus(options["corpus"])
        report = actions.embed_corpus(corpus=corpus, by=None, now=timezone.now(), watch=watch("embed"))
        if report.poorly_read:
            other = f"{settings.EMBEDDING_MODEL}+lexical:{corpus.name}"
            self.stderr.write(
                f"warning: {report.model} can hardly tell texts in {', '.join(report.poorly_read)} apart; "
                f"see Languages in docs/leads.md, or set QUORUM_EMBEDDING_MODEL={other}"
            )
        return Outcome(
            {
                "corpus": corpus.name,
                "model": report.model,
                "texts": report.texts,
                "encoded": report.encoded,
                "near_duplicates": report.near_duplicates,
                "duplicates": report.duplicates,
                "languages": {name: asdict(one) for name, one in report.languages.items()},
                "poorly_read": report.poorly_read,
            }
        )
