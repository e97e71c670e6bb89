import contextlib
import itertools
import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from campaigns.models import CJK_WEIGHT
from decontamination.indexes import current_index
from decontamination.leaks import Index, Match
from decontamination.models import Reference
from foundation import packed
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome

_BATCH = 1_000  # lines that are scanned at a time


class Unreadable(Exception):
    """Names file, line and field."""


class Command(TerminalCommand):
    help = (
        "Check any JSON Lines file against the references in force; exits 1 where a line leaks. --json writes one "
        "object for each line: line, leak, matches (reference, key, start and end in characters of the text, words)."
    )
    refusals = (Unreadable, OSError)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="JSON Lines, also with gzip; - is standard input")
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
        index = current_index(n=options["ngram"], cjk_weight=weight)
        rows, by_reference = [], Counter[str]()
        for line, text, matches in _checked(
            self.progress(_texts(options["file"], options["field"]), what="lines"), index
        ):
            found = [
                {"reference": m.reference, "key": m.key, "start": m.start, "end": m.end, "words": m.words}
                for m in matches
            ]
            rows.append({"line": line, "leak": bool(found), "matches": found})
            by_reference.update({match.reference for match in matches})
            for match in matches[:3]:
                excerpt = " ".join(text[match.start : match.end].split())[:100].encode("utf-8", "replace").decode()
                self.stdout.write(f"line {line}: {match.reference} {match.key}, {match.words} words: {excerpt}")
        leaks = sum(row["leak"] is True for row in rows)
        figures: dict[str, Any] = {"lines": len(rows), "leaks": leaks}
        figures |= {f"leaks_of_{name}": count for name, count in sorted(by_reference.items())}
        figures |= {f"version_of_{row.name}": row.digest[:12] for row in references}
        figures |= {"references": len(references), "index": index.digest}
        report = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)  # one line for each line
        return Outcome(figures, found=leaks > 0, report=report)


def _checked(texts: Iterable[tuple[int, str]], index: Index) -> Iterator[tuple[int, str, list[Match]]]:
    """Each line with what it shares. Many are scanned at a time: most leak nothing and are never looked at singly."""
    remaining = iter(texts)
    while batch := list(itertools.islice(remaining, _BATCH)):
        for (line, text), leaks in zip(batch, index.scan(text for _, text in batch), strict=True):
            yield line, text, index.matches(text) if leaks else []


def _texts(path: Path, field: str) -> Iterator[tuple[int, str]]:
    """(line number from 1, text) of each line; a blank line has no text. Raises Unreadable."""
    name = "standard input" if str(path) == "-" else str(path)
    try:
        stdin: Any = sys.stdin.buffer
        with contextlib.nullcontext(stdin) if str(path) == "-" else path.open("rb") as file:
            for number, line in packed.lines(file):
                row = packed.value(number, line) if line.strip() else None
                yield number, _text(row, field, f"{name}: line {number}") if line.strip() else ""
    except packed.BadLine as error:
        raise Unreadable(f"{name}: {error}") from error
    except OSError as error:
        raise Unreadable(f"{name}: {error.strerror or error}") from error


def _text(row: object, field: str, where: str) -> str:
    if not isinstance(row, dict):
        raise Unreadable(f"{where}: not an object: {row!r:.40}")
    if field not in row:
        raise Unreadable(f"{where}: field {field!r}: not there, only {', '.join(row):.200}")
    if not isinstance(text := row[field], str):
        raise Unreadable(f"{where}: field {field!r}: not a text: {text!r:.40}")
    return text
