from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.text import Truncator

from campaigns.models import Taxonomy
from campaigns.queries import UnknownTaxonomy, taxonomy_called
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome
from sampling.actions import imports
from sampling.queries.scrapes import preview
from sampling.readers.columns import BadMapping
from sampling.readers.record import Unreadable

_REJECTS_SHOWN = 10


class Command(TerminalCommand):
    help = (
        "Read files of scraped questions (JSON Lines, JSON, CSV, TSV, Parquet or the Posts.xml of a Stack Exchange "
        "dump, also packed with gzip or zstd), or folders of HTML pages, into a corpus; running it again changes "
        "nothing."
    )
    refusals = (Unreadable, BadMapping, UnknownTaxonomy, imports.BadCorpus, imports.Unwritable)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
        parser.add_argument("--corpus", metavar="NAME", required=True)
        parser.add_argument(
            "--map", metavar="FIELD=COLUMN", nargs="+", default=[], help="say what columns mean: title=Title body=Body"
        )
        parser.add_argument(
            "--taxonomy", metavar="SLUG", default="", help="of labels that come with the data (default: the only one)"
        )
        parser.add_argument("--licence", default="", help="of records that do not name one")
        parser.add_argument("--demo", action="store_true", help="mark a new corpus as invented demo data")
        parser.add_argument("--dry-run", action="store_true", help="show the mapping and ten documents; write nothing")

    def work(self, **options: Any) -> Outcome:
        taxonomy = self._taxonomy(options["taxonomy"])
        if options["dry_run"]:
            return self.show(options["files"], taxonomy, options["map"])
        corpus, report = imports.import_files(
            paths=options["files"],
            corpus_name=options["corpus"],
            taxonomy=taxonomy,
            pairs=options["map"],
            licence=options["licence"],
            is_demo=options["demo"],
            by=None,
            now=timezone.now(),
            watch=lambda rows: self.progress(rows, what="import"),
        )
        shorter = 1 - report.characters_after / report.characters_before if report.characters_before else 0
        documents = corpus.documents.order_by("pk")
        return Outcome(
            {
                "corpus": corpus.name,
                "records": report.read,
                "new": report.new,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "kept_because_drawn": report.kept,
                "rejected": report.rejected,
                "rejects_file": str(report.rejects_file or "none"),
                "characters_before": report.characters_before,
                "characters_after": report.characters_after,
                "shorter_by": f"{shorter:.1%}",
                "documents": documents.count(),
                "without_text": documents.filter(text="").count(),
                "duplicates": report.duplicates,
                "mapping": report.mappings,
            }
        )

    @staticmethod
    def _taxonomy(slug: str) -> Taxonomy | None:
        """Only data with labels needs one."""
        return taxonomy_called(slug) if slug or Taxonomy.objects.exists() else None

    def show(self, files: list[Path], taxonomy: Taxonomy | None, pairs: list[str]) -> Outcome:
        meanings = {}
        for path in files:
            meaning, documents, bad = preview(path=path, taxonomy=taxonomy, pairs=pairs)
            meanings[str(path)] = meaning
            self.stdout.write(f"{path}: " + ", ".join(f"{name}={column}" for name, column in meaning.items()))
            for document in documents:
                self.stdout.write(f"\n  {document.key}  {document.title}")
                known = [document.natural_language, *document.programming_languages, document.created, document.url]
                cleaned = f"{document.raw_characters:,} → {document.characters:,} characters"
                shorter = f"{cleaned} ({document.percent_shorter}% shorter)"
                self.stdout.write("  " + " · ".join(part for part in [*known, shorter] if part))
                # By characters: Chinese has no spaces to cut at.
                self.stdout.write("    " + Truncator(" ".join(document.text.split())).chars(300))
            for file, row in bad[:_REJECTS_SHOWN]:
                place = f"line {row.line}" + (f", {row.field}" if row.field else "")
                self.stdout.write(f"\n  rejected: {file}, {place}: {row.reason}")
            if len(bad) > _REJECTS_SHOWN:
                self.stdout.write(f"\n  rejected: {len(bad) - _REJECTS_SHOWN:,} more")
        return Outcome({"dry_run": True, "files": len(files), "mapping": meanings})
