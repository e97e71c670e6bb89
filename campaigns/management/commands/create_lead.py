import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns import accounts
from campaigns.models import User
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = "Make the installation's first lead, who starts campaigns and invites everybody else."
    refusals = (accounts.BadAccount,)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", nargs="?", help="asked for where it is not given")
        parser.add_argument("--if-none", action="store_true", help="do nothing where there is a lead already")

    def work(self, **options: Any) -> Outcome:
        if options["if_none"] and User.objects.filter(is_staff=True).exists():
            return Outcome()
        username = options["username"] or os.environ.get("QUORUM_LEAD") or self._ask("Name of the first lead: ")
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username}: there is such a user already", returncode=2)
        password = os.environ.get("QUORUM_LEAD_PASSWORD") or self._ask("Password: ", secret=True)
        accounts.create_account(username=username, password=password, is_staff=True, by=None, now=timezone.now())
        return Outcome({"lead": username})

    def _ask(self, question: str, *, secret: bool = False) -> str:
        if not sys.stdin.isatty():
            reason = "no terminal to ask at: set QUORUM_LEAD and QUORUM_LEAD_PASSWORD"
            raise CommandError(reason, returncode=2)
        return getpass.getpass(question) if secret else input(question)
