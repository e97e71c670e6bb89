"""Linking documents that say the same to the one that stands for them; none is ever dropped."""

from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from sampling import duplicates
from sampling.models import Corpus, Document


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


def link_exact(*, corpus: Corpus) -> int:
    """Link documents with the same normalised words to the first of them; near-duplicates found before stay linked.

    Returns how many documents of the corpus are linked now.
    """
    rows = _rows(corpus)
    first = duplicates.first_of_each([row.text_digest for row in rows])
    links: list[tuple[int | None, float | None]] = []
    for row, at in zip(rows, first, strict=True):
        head = rows[at]
        if head is row:
            near = row.canonical is not None and row.similarity is not None and row.similarity < 1
            links.append((row.canonical, row.similarity) if near else (None, None))
        else:
            above = links[at]
            links.append(above if above[0] is not None else (head.pk, 1.0))
    _write(rows, links)
    return sum(target is not None for target, _similarity in links)


def link_near(*, corpus: Corpus, vectors: NDArray[np.float32], digests: list[str]) -> int:
    """Link every document whose vector is close to an earlier one's; returns how many are linked that way.

    `vectors` belong to `digests`, the distinct text digests in the order of their first documents.
    """
    rows = _rows(corpus)
    first = duplicates.first_of_each([row.text_digest for row in rows])
    head = {row.text_digest: row for row, at in zip(rows, first, strict=True) if rows[at] is row}
    if set(head) != set(digests):
        raise RuntimeError("the corpus changed while its duplicates were looked for; run it again")
    to, cosine = duplicates.canonical(vectors)
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


@transaction.atomic
def _write(rows: list[_Row], links: list[tuple[int | None, float | None]]) -> None:
    changed = [
        Document(pk=row.pk, canonical_id=target, similarity=similarity)
        for row, (target, similarity) in zip(rows, links, strict=True)
        if (row.canonical, row.similarity) != (target, similarity)
    ]
    # A few hundred rows to a statement: SQLite limits how deep its CASE may go.
    size = 200 if connection.vendor == "sqlite" else 1000
    Document.objects.bulk_update(changed, ["canonical", "similarity"], batch_size=size)
