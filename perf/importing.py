"""Importing beside the plainest way to get JSON Lines into the same table; each size in a process of its own.

The peer is pandas.read_json in chunks and Django's bulk_create: it leaves out everything that makes records usable
(HTML to Markdown, the site's own lines, masking, languages, tags, rejects, known records and duplicates).
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from perf import texts
from perf.growth import alone, peak_memory
from perf.report import Scale, progress, publish, table

_CHUNK = 500  # records to a statement, in both


def compare(scale: Scale) -> None:
    """Print the table and keep it as importing.md."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in scale.imported:
            path = Path(folder) / f"{count}.jsonl"
            write(path, count)
            for name, work in (("**Quorum**", _quorum), ("pandas.read_json + bulk_create", _plain)):
                progress(f"{count:,} records: {name}")
                seconds, memory, before, kept = alone(_fresh, Path(folder) / f"{count}-{work.__name__}", work, path)
                rows.append([name, f"{count:,}", f"{kept:,}", f"{seconds:,.1f}", f"{count / seconds:,.0f}"])
                rows[-1] += [f"{memory:,.0f}", f"{memory - before:,.0f}"]
    head = ["", "records", "documents", "seconds", "records/s", "peak memory, MB", "of it by the import"]
    parts = [
        f"JSON Lines with a title, a body and tags each ({texts.source()}), into a fresh SQLite database. Memory "
        "is the most that the process ever held resident, Python and Django included. The peer writes what it reads: "
        "it neither cleans, masks, tells languages, links duplicates nor names what it rejects.",
        table(head, rows),
    ]
    publish("importing", "Importing a corpus", parts, scale)


def write(path: Path, count: int) -> None:
    """Records as they are scraped, the same in every run."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts.documents(count)):
            title, _newline, body = text.partition("\n")
            fields = {"id": number, "title": title[:150], "body": body or text, "tags": ["python", "sorting"]}
            file.write(json.dumps(fields, ensure_ascii=False) + "\n")


def _fresh(folder: Path, work: Callable[[Path], int], path: Path) -> tuple[float, float, float, int]:
    """Seconds, peak memory and memory before in MB, and documents written, with a database of its own."""
    os.environ |= {"QUORUM_DATA_DIR": str(folder), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    before, start = peak_memory(), time.perf_counter()
    kept = work(path)
    return time.perf_counter() - start, peak_memory(), before, kept


def _quorum(path: Path) -> int:
    from django.utils import timezone

    from sampling.actions.imports import import_files

    return import_files(paths=[path], corpus_name="measured", by=None, now=timezone.now())[1].new


def _plain(path: Path) -> int:
    import pandas as pd
    from django.utils import timezone

    from sampling.models import Corpus, Document

    now = timezone.now()
    corpus = Corpus.objects.create(name="measured", created_at=now)
    kept = 0
    with pd.read_json(path, lines=True, chunksize=_CHUNK) as chunks:
        for chunk in chunks:
            rows = chunk.to_dict("records")
            Document.objects.bulk_create(
                Document(
                    corpus=corpus,
                    key=str(row["id"]),
                    title=row["title"],
                    text=row["body"],
                    tags=row["tags"],
                    raw_characters=len(row["body"]),
                    imported_at=now,
                )
                for row in rows
            )
            kept += len(rows)
    return kept
