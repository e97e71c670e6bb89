import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from campaigns.models import User
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = "Make the installation's first lead, who starts campaigns and invites everybody else."

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", nargs="?", help="asked for where it is not given")
        parser.add_argument("--if-none", action="store_true", help="do nothing where there is a lead already")

    def work(self, **options: Any) -> Outcome:
        if options["if_none"] and User.objects.filter(is_staff=True).exists():
            return Outcome()
        username = options["username"] or os.environ.get("QUORUM_LEAD") or self._ask("Name of the first lead: ")
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username}: there is such a user already", returncode=2)
        user = User(username=username, is_staff=True)
        password = os.environ.get("QUORUM_LEAD_PASSWORD") or self._ask("Password: ", secret=True)
        try:
            user.full_clean(exclude=["password"])
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from error
        user.set_password(password)
        user.save()
        return Outcome({"lead": username})

    def _ask(self, question: str, *, secret: bool = False) -> str:
        if not sys.stdin.isatty():
            reason = "no terminal to ask at: set QUORUM_LEAD and QUORUM_LEAD_PASSWORD"
            raise CommandError(reason, returncode=2)
        return getpass.getpass(question) if secret else input(question)
