from typing import Any

from django.utils import timezone

from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, watch
from sampling.actions.resemblance import NothingToCompare, calibrate_similarity
from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore
from sampling.queries.resemblance import measured
from sampling.similarity.calibration import PRECISION


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
