from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.queries import UnknownCampaign, campaign_called
from decontamination.models import Reference
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, watch
from sampling import actions
from sampling.queries.corpora import UnknownCorpus, find_corpus


class NothingToCompare(Exception):
    """No reference is in force."""


class Command(TerminalCommand):
    help = (
        "Compare the documents of a corpus with the references in force, by a campaign's rule. Verdicts are kept: "
        "only new texts are compared with everything, and known texts only with new references."
    )
    refusals = (UnknownCampaign, UnknownCorpus, NothingToCompare)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("corpus", metavar="NAME")
        parser.add_argument("--campaign", metavar="SLUG", required=True, help="whose rule and waivers")

    def work(self, **options: Any) -> Outcome:
        corpus = find_corpus(options["corpus"])
        campaign = campaign_called(options["campaign"])
        if not Reference.objects.in_force().exists():
            raise NothingToCompare("no reference is in force: run load_references first")
        report = actions.check_documents(corpus=corpus, campaign=campaign, now=timezone.now(), watch=watch("check"))
        leaks = report.leaking
        keys = dict(corpus.documents.filter(pk__in=leaks).values_list("pk", "key"))
        figures: dict[str, Any] = {
            "corpus": corpus.name,
            "campaign": campaign.slug,
            "documents": report.documents,
            "compared_with_all_references": report.checked,
            "compared_with_new_references": report.rechecked,
            "leaks": len(leaks),
        }
        figures |= {f"leaks_of_{name}": count for name, count in report.by_reference.items()}
        figures["leaking"] = [
            {
                "document": keys[pk],
                "reference": run.reference.name,
                "key": run.key,
                "words": run.words,
                "text": run.text,
            }
            for pk, run in sorted(leaks.items(), key=lambda row: keys[row[0]])
        ]
        return Outcome(figures)
