from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from decontamination import actions
from decontamination.indexes import indexes_of_rules
from decontamination.models import Reference
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = (
        "Take references out of force. Their prompts stay, so that old verdicts can be explained; loading the same "
        "prompts again brings them back."
    )
    refusals = (actions.NotInForce,)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", metavar="NAME", nargs="+")

    def work(self, **options: Any) -> Outcome:
        retired = actions.retire_references(names=options["names"], by=None, now=timezone.now())
        figures: dict[str, Any] = {f"{row.name}_retired": row.digest[:12] for row in retired}
        figures |= indexes_of_rules()
        figures["references_in_force"] = Reference.objects.in_force().count()
        return Outcome(figures)
