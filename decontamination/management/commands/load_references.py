import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from campaigns.models import CJK_WEIGHT, Campaign
from campaigns.terminal import Command as TerminalCommand
from campaigns.terminal import Outcome
from decontamination import actions, publishers
from decontamination.models import Reference


class Unnamed(Exception):
    """The arguments do not say what to load."""


class Command(TerminalCommand):
    help = (
        "Put reference benchmarks in force, from files in the shape their authors publish. "
        "`load_references mbpp mceval --from DIR` reads DIR/mbpp and DIR/mceval; "
        "`load_references mine --from prompts.jsonl --field prompt` reads any JSON Lines."
    )
    refusals = (publishers.BadReference, actions.NoPrompts, Unnamed, OSError)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", metavar="NAME", nargs="+", help="mbpp multipl-e mceval naturalcodebench humaneval, or any"
        )
        parser.add_argument(
            "--from", dest="source", type=Path, required=True, metavar="DIR", help="folder or file to read"
        )
        parser.add_argument("--field", help="the field that holds the prompt (default: as the authors publish it)")
        parser.add_argument("--key", help="the field that names the prompt")

    def work(self, **options: Any) -> Outcome:
        now = timezone.now()
        figures: dict[str, Any] = {}
        for name in options["names"]:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
                raise Unnamed(f"{name}: a reference's name has lower-case letters, digits, - and _ only")
            path = self._path(options["source"], name)
            prompts = publishers.read_prompts(path, name, field=options["field"], key=options["key"])
            reference, created = actions.load_reference(
                name=name,
                prompts=self.progress(prompts, what=name),
                source=path.name,
                by=None,
                now=now,
            )
            figures[name] = reference.prompt_count
            figures[f"{name}_new"] = created
        figures["index"] = actions.current_index(n=10, cjk_weight=CJK_WEIGHT).digest
        rules = Campaign.objects.order_by("ngram", "cjk_weight").values_list("ngram", "cjk_weight").distinct()
        for n, cjk_weight in rules:
            index = actions.current_index(n=n, cjk_weight=cjk_weight)
            figures[f"index_of_{n}_words_weight_{cjk_weight:g}"] = index.digest
        figures["references_in_force"] = Reference.objects.in_force().count()
        return Outcome(figures)

    def _path(self, source: Path, name: str) -> Path:
        """DIR/NAME or DIR/NAME.jsonl inside a folder of references; else what was given."""
        if source.is_file():
            return source
        for candidate in (
            source / name,
            source / f"{name}.jsonl",
            source / f"{name}.json",
            source / f"{name}.jsonl.gz",
        ):
            if candidate.exists():
                return candidate
        if source.name == name:
            return source
        raise Unnamed(f"{source}: holds neither a folder nor a file called {name}")
