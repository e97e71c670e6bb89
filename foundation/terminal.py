"""What every management command of Quorum does alike: progress, counts last, `--json`, exit codes.

0: done. 1: a check found something (a leak, a broken bundle). 2: bad input, with a one-line reason.
"""

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from foundation.files import write_text

T = TypeVar("T")

_LARGEST = 2**31 - 1  # what every database's column of whole numbers holds


@dataclass
class Outcome:
    """Figures to print, in order; whether a check found something; what --json holds, where not the figures."""

    figures: dict[str, Any] = field(default_factory=dict)
    found: bool = False
    report: str | None = None


class Command(BaseCommand):
    """Subclasses write `arguments` and `work`, and name in `refusals` the exceptions that mean bad input."""

    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    def arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's own arguments."""

    def work(self, **options: Any) -> Outcome:
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures to FILE as JSON, too")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._handle(options)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever reads, such as `head`, has seen enough; what Python still wants to say at its end goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _handle(self, options: dict[str, Any]) -> None:
        try:
            outcome = self.work(**options)
        except self.refusals as error:
            raise CommandError(" ".join(str(error).split()), returncode=2) from error
        width = max((len(name) for name in outcome.figures), default=0)
        for name, value in outcome.figures.items():
            if not isinstance(value, list | dict):
                shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
                self.stdout.write(f"{name.replace('_', ' '):<{width}}  {shown}")
        if options["json"]:
            write_report(options["json"], outcome.report if outcome.report is not None else _json(outcome.figures))
        if outcome.found:
            sys.exit(1)

    def progress(self, items: Iterable[T], *, what: str, total: int | None = None) -> Iterable[T]:
        """The items, with a bar and an estimate on standard error."""
        return tqdm(items, desc=what, total=total, file=sys.stderr, mininterval=0.5, disable=None, dynamic_ncols=True)


def write_report(path: Path, text: str) -> None:
    """Raises CommandError where the file cannot be written."""
    try:
        write_text(path, text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}", returncode=2) from error


def watch(what: str) -> Callable[[Iterable[int], int], Iterator[int]]:
    """Batches given by their sizes, with a bar that counts what is in them."""

    def watched(batches: Iterable[int], total: int) -> Iterator[int]:
        with tqdm(desc=what, total=total, file=sys.stderr, mininterval=0.5, disable=None, dynamic_ncols=True) as bar:
            for count in batches:
                bar.update(count)
                yield count

    return watched


def positive(text: str) -> int:
    """A kind of number that commands take."""
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST:
        raise ArgumentTypeError(f"{text}: expected a whole number from 1 on")
    return int(text)


def seed(text: str) -> int:
    """A random seed, as every database's column holds it."""
    if not text.isdecimal() or int(text) > _LARGEST:
        raise ArgumentTypeError(f"{text}: expected a whole number from 0 to {_LARGEST}")
    return int(text)


def _json(figures: dict[str, Any]) -> str:
    return json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
