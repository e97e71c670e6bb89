from typing import Any

from django.utils import timezone

from campaigns.terminal import Command as TerminalCommand
from campaigns.terminal import Outcome
from sampling.actions.resemblance import NothingToCompare, calibrate_similarity, measured
from sampling.management.watching import watch
from sampling.model import CannotLoad
from sampling.resemblance import PRECISION
from sampling.vectors import BrokenStore


class Command(TerminalCommand):
    help = (
        "Measure, on prompts that are published twice (edited, translated, for another programming language), from "
        f"what cosine a text's nearest reference prompt is the right one in {PRECISION:.0%} of all cases."
    )
    refusals = (NothingToCompare, CannotLoad, BrokenStore)

    def work(self, **options: Any) -> Outcome:
        made = calibrate_similarity(by=None, now=timezone.now(), watch=watch("embed"))
        figures: dict[str, Any] = {
            "model": made.model,
            "threshold": "none is precise enough" if made.threshold is None else f"{made.threshold:.2f}",
        }
        for row in measured(made).rows:
            precision = "undefined" if row.precision is None else f"{row.precision:.2f}"
            recall = "undefined" if row.recall is None else f"{row.recall:.2f}"
            figures[row.kind or "all pairs"] = f"{row.pairs:,} pairs, precision {precision}, recall {recall}"
        return Outcome(figures)
