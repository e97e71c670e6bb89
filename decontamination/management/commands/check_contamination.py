import gzip
import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from campaigns.models import CJK_WEIGHT
from campaigns.terminal import Command as TerminalCommand
from campaigns.terminal import Outcome
from decontamination import actions
from decontamination.models import Reference


class Unreadable(Exception):
    """Names file, line and field."""


class Command(TerminalCommand):
    help = "Check any JSON Lines file against the references in force; exits 1 where a line leaks."
    refusals = (Unreadable, OSError)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--field", default="text", help="the field to check (default: text)")
        parser.add_argument("--ngram", type=int, default=10, help="shared words that make a leak (default: 10)")
        parser.add_argument(
            "--cjk-weight",
            type=float,
            default=CJK_WEIGHT,
            help=f"Chinese, Japanese and Korean characters that count as one word (default: {CJK_WEIGHT:g})",
        )

    def work(self, **options: Any) -> Outcome:
        if not 5 <= options["ngram"] <= 50:
            raise CommandError("--ngram: from 5 to 50", returncode=2)
        weight = options["cjk_weight"]
        if not 1 <= weight <= 5 or round(weight, 1) != weight:
            raise CommandError("--cjk-weight: from 1 to 5, in tenths", returncode=2)
        references = list(Reference.objects.in_force())
        if not references:
            raise Unreadable("no reference is in force: run load_references first")
        index = actions.current_index(n=options["ngram"], cjk_weight=weight)
        rows, by_reference = [], Counter[str]()
        for line, text in self.progress(_texts(options["file"], options["field"]), what="lines"):
            matches = index.matches(text)
            found = [
                {"reference": m.reference, "key": m.key, "start": m.start, "end": m.end, "words": m.words}
                for m in matches
            ]
            rows.append({"line": line, "leak": bool(found), "matches": found})
            by_reference.update({match.reference for match in matches})
            for match in matches[:3]:
                excerpt = " ".join(text[match.start : match.end].split())[:100]
                self.stdout.write(f"line {line}: {match.reference} {match.key}, {match.words} words: {excerpt}")
        leaks = sum(row["leak"] is True for row in rows)
        figures: dict[str, Any] = {"lines": len(rows), "leaks": leaks}
        figures |= {f"leaks_of_{name}": count for name, count in sorted(by_reference.items())}
        figures |= {f"version_of_{row.name}": row.digest[:12] for row in references}
        figures |= {"references": len(references), "index": index.digest}
        report = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)  # one line for each line
        return Outcome(figures, found=leaks > 0, report=report)


def _texts(path: Path, field: str) -> Iterator[tuple[int, str]]:
    """(line number from 1, text) of each line that is not blank."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        number = 0
        try:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict) or not isinstance(row.get(field), str):
                    raise Unreadable(f"{path}: line {number}: field {field!r}: no text there")
                yield number, row[field]
        except ValueError as error:
            raise Unreadable(f"{path}: line {number + isinstance(error, UnicodeDecodeError)}: {error}") from error
