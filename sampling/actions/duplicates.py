"""Linking documents that say the same to the one that stands for them; none is ever dropped."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef
from numpy.typing import NDArray

from sampling.models import Corpus, Document
from sampling.similarity import duplicates


class _Row(NamedTuple):
    pk: int
    text_digest: str
    canonical: int | None
    similarity: float | None


def _rows(corpus: Corpus) -> list[_Row]:
    # An empty document stands for nothing, and nothing stands for it.
    documents = Document.objects.filter(corpus=corpus).with_words().order_by("pk")
    fields = ("pk", "text_digest", "canonical_id", "similarity")
    return [_Row(*row) for row in documents.values_list(*fields).iterator(chunk_size=5000)]


@transaction.atomic
def link_exact(*, corpus: Corpus) -> int:
    """Link documents with the same normalised words to the first of them; near-duplicates found before stay linked.

    Returns how many documents of the corpus are linked now. Memory does not grow with the corpus.
    """
    documents = Document.objects.filter(corpus=corpus).with_words()
    earlier = documents.filter(text_digest=OuterRef("text_digest"), pk__lt=OuterRef("pk"))
    exact = documents.exclude(canonical=None).exclude(similarity__lt=1)
    exact.filter(~Exists(earlier)).update(canonical=None, similarity=None)
    repeated = documents.order_by().values("text_digest").annotate(many=Count("pk")).filter(many__gt=1)
    rows = (
        documents.filter(text_digest__in=repeated.values("text_digest"))
        .order_by("text_digest", "pk")
        .values_list("pk", "text_digest", "canonical_id", "similarity")
    )
    head, changed = _Row(0, "", None, None), list[Document]()
    for row in (_Row(*values) for values in rows.iterator(chunk_size=5000)):
        if row.text_digest != head.text_digest:
            head = row
            continue
        target, similarity = (head.pk, 1.0) if head.canonical is None else (head.canonical, head.similarity)
        if (row.canonical, row.similarity) != (target, similarity):
            changed.append(Document(pk=row.pk, canonical_id=target, similarity=similarity))
        if len(changed) == 5000:
            _update(changed)
            changed = []
    _update(changed)
    return documents.exclude(canonical=None).count()


@transaction.atomic
def link_near(*, corpus: Corpus, vectors: NDArray[np.float32], digests: list[str]) -> int:
    """Link documents that are close to an earlier one, by vector and words; returns how many are linked that way.

    `vectors` belong to `digests`, the distinct text digests in the order of their first documents.
    """
    rows = _rows(corpus)
    first = duplicates.first_of_each([row.text_digest for row in rows])
    head = {row.text_digest: row for row, at in zip(rows, first, strict=True) if rows[at] is row}
    if set(head) != set(digests):
        raise RuntimeError("the corpus changed while its duplicates were looked for; run it again")

    @lru_cache(maxsize=20_000)  # of the texts that are close to any other, some 10 KB each
    def words(row: int) -> frozenset[str]:
        return duplicates.words(Document.objects.only("title", "text").get(pk=head[digests[row]].pk).wording)

    to, cosine = duplicates.canonical(
        vectors, confirm=lambda row, other: duplicates.share_words(words(row), words(other))
    )
    place = {digest: at for at, digest in enumerate(digests)}
    links: list[tuple[int | None, float | None]] = []
    near = 0
    for row in rows:
        at = place[row.text_digest]
        target = head[digests[int(to[at])]]
        if target.pk == row.pk:
            links.append((None, None))
        elif target.text_digest == row.text_digest:
            links.append((target.pk, 1.0))
        else:
            near += 1
            # Rounding may make different texts look equal; 1 is kept for those that are.
            links.append((target.pk, min(round(float(cosine[at]), 6), 0.999999)))
    _write(rows, links)
    return near


def _write(rows: list[_Row], links: list[tuple[int | None, float | None]]) -> None:
    changed = [
        Document(pk=row.pk, canonical_id=target, similarity=similarity)
        for row, (target, similarity) in zip(rows, links, strict=True)
        if (row.canonical, row.similarity) != (target, similarity)
    ]
    _update(changed)


def _update(changed: list[Document]) -> None:
    # A few hundred rows to a statement: SQLite limits how deep its CASE may go.
    size = 200 if connection.vendor == "sqlite" else 1000
    Document.objects.bulk_update(changed, ["canonical", "similarity"], batch_size=size)
