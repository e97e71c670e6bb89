"""Files of scraped records in; documents of a corpus, and a file of what was rejected, out."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import OperationalError, transaction
from django.db.models import Q

from campaigns import events
from campaigns.actions import category_slug, load_taxonomy
from campaigns.models import Category, User
from sampling import cleaning, languages, mapping, markup, pages, records
from sampling.actions.duplicates import link_exact
from sampling.models import Assignment, Corpus, Document, Seed
from sampling.records import Record, Reject

BATCH = 500
_SAMPLE = 200  # records looked at to guess what the columns mean
_LARGEST = 32_000_000  # characters of records that are held at once, however few records that is
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


@dataclass
class _Cleaner:
    """Turns records into unsaved documents."""

    licence: str
    categories: dict[str, Category]
    programming: languages.Programming

    def document(self, parts: mapping.Parts, file: str, page: str = "") -> Document:
        """Raises BadField."""
        text, answer = self._clean("body", parts.body, bool(page)), self._clean("answer", parts.answer)
        title = cleaning.clean_title(parts.title)
        if not text and (page or not title):
            raise mapping.BadField("body", "nothing is left of it without markup and site chrome")
        category = None
        if parts.category:
            category = self.categories.get(category_slug(parts.category))
            if category is None:
                raise mapping.BadField("truth.category", f"no such category: {parts.category}")
        return Document(
            key=parts.key,
            title=_cut(title, 500),
            text=text,
            answer=answer,
            url=parts.url if len(parts.url) <= 1000 else "",
            licence=_cut(cleaning.clean_title(parts.licence) or self.licence, 120),
            created=_cut(parts.created, 40),
            tags=parts.tags,
            programming_languages=self.programming.find(title, text, parts.tags),
            natural_language=languages.natural(f"{title}\n{text}"),
            source_file=_cut(_file(file, page), 300),
            raw_digest=parts.raw_digest,
            text_digest=cleaning.digest(title, text),
            raw_characters=parts.raw_characters,
            true_category=category,
        )

    @staticmethod
    def _clean(field: str, text: str, page: bool = False) -> str:
        try:
            return cleaning.clean(text, page)
        except markup.TooMuch as error:
            raise mapping.BadField(field, str(error)) from error
        except RecursionError as error:
            raise mapping.BadField(field, "nested too deeply") from error


def _name(path: Path) -> str:
    """Of a file or a folder, also of one that is given as a dot."""
    return path.resolve().name if path.is_dir() else path.name


def _file(name: str, page: str) -> str:
    return f"{name}/{page}" if page else name


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _cleaner(licence: str) -> _Cleaner:
    known = json.loads((settings.FIXTURES_DIR / "languages.json").read_text(encoding="utf-8"))
    taxonomy = load_taxonomy()
    return _Cleaner(licence, {row.slug: row for row in taxonomy.categories.all()}, languages.Programming(known))


def documents_of(path: Path) -> Iterator[Document]:
    """The documents that a file would become, unsaved; records that cannot be read are passed over."""
    cleaner, meaning = _cleaner(""), _meaning(path, ())
    for record in records.read(path):
        if isinstance(record, Record):
            try:
                yield cleaner.document(mapping.parts(record.fields, meaning), _name(path), record.page)
            except mapping.BadField:
                continue


def _meaning(path: Path, pairs: Sequence[str]) -> dict[str, str]:
    """Raises Unreadable or BadMapping."""
    if path.is_dir():
        meaning = {**{name: name for name in pages.COLUMNS}, **mapping.chosen(pairs, pages.COLUMNS)}
        return {name: column for name, column in meaning.items() if column}
    first: list[Record | Reject] = next(_batches(records.read(path), _SAMPLE), [])
    sample = [row.fields for row in first if isinstance(row, Record)]
    columns = {name for fields in sample for name in mapping.flat(fields)}
    meaning = {**mapping.guess(sample), **mapping.chosen(pairs, columns)}
    meaning = {name: column for name, column in meaning.items() if column}
    if sample and not {"title", "body"} & set(meaning):
        raise mapping.BadMapping(f"{path}: no column looks like a question; name one with --map body=COLUMN")
    return meaning


def preview(
    *, path: Path, pairs: Sequence[str] = (), count: int = 10
) -> tuple[dict[str, str], list[Document], list[tuple[str, Reject]]]:
    """The guessed mapping, the first documents, and what could not be used before the last of them, with its file.

    Nothing is written. Raises Unreadable or BadMapping.
    """
    cleaner, meaning = _cleaner(""), _meaning(path, pairs)
    shown: list[Document] = []
    bad: list[tuple[str, Reject]] = []
    for row in records.read(path):
        if len(shown) == count:
            break
        reject = row if isinstance(row, Reject) else None
        if isinstance(row, Record):
            try:
                shown.append(cleaner.document(mapping.parts(row.fields, meaning), _name(path), row.page))
            except mapping.BadField as error:
                reject = row.rejected(error.field, error.reason)
        if reject:
            bad.append((_file(_name(path), reject.page), reject))
    return meaning, shown, bad


class _Rejects:
    """What cannot be used, on disk as it comes: in a file without a name, so that a run that is killed leaves none."""

    def __init__(self, corpus: Corpus, files: set[str]) -> None:
        self._path = settings.DATA_DIR / "rejects" / f"{corpus.name}.jsonl"
        self._files = files
        self.count = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._own: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", dir=self._path.parent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.close()

    def add(self, file: str, rejects: Iterable[Reject]) -> None:
        for row in rejects:
            fields = {"file": _file(file, row.page), "line": row.line, "field": row.field, "reason": row.reason}
            self._own.write(json.dumps(fields, ensure_ascii=False) + "\n")
            self.count += 1

    def _is_ours(self, file: str) -> bool:
        return file in self._files or any(file.startswith(f"{folder}/") for folder in self._files)

    def publish(self) -> Path | None:
        """These rejects take the place of these files' earlier ones; those of other files stay."""
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with aside.open("w", encoding="utf-8") as target:
                if self._path.exists():
                    with self._path.open(encoding="utf-8") as earlier:
                        target.writelines(line for line in earlier if not self._is_ours(json.loads(line)["file"]))
                self._own.seek(0)
                target.writelines(self._own)
                some = target.tell() > 0
            if some:
                aside.replace(self._path)
                return self._path
            self._path.unlink(missing_ok=True)
            return None
        finally:
            aside.unlink(missing_ok=True)


def import_files(
    *,
    paths: Sequence[Path],
    corpus_name: str,
    by: User | None,
    now: datetime,
    pairs: Sequence[str] = (),
    licence: str = "",
    is_demo: bool = False,
    watch: Watch = lambda rows: rows,
) -> tuple[Corpus, ImportReport]:
    """Read files into a corpus, in batches that are each written whole or not at all.

    The same record again changes nothing, so that a run which was cut off is simply run again. Records that cannot
    be used lie in DATA_DIR/rejects/<corpus>.jsonl afterwards. Raises BadCorpus, Unreadable, BadMapping or Unwritable.
    """
    try:
        validate_slug(corpus_name)
    except ValidationError as error:
        raise BadCorpus(f"--corpus {corpus_name}: letters, digits, hyphens and underscores only") from error
    meanings = {path: _meaning(path, pairs) for path in paths}
    corpus, _created = Corpus.objects.get_or_create(name=corpus_name, defaults={"is_demo": is_demo, "created_at": now})
    report = ImportReport(mappings={_name(path): meaning for path, meaning in meanings.items()})
    try:
        with _Rejects(corpus, {_name(path) for path in paths}) as rejects:
            try:
                _import(corpus=corpus, meanings=meanings, cleaner=_cleaner(licence), rejects=rejects, report=report,
                        watch=watch, now=now)  # fmt: skip
            finally:
                # Also for what was read of a file that turns out to be damaged.
                report.rejected, report.rejects_file = rejects.count, rejects.publish()
                report.duplicates = link_exact(corpus=corpus)
    except (OSError, OperationalError) as error:
        where = settings.DATA_DIR / "rejects" if isinstance(error, OSError) else "the database"
        said = getattr(error, "strerror", None) or str(error)
        raise Unwritable(
            f"{where}: {said}; {report.new:,} new documents are in, run it again for the others"
        ) from error
    if report.new or report.updated:
        data = {"files": [_name(path) for path in paths], "new": report.new, "updated": report.updated}
        events.record(
            "corpus imported", corpus, campaign=None, by=by, now=now, data={**data, "rejected": rejects.count}
        )
    return corpus, report


def _import(
    *,
    corpus: Corpus,
    meanings: dict[Path, dict[str, str]],
    cleaner: _Cleaner,
    rejects: _Rejects,
    report: ImportReport,
    watch: Watch,
    now: datetime,
) -> None:
    seen = _Seen([f"{_name(path)}, {'page' if path.is_dir() else 'line'}" for path in meanings])
    for number, (path, meaning) in enumerate(meanings.items()):
        for batch in _batches(watch(records.read(path)), BATCH):
            report.read += len(batch)
            parsed, bad = _parsed(batch, meaning, number, seen)
            bad += _store(corpus=corpus, parsed=parsed, cleaner=cleaner, file=_name(path), report=report, now=now)
            rejects.add(_name(path), bad)


def _batches(rows: Iterable[Record | Reject], count: int) -> Iterator[list[Record | Reject]]:
    """At most so many rows at a time, and fewer where they are long. Also those before a file turns out damaged."""
    batch: list[Record | Reject] = []
    characters = 0
    try:
        for row in rows:
            batch.append(row)
            characters += row.characters if isinstance(row, Record) else 0
            if len(batch) == count or characters > _LARGEST:
                yield batch
                batch, characters = [], 0
    except records.Unreadable:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


class _Seen:
    """Where each key of one import stood first: some 120 bytes a key, however long keys and file names are.

    Keys are told apart by 128 bits of their BLAKE2b digests: of 10^9 keys, any two are alike by a chance of 10^-21.
    """

    def __init__(self, places: list[str]) -> None:
        self._places = places
        self._at: dict[int, int] = {}

    def before(self, key: str, file: int, line: int) -> str:
        """Where the key stood before, or nothing: then it is remembered to stand here."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        here = line * len(self._places) + file
        at = self._at.setdefault(int.from_bytes(digest), here)
        return "" if at == here else f"{self._places[at % len(self._places)]} {at // len(self._places)}"


def _parsed(
    batch: list[Record | Reject], meaning: dict[str, str], file: int, seen: _Seen
) -> tuple[dict[str, tuple[Record, mapping.Parts]], list[Reject]]:
    """Records of one batch by key, and those that cannot be used: broken ones and repetitions within one import."""
    parsed: dict[str, tuple[Record, mapping.Parts]] = {}
    bad: list[Reject] = []
    for row in batch:
        if isinstance(row, Reject):
            bad.append(row)
            continue
        try:
            parts = mapping.parts(row.fields, meaning)
        except mapping.BadField as error:
            bad.append(row.rejected(error.field, error.reason))
            continue
        if before := seen.before(parts.key, file, row.line):
            bad.append(row.rejected(meaning.get("id", ""), f"the same record or id stands in {before}"))
            continue
        parsed[parts.key] = (row, parts)
    return parsed, bad


@transaction.atomic
def _store(
    *,
    corpus: Corpus,
    parsed: dict[str, tuple[Record, mapping.Parts]],
    cleaner: _Cleaner,
    file: str,
    report: ImportReport,
    now: datetime,
) -> list[Reject]:
    # Two imports into one corpus take turns, batch by batch.
    Corpus.objects.select_for_update().get(pk=corpus.pk)
    known = {
        key: (pk, digest)
        for pk, key, digest in Document.objects.filter(corpus=corpus, key__in=parsed).values_list(
            "pk", "key", "raw_digest"
        )
    }
    changed = [
        known[key][0] for key, (_row, parts) in parsed.items() if key in known and known[key][1] != parts.raw_digest
    ]
    drawn = set(Seed.objects.filter(document__in=changed).values_list("document_id", flat=True)) if changed else set()
    new: list[Document] = []
    updated: list[Document] = []
    bad: list[Reject] = []
    for key, (row, parts) in parsed.items():
        pk, digest = known.get(key, (None, ""))
        if digest == parts.raw_digest:
            report.unchanged += 1
            continue
        if pk in drawn:
            report.kept += 1
            continue
        try:
            document = cleaner.document(parts, file, row.page)
        except mapping.BadField as error:
            bad.append(row.rejected(error.field, error.reason))
            continue
        document.pk, document.corpus, document.imported_at = pk, corpus, now
        (new if pk is None else updated).append(document)
        report.characters_before += document.raw_characters
        report.characters_after += document.characters
    Document.objects.bulk_create(new)
    if updated:
        _replace(updated)
    report.new += len(new)
    report.updated += len(updated)
    return bad


def _replace(updated: list[Document]) -> None:
    """New words for known documents: what was concluded from the old ones no longer holds."""
    pks = [document.pk for document in updated]
    Document.objects.filter(canonical__in=pks).update(canonical=None, similarity=None)
    Assignment.objects.filter(Q(document__in=pks)).delete()
    Document.objects.bulk_update(updated, _UPDATED)
