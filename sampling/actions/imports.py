"""Files of scraped records in; documents of a corpus, and a file of what was rejected, out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import OperationalError, transaction
from django.db.models import Q

from campaigns import events
from campaigns.models import Taxonomy, User, Verb
from sampling.actions.duplicates import link_exact
from sampling.actions.summaries import changed, summarise
from sampling.models import Assignment, Corpus, Document, Seed
from sampling.queries.scrapes import DocumentMaker, document_maker
from sampling.readers import columns, files
from sampling.readers.record import Record, Reject
from sampling.readers.rejects import Rejects
from sampling.readers.seen import Seen

BATCH = 500
_UPDATED = (
    "title", "text", "answer", "url", "licence", "created", "tags", "programming_languages", "natural_language",
    "source_file", "raw_digest", "text_digest", "raw_characters", "true_category", "canonical", "similarity",
    "imported_at",
)  # fmt: skip

Watch = Callable[[Iterable[Record | Reject]], Iterable[Record | Reject]]


class BadCorpus(Exception):
    """The corpus cannot have this name."""


class Unwritable(Exception):
    """The database or the rejects file cannot be written: a full disk. What was written before stays."""


@dataclass
class ImportReport:
    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0  # changed at the source, but already drawn: the seed keeps the words that were drawn
    rejected: int = 0
    characters_before: int = 0
    characters_after: int = 0
    duplicates: int = 0
    mappings: dict[str, dict[str, str]] = field(default_factory=dict)
    rejects_file: Path | None = None


def import_files(
    *,
    paths: Sequence[Path],
    corpus_name: str,
    by: User | None,
    now: datetime,
    taxonomy: Taxonomy | None = None,
    pairs: Sequence[str] = (),
    licence: str = "",
    is_demo: bool = False,
    watch: Watch = lambda rows: rows,
) -> tuple[Corpus, ImportReport]:
    """Read files into a corpus, in batches that are each written whole or not at all.

    The same record again changes nothing, so that a run which was cut off is simply run again. Records that cannot
    be used lie in DATA_DIR/rejects/<corpus>.jsonl afterwards. Labels that come with the data are categories of the
    taxonomy. Raises BadCorpus, Unreadable, BadMapping or Unwritable.
    """
    try:
        validate_slug(corpus_name)
    except ValidationError as error:
        raise BadCorpus(f"--corpus {corpus_name}: letters, digits, hyphens and underscores only") from error
    meanings = {path: files.meaning(path, pairs) for path in paths}
    corpus, _created = Corpus.objects.get_or_create(name=corpus_name, defaults={"is_demo": is_demo, "created_at": now})
    report = ImportReport(mappings={files.name_of(path): meaning for path, meaning in meanings.items()})
    where = settings.DATA_DIR / "rejects" / f"{corpus.name}.jsonl"
    try:
        with Rejects(where, {files.name_of(path) for path in paths}) as rejects:
            try:
                _import(
                    corpus=corpus,
                    meanings=meanings,
                    maker=document_maker(taxonomy, licence),
                    rejects=rejects,
                    report=report,
                    watch=watch,
                    now=now,
                )
            finally:
                # Also for what was read of a file that turns out to be damaged.
                report.rejected, report.rejects_file = rejects.count, rejects.publish()
                report.duplicates = link_exact(corpus=corpus)
                summarise(corpus)
    except (OSError, OperationalError) as error:
        place = where.parent if isinstance(error, OSError) else "the database"
        said = getattr(error, "strerror", None) or str(error)
        raise Unwritable(
            f"{place}: {said}; {report.new:,} new documents are in, run it again for the others"
        ) from error
    if report.new or report.updated:
        data = {"files": [files.name_of(path) for path in paths], "new": report.new, "updated": report.updated}
        events.record(
            Verb.CORPUS_IMPORTED, corpus, campaign=None, by=by, now=now, data={**data, "rejected": rejects.count}
        )
    return corpus, report


def _import(
    *,
    corpus: Corpus,
    meanings: dict[Path, dict[str, str]],
    maker: DocumentMaker,
    rejects: Rejects,
    report: ImportReport,
    watch: Watch,
    now: datetime,
) -> None:
    seen = Seen([f"{files.name_of(path)}, {'page' if path.is_dir() else 'line'}" for path in meanings])
    for number, (path, meaning) in enumerate(meanings.items()):
        name = files.name_of(path)
        for batch in files.batches(watch(files.read(path)), BATCH):
            report.read += len(batch)
            parsed, bad = _parsed(batch, meaning, number, seen)
            while parsed:
                made, unclean = _made(corpus, parsed, maker, name)
                parsed = _store(corpus=corpus, parsed=parsed, made=made, unclean=unclean, report=report, now=now)
                bad += unclean.values()
            rejects.add(name, bad)


def _parsed(
    batch: list[Record | Reject], meaning: dict[str, str], file: int, seen: Seen
) -> tuple[dict[str, tuple[Record, columns.Parts]], list[Reject]]:
    """Records of one batch by key, and those that cannot be used: broken ones and repetitions within one import."""
    parsed: dict[str, tuple[Record, columns.Parts]] = {}
    bad: list[Reject] = []
    for row in batch:
        if isinstance(row, Reject):
            bad.append(row)
            continue
        try:
            parts = columns.parts(row.fields, meaning)
        except columns.BadField as error:
            bad.append(row.rejected(error.field, error.reason))
            continue
        if before := seen.before(parts.key, file, row.line):
            bad.append(row.rejected(meaning.get("id", ""), f"the same record or id stands in {before}"))
            continue
        parsed[parts.key] = (row, parts)
    return parsed, bad


def _made(
    corpus: Corpus, parsed: dict[str, tuple[Record, columns.Parts]], maker: DocumentMaker, file: str
) -> tuple[dict[str, Document], dict[str, Reject]]:
    """By key, what is not in the corpus in these very words yet: cleaned, or why it cannot be.

    Nothing is locked meanwhile: cleaning takes most of an import's time.
    """
    known = dict(Document.objects.filter(corpus=corpus, key__in=parsed).values_list("key", "raw_digest"))
    made: dict[str, Document] = {}
    unclean: dict[str, Reject] = {}
    for key, (row, parts) in parsed.items():
        if known.get(key) != parts.raw_digest:
            try:
                made[key] = maker.document(parts, file, row.page)
            except columns.BadField as error:
                unclean[key] = row.rejected(error.field, error.reason)
    return made, unclean


@transaction.atomic
def _store(
    *,
    corpus: Corpus,
    parsed: dict[str, tuple[Record, columns.Parts]],
    made: dict[str, Document],
    unclean: dict[str, Reject],
    report: ImportReport,
    now: datetime,
) -> dict[str, tuple[Record, columns.Parts]]:
    """Write what was made. Returns what another import has changed meanwhile, to be looked at again."""
    # Two imports into one corpus take turns, batch by batch.
    Corpus.objects.select_for_update().get(pk=corpus.pk)
    rows = Document.objects.filter(corpus=corpus, key__in=parsed).values_list("pk", "key", "raw_digest")
    known = {key: (pk, digest) for pk, key, digest in rows}
    others = [
        known[key][0] for key, (_row, parts) in parsed.items() if key in known and known[key][1] != parts.raw_digest
    ]
    drawn = set(Seed.objects.filter(document__in=others).values_list("document_id", flat=True)) if others else set()
    new: list[Document] = []
    updated: list[Document] = []
    again: dict[str, tuple[Record, columns.Parts]] = {}
    for key, (row, parts) in parsed.items():
        pk, digest = known.get(key, (None, ""))
        if digest == parts.raw_digest:
            report.unchanged += 1
        elif pk in drawn:
            report.kept += 1
            unclean.pop(key, None)
        elif (document := made.get(key)) is not None:
            document.pk, document.corpus, document.imported_at = pk, corpus, now
            (new if pk is None else updated).append(document)
            report.characters_before += document.raw_characters
            report.characters_after += document.characters
        elif key not in unclean:
            again[key] = (row, parts)
    Document.objects.bulk_create(new)
    if updated:
        _replace(updated)
    if new or updated:
        changed(corpus, texts_digest="")
    report.new += len(new)
    report.updated += len(updated)
    return again


def _replace(updated: list[Document]) -> None:
    """New words for known documents: what was concluded from the old ones no longer holds."""
    pks = [document.pk for document in updated]
    Document.objects.filter(canonical__in=pks).update(canonical=None, similarity=None)
    Assignment.objects.filter(Q(document__in=pks)).delete()
    Document.objects.bulk_update(updated, _UPDATED)
