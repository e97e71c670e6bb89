from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from campaigns.queries import UnknownTaxonomy, taxonomy_called
from foundation.endpoint import EndpointFailed, NoEndpoint
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, watch
from sampling import actions
from sampling.classification.classifier import TooFewLabels
from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore
from sampling.queries.corpora import UnknownCorpus, find_corpus
from sampling.queries.embedding import NotEmbedded, poorly_read_languages
from sampling.queries.runs import NotClustered

_CONFUSIONS_SHOWN = 10


class Command(TerminalCommand):
    help = "Propose a category for every document and cluster; what a person has decided stays."
    refusals = (
        UnknownCorpus, UnknownTaxonomy, NotClustered, NotEmbedded, TooFewLabels, CannotLoad, BrokenStore, NoEndpoint,
        EndpointFailed,
    )  # fmt: skip

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")
        parser.add_argument("--taxonomy", metavar="SLUG", default="", help="default: the only one that is loaded")
        parser.add_argument("--evaluate", action="store_true", help="say how good the categories are")
        parser.add_argument(
            "--propose",
            action="store_true",
            help="also ask the language model at QUORUM_LLM_URL for a category of each cluster, for leads to accept",
        )

    def work(self, **options: Any) -> Outcome:
        endpoint = actions.chosen_endpoint() if options["propose"] else None
        corpus, taxonomy = find_corpus(options["corpus"]), taxonomy_called(options["taxonomy"])
        report = actions.classify_clusters(
            corpus=corpus,
            taxonomy=taxonomy,
            by=None,
            now=timezone.now(),
            with_evaluation=options["evaluate"],
            watch=watch("embed labelled documents"),
        )
        figures: dict[str, Any] = {
            "corpus": options["corpus"],
            "changed": report.changed,
            "labelled_documents": report.training,
            "documents": report.documents,
            "clusters": report.clusters,
            "overruled_by_people": report.overruled,
            "categories_with_a_document": report.run.assignments.exclude(category=None)
            .order_by()
            .values("category")
            .distinct()
            .count(),
            "categories_with_a_cluster": report.run.clusters.exclude(proposed=None)
            .order_by()
            .values("proposed")
            .distinct()
            .count(),
            "poorly_read_languages": ", ".join(poorly_read_languages(corpus, report.run.model)) or "none",
        }
        if options["evaluate"] and (judged := report.evaluation):
            for true, taken, times in judged.confusions[:_CONFUSIONS_SHOWN]:
                self.stdout.write(f"{times:>4}×  {true} taken for {taken}")
            for name, fit in report.languages.items():
                self.stdout.write(
                    f"{name}: {fit.labelled} labelled, cluster purity {fit.purity:.2f}, "
                    f"right by own words {fit.right:.1%}"
                )
            figures |= {
                "macro_f1": judged.macro_f1,
                "accuracy": judged.accuracy,
                "prototype_macro_f1": judged.prototype_macro_f1,
                "prototype_accuracy": judged.prototype_accuracy,
                **_compared(report.right),
                "languages": {name: asdict(one) for name, one in report.languages.items()},
                "confusions": [list(row) for row in judged.confusions],
            }
        if endpoint:
            proposed = actions.propose_categories(
                corpus=corpus,
                taxonomy=taxonomy,
                endpoint=endpoint,
                by=None,
                now=timezone.now(),
                watch=watch("ask for proposals"),
            )
            figures |= {
                "proposals_of": proposed.model,
                "asked_now": proposed.asked,
                "answered_before": proposed.clusters - proposed.asked,
                "proposed": proposed.named,
                "proposed_as_classified": proposed.as_classified,
                "answers_refused": proposed.refused,
            }
        return Outcome(figures)


def _compared(right: tuple[int, int, int]) -> dict[str, str]:
    """How often a labelled document's own category is right, and how often its cluster's would be."""
    labelled, own, cluster = right
    if not labelled:
        return {}
    return {"right_by_own_words": f"{own / labelled:.1%}", "right_by_cluster": f"{cluster / labelled:.1%}"}
