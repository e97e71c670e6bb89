from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.terminal import Command as TerminalCommand
from campaigns.terminal import Outcome
from decontamination import actions
from decontamination.models import Reference


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
        figures |= actions.indexes_of_rules()
        figures["references_in_force"] = Reference.objects.in_force().count()
        return Outcome(figures)
