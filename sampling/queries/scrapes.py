"""Files of scraped records in; the documents that they would become, unsaved, out."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from campaigns.models import Category, Taxonomy
from campaigns.queries import category_slug
from sampling.models import Document
from sampling.readers import columns, files
from sampling.readers.record import Record, Reject
from sampling.text import cleaning
from sampling.text.document import Cleaner, Post, Unusable, shortened


@dataclass(frozen=True)
class DocumentMaker:
    """Turns what records say into documents. Labels that came with the data are categories of one taxonomy."""

    cleaner: Cleaner
    licence: str  # of records that name none
    categories: dict[str, Category]

    def document(self, parts: columns.Parts, file: str, page: str = "") -> Document:
        """Raises BadField."""
        try:
            kept = self.cleaner.clean(Post(parts.title, parts.body, parts.answer, parts.tags, bool(page)))
        except Unusable as error:
            raise columns.BadField(error.part, error.reason) from error
        category = None
        if parts.category:
            category = self.categories.get(category_slug(parts.category))
            if category is None:
                known = "" if self.categories else " (no taxonomy is loaded)"
                raise columns.BadField("truth.category", f"no such category: {parts.category}{known}")
        return Document(
            key=parts.key,
            title=kept.title,
            text=kept.text,
            answer=kept.answer,
            url=parts.url if len(parts.url) <= 1000 else "",
            licence=shortened(cleaning.clean_title(parts.licence) or self.licence, 120),
            created=shortened(parts.created, 40),
            tags=parts.tags,
            programming_languages=kept.programming_languages,
            natural_language=kept.natural_language,
            source_file=shortened(f"{file}/{page}" if page else file, 300),
            raw_digest=parts.raw_digest,
            text_digest=kept.digest,
            raw_characters=parts.raw_characters,
            true_category=category,
        )


def document_maker(taxonomy: Taxonomy | None, licence: str = "") -> DocumentMaker:
    """Without a taxonomy no label can be read."""
    languages = json.loads((settings.FIXTURES_DIR / "languages.json").read_text(encoding="utf-8"))
    categories = {row.slug: row for row in taxonomy.categories.all()} if taxonomy else {}
    return DocumentMaker(Cleaner(languages), licence, categories)


def documents_of(path: Path, taxonomy: Taxonomy | None) -> Iterator[Document]:
    """Records that cannot be read are passed over."""
    maker, meaning = document_maker(taxonomy), files.meaning(path, ())
    for record in files.read(path):
        if isinstance(record, Record):
            try:
                yield maker.document(columns.parts(record.fields, meaning), files.name_of(path), record.page)
            except columns.BadField:
                continue


def preview(
    *, path: Path, taxonomy: Taxonomy | None, pairs: Sequence[str] = (), count: int = 10
) -> tuple[dict[str, str], list[Document], list[tuple[str, Reject]]]:
    """The guessed mapping, the first documents, and what could not be used before the last of them, with its file.

    Raises Unreadable or BadMapping.
    """
    maker, meaning = document_maker(taxonomy), files.meaning(path, pairs)
    shown: list[Document] = []
    bad: list[tuple[str, Reject]] = []
    for row in files.read(path):
        if len(shown) == count:
            break
        reject = row if isinstance(row, Reject) else None
        if isinstance(row, Record):
            try:
                parts = columns.parts(row.fields, meaning)
                shown.append(maker.document(parts, files.name_of(path), row.page))
            except columns.BadField as error:
                reject = row.rejected(error.field, error.reason)
        if reject:
            bad.append((files.name_of(path, reject.page), reject))
    return meaning, shown, bad
