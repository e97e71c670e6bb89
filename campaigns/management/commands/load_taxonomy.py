from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from campaigns import actions
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = "Load a taxonomy, or bring it up to date; categories that are gone from the file stay, behind the others."
    refusals = (actions.BadTaxonomy,)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="JSON (default: the shipped taxonomy)")

    def work(self, **options: Any) -> Outcome:
        taxonomy = actions.load_taxonomy(path=options["file"])
        categories = taxonomy.categories.order_by("position")
        majors = len(set(categories.values_list("major", flat=True)))
        return Outcome({"taxonomy": taxonomy.slug, "categories": categories.count(), "majors": majors})
