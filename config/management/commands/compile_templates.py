from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.template import TemplateSyntaxError
from django.template.loader import get_template

from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = "Compile every template of this project, so that no page is the first to find a mistake."

    def work(self, **options: Any) -> Outcome:
        count = 0
        for path in sorted(settings.BASE_DIR.glob("*/templates/**/*.html")):
            name = "/".join(path.relative_to(settings.BASE_DIR).parts[2:])
            try:
                get_template(name)
            except TemplateSyntaxError as error:
                raise CommandError(f"{path}: {error}", returncode=1) from error
            count += 1
        return Outcome({"templates": count})
