"""Text of documents in; their vectors in the store, and links between near-duplicates, out."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from campaigns import events
from campaigns.models import Event, User
from sampling import duplicates
from sampling.actions.duplicates import link_near
from sampling.model import Model
from sampling.models import Corpus, Document
from sampling.vectors import VectorStore

# (batches, how many texts they hold together) → the same batches, watched by a progress bar that counts texts
Watch = Callable[[Iterable[int], int], Iterable[int]]


@dataclass
class EmbeddingReport:
    model: str
    texts: int  # distinct ones
    encoded: int
    near_duplicates: int
    duplicates: int
    not_english: float


def chosen_model() -> Model:
    return Model(settings.EMBEDDING_MODEL, settings.EMBEDDING_REVISION)


def store_of(model: Model) -> VectorStore:
    return VectorStore(settings.DATA_DIR / "embeddings" / model.key)


def encode_missing(*, model: Model, texts: dict[str, str], watch: Watch) -> int:
    """Encode the texts (by digest) that the store lacks; returns how many. A killed run goes on where it stopped."""
    store = store_of(model)
    with store.writing({"model": model.key}) as writer:
        missing = [digest for digest in texts if digest not in store]

        def batches() -> Iterable[int]:
            for places, vectors in model.encode([texts[digest] for digest in missing]):
                writer.append([missing[at] for at in places], vectors)
                yield len(places)

        return sum(watch(batches(), len(missing))) if missing else 0


def embed_corpus(
    *, corpus: Corpus, by: User | None, now: datetime, watch: Watch = lambda batches, _total: batches
) -> EmbeddingReport:
    """Raises CannotLoad."""
    model = chosen_model()
    documents = Document.objects.filter(corpus=corpus).with_words().order_by("pk")
    languages = list(documents.values_list("natural_language", flat=True))
    digests: dict[str, None] = {}
    encoded = 0
    store = store_of(model)
    pending: dict[str, str] = {}
    for digest in documents.values_list("text_digest", flat=True).iterator(chunk_size=5000):
        digests[digest] = None
    lacking = {digest for digest in digests if digest not in store}
    for document in documents.only("title", "text", "text_digest").iterator(chunk_size=1000) if lacking else ():
        if document.text_digest in lacking:
            pending.setdefault(document.text_digest, document.wording)
    if pending:
        encoded = encode_missing(model=model, texts=pending, watch=watch)
        store = store_of(model)
    seen = hashlib.sha256("\n".join([model.key, str(duplicates.THRESHOLD), *digests]).encode()).hexdigest()
    if not _done(corpus, seen):
        vectors = store.get(list(digests))
        near = link_near(corpus=corpus, vectors=vectors, digests=list(digests))
        data: dict[str, Any] = {"model": model.key, "texts": len(digests), "encoded": encoded, "near_duplicates": near}
        events.record("corpus embedded", corpus, campaign=None, by=by, now=now, data={**data, "digest": seen})
    linked = Document.objects.filter(corpus=corpus).exclude(canonical=None)
    return EmbeddingReport(
        model=model.key,
        texts=len(digests),
        encoded=encoded,
        near_duplicates=linked.filter(similarity__lt=1).count(),
        duplicates=linked.count(),
        not_english=sum(language != "en" for language in languages) / len(languages) if languages else 0.0,
    )


def _done(corpus: Corpus, digest: str) -> bool:
    """Whether near-duplicates were last looked for among exactly these texts."""
    last = (
        Event.objects.filter(
            object_type="corpus", object_id=str(corpus.pk), verb__in=["corpus embedded", "corpus imported"]
        )
        .order_by("-at", "-pk")
        .first()
    )
    return last is not None and last.data.get("digest") == digest
