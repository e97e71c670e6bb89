import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from decontamination import actions, publishers
from decontamination.hub import read_hub
from decontamination.indexes import indexes_of_rules
from decontamination.leaks import Prompt
from decontamination.models import Reference
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome

_OF_HUB = ("config", "split", "revision")


class Unnamed(Exception):
    """The arguments do not say what to load."""


class Command(TerminalCommand):
    help = (
        "Put reference benchmarks in force, from files in the shape their authors publish. "
        "`load_references mbpp mceval --from DIR` reads DIR/mbpp and DIR/mceval; "
        "`load_references --name mine --field prompt FILE` reads any JSON Lines, JSON, CSV, TSV or Parquet; "
        "`load_references mine --hub OWNER/DATASET --split test --field prompt` reads the hub."
    )
    refusals = (publishers.BadReference, actions.NoPrompts, Unnamed, OSError)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", metavar="NAME", nargs="+", help="mbpp multipl-e mceval naturalcodebench humaneval, or any"
        )
        parser.add_argument(
            "--name", dest="given_name", help="the reference's name, where a FILE stands in the place of NAME"
        )
        parser.add_argument("--from", dest="source", type=Path, metavar="PATH", help="folder or file to read")
        parser.add_argument("--hub", metavar="OWNER/DATASET", help="read one reference from the hub instead")
        parser.add_argument("--config", help="with --hub: the data set's configuration, where it has several")
        parser.add_argument("--split", help="with --hub: one split (default: all)")
        parser.add_argument("--revision", help="with --hub: branch, tag or commit (default: the newest)")
        parser.add_argument("--field", help="the field that holds the prompt (default: as the authors publish it)")
        parser.add_argument("--key", help="the field that names the prompt")

    def work(self, **options: Any) -> Outcome:
        if options["given_name"] is not None:
            options = self._named(**options)
        self._check_source(**options)
        read = []
        for name in options["names"]:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{,79}", name):
                raise Unnamed(f"{name}: a reference's name has at most 80 lower-case letters, digits, - and _ only")
            prompts, source = self._prompts(name, **options)
            read.append((name, list(self.progress(prompts, what=name)), source))
        figures: dict[str, Any] = {}
        for reference, created in actions.load_references(read=read, by=None, now=timezone.now()):
            figures[reference.name] = reference.prompt_count
            figures[f"{reference.name}_new"] = created
        figures |= indexes_of_rules()
        figures["references_in_force"] = Reference.objects.in_force().count()
        return Outcome(figures)

    def _named(self, **options: Any) -> dict[str, Any]:
        """`--name NAME FILE` is `NAME --from FILE`."""
        if len(options["names"]) > 1 or options["source"] is not None or options["hub"] is not None:
            raise Unnamed("--name goes with one FILE, and with neither --from nor --hub")
        return {**options, "names": [options["given_name"]], "source": Path(options["names"][0])}

    def _check_source(self, **options: Any) -> None:
        if (options["source"] is None) == (options["hub"] is None):
            raise Unnamed("say where to read from: either --from DIR or --hub OWNER/DATASET")
        if options["hub"] is not None and len(options["names"]) > 1:
            raise Unnamed("--hub reads one reference at a time")
        if options["hub"] is None and (given := [name for name in _OF_HUB if options[name] is not None]):
            raise Unnamed(f"--{given[0]} goes with --hub only")

    def _prompts(self, name: str, **options: Any) -> tuple[Iterator[Prompt], str]:
        """The prompts, and what they were read from, without the folders above it."""
        fields = {"field": options["field"], "key": options["key"]}
        if options["hub"] is None:
            path = self._path(options["source"], name)
            return publishers.read_prompts(path, name, **fields), path.name
        of_hub = {part: options[part] for part in _OF_HUB}
        dataset = options["hub"]
        local = Path(dataset).is_dir()
        source = " ".join([Path(dataset).name if local else dataset, *(value for value in of_hub.values() if value)])
        return read_hub(dataset, name, cache=settings.DATA_DIR / "hub", **of_hub, **fields), f"hub: {source}"

    def _path(self, source: Path, name: str) -> Path:
        """DIR/NAME or DIR/NAME.jsonl inside a folder of references; else what was given."""
        if source.is_file():
            return source
        for candidate in (source / name, *(source / f"{name}{suffix}" for suffix in publishers.SUFFIXES)):
            if candidate.exists():
                return candidate
        if source.name == name:
            return source
        raise Unnamed(f"{source}: holds neither a folder nor a file called {name}")
