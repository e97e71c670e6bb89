"""Linking documents that say the same to the one that stands for them; none is ever dropped.

What is linked is looked up and computed while nobody is kept from writing, then written a few hundred links at a time.
After each of these transactions nothing is linked to what is itself linked, and no link is between other words than
those it was found with. What a killed run has not written is found again by the next one.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from numpy.typing import NDArray

from foundation import bulk
from sampling.models import Corpus, Document
from sampling.models.corpora import DocumentQuerySet
from sampling.similarity import duplicates

_LINKS = 500  # of one transaction


class CorpusChanged(Exception):
    """Documents came or changed while their duplicates were looked for."""


class _Row(NamedTuple):
    pk: int
    text_digest: str
    canonical: int | None
    similarity: float | None


class _Link(NamedTuple):
    """What a document shall be linked to, and the words of both that say so."""

    pk: int
    text_digest: str
    to: int | None = None
    to_digest: str = ""
    similarity: float | None = None


def link_exact(*, corpus: Corpus) -> int:
    """Link documents with the same normalised words to the first of them; near-duplicates found before stay linked.

    Returns how many documents of the corpus are linked now. Memory does not grow with the corpus.
    """
    documents = Document.objects.filter(corpus=corpus).with_words()
    earlier = documents.filter(text_digest=OuterRef("text_digest"), pk__lt=OuterRef("pk"))
    exact = documents.exclude(canonical=None).exclude(similarity__lt=1)
    stray, last_pk = exact.filter(~Exists(earlier)), 0
    while pks := list(stray.filter(pk__gt=last_pk).order_by("pk").values_list("pk", flat=True)[:_LINKS]):
        last_pk = pks[-1]
        stray.filter(pk__in=pks).update(canonical=None, similarity=None)
    groups = documents.values("text_digest").annotate(many=Count("pk")).filter(many__gt=1).order_by("text_digest")
    last = ""
    while page := list(groups.filter(text_digest__gt=last).values_list("text_digest", flat=True)[:_LINKS]):
        last = page[-1]
        # What another import changes meanwhile, that one links at its own end.
        _write(corpus, _exact(documents.filter(text_digest__in=page)))
    return documents.exclude(canonical=None).count()


def _exact(documents: DocumentQuerySet) -> Iterator[_Link]:
    """The links that are missing among documents with words that occur more than once."""
    fields = ("pk", "text_digest", "canonical_id", "similarity", "canonical__text_digest")
    head, of_its = _Row(0, "", None, None), ""
    for *values, canonical_digest in documents.order_by("text_digest", "pk").values_list(*fields):
        row = _Row(*values)
        if row.text_digest != head.text_digest:
            head, of_its = row, canonical_digest
            continue
        link = _Link(row.pk, row.text_digest, head.pk, head.text_digest, 1.0)
        if head.canonical is not None:
            link = link._replace(to=head.canonical, to_digest=of_its, similarity=head.similarity)
        if (row.canonical, row.similarity) != (link.to, link.similarity):
            yield link


def link_near(*, corpus: Corpus, vectors: NDArray[np.float32], digests: list[str]) -> int:
    """Link documents that are close to an earlier one, by vector and words; returns how many are linked that way.

    `vectors` belong to `digests`, the distinct text digests in the order of their first documents.
    Raises CorpusChanged; what still fitted is linked then.
    """
    found = _rows(corpus)
    first = duplicates.first_of_each([row.text_digest for row in found])
    head = {row.text_digest: row for row, at in zip(found, first, strict=True) if found[at] is row}
    again = CorpusChanged(f"{corpus.name}: documents changed while duplicates were looked for; run embed_corpus again")
    if set(head) != set(digests):
        raise again

    @lru_cache(maxsize=20_000)  # of the texts that are close to any other, some 10 KB each
    def words(row: int) -> frozenset[str]:
        return duplicates.words(Document.objects.only("title", "text").get(pk=head[digests[row]].pk).wording)

    to, cosine = duplicates.canonical(
        vectors, confirm=lambda row, other: duplicates.share_words(words(row), words(other))
    )
    place = {digest: at for at, digest in enumerate(digests)}
    parted, linked = list[_Link](), list[_Link]()
    near = 0
    for row in found:
        at = place[row.text_digest]
        target = head[digests[int(to[at])]]
        if target.pk == row.pk:
            if row.canonical is not None:
                parted.append(_Link(row.pk, row.text_digest))
            continue
        similarity = 1.0
        if target.text_digest != row.text_digest:
            near += 1
            # Rounding may make different texts look equal; 1 is kept for those that are.
            similarity = min(round(float(cosine[at]), 6), 0.999999)
        if (row.canonical, row.similarity) != (target.pk, similarity):
            linked.append(_Link(row.pk, row.text_digest, target.pk, target.text_digest, similarity))
    # Only what stands for itself can be linked to.
    if _write(corpus, parted) + _write(corpus, linked):
        raise again
    return near


def _rows(corpus: Corpus) -> list[_Row]:
    # An empty document stands for nothing, and nothing stands for it.
    documents = Document.objects.filter(corpus=corpus).with_words().order_by("pk")
    fields = ("pk", "text_digest", "canonical_id", "similarity")
    return [_Row(*row) for row in documents.values_list(*fields).iterator(chunk_size=5000)]


def _write(corpus: Corpus, links: Iterable[_Link]) -> int:
    """Returns how many are left out: their words, or what they would be linked to, have changed meanwhile."""
    left, wanted = 0, list(links)
    for start in range(0, len(wanted), _LINKS):
        batch = wanted[start : start + _LINKS]
        linked = {link.pk for link in batch if link.to is not None}
        with transaction.atomic():
            # Imports into the corpus, and others who link its documents, wait for each other here.
            Corpus.objects.select_for_update(no_key=True).get(pk=corpus.pk)
            known = Document.objects.filter(pk__in={pk for link in batch for pk in (link.pk, link.to)})
            now = {pk: rest for pk, *rest in known.values_list("pk", "text_digest", "canonical_id")}
            good = [
                link
                for link in batch
                if now[link.pk][0] == link.text_digest
                and (link.to is None or (now[link.to] == [link.to_digest, None] and link.to not in linked))
            ]
            # What was linked to one of these has nothing to stand for it, until it is linked in its turn.
            orphaned = Document.objects.filter(canonical__in=[link.pk for link in good if link.to is not None])
            orphaned.update(canonical=None, similarity=None)
            bulk.update(Document, ("canonical", "similarity"), [(link.to, link.similarity, link.pk) for link in good])
        left += len(batch) - len(good)
    return left
