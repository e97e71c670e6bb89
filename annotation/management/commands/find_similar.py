from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from annotation.resemblance import find_similar, hints
from campaigns.queries import UnknownCampaign, campaign_called
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, watch
from sampling.actions.resemblance import NothingToCompare
from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore


class Command(TerminalCommand):
    help = (
        "Look up, for each item's present wording, the reference prompt whose embedding is nearest: an advisory "
        "sign of paraphrases, shown to leads. Nothing is refused by it. "
        "Run calibrate_similarity once to know what it is worth."
    )
    refusals = (UnknownCampaign, NothingToCompare, CannotLoad, BrokenStore)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="SLUG")

    def work(self, **options: Any) -> Outcome:
        campaign = campaign_called(options["campaign"])
        items, looked_up = find_similar(campaign=campaign, now=timezone.now(), watch=watch("embed"))
        revisions = dict(campaign.items.counted().order_by("pk").values_list("revision", "pk"))
        found = hints([pk for pk in revisions if pk is not None])
        near = sorted((hint for hint in found.values() if hint.near), key=lambda hint: -hint.found.cosine)
        for hint in near:
            row = hint.found
            name = f"{row.prompt.reference.name} {row.prompt.key}"
            self.stdout.write(f"item {revisions[row.revision_id]}: {name}, cosine {row.cosine:.2f}")
        calibrated = any(hint.calibration for hint in found.values())
        return Outcome(
            {
                "campaign": campaign.slug,
                "items": items,
                "looked_up": looked_up,
                "near_enough": len(near) if calibrated else "undefined: run calibrate_similarity",
            }
        )
