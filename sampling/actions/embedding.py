"""Text of documents in; their vectors in the store, and links between near-duplicates, out."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Count

from campaigns import events
from campaigns.models import User, Verb
from sampling.actions.duplicates import link_near
from sampling.actions.summaries import changed, summarise
from sampling.embedding.legibility import SAMPLE, Reading, alike, poorly_read
from sampling.embedding.lexical import MOST_TEXTS
from sampling.embedding.model import Model
from sampling.models import Corpus, CorpusSummary, Document
from sampling.queries.embedding import chosen_model, readings_of, store_of
from sampling.similarity import duplicates

# (batches, how many texts they hold together) → the same batches, watched by a progress bar that counts texts
Watch = Callable[[Iterable[int], int], Iterable[int]]

_TEXTS = 20_000  # held in memory at a time


@dataclass
class EmbeddingReport:
    model: str
    texts: int  # distinct ones
    encoded: int
    near_duplicates: int
    duplicates: int
    languages: dict[str, Reading]

    @property
    def poorly_read(self) -> list[str]:
        return poorly_read(self.languages)


def encode_missing(*, model: Model, texts: Mapping[str, str], watch: Watch) -> int:
    """Encode the texts (by digest) that the store lacks; returns how many. A killed run goes on where it stopped."""
    store = store_of(model)
    lacking = {digest for digest in texts if digest not in store}
    return _encode(model, ((digest, texts[digest]) for digest in texts if digest in lacking), len(lacking), watch)


def _encode(model: Model, texts: Iterable[tuple[str, str]], count: int, watch: Watch) -> int:
    if not count:
        return 0
    store = store_of(model)
    with store.writing({"model": model.key}) as writer:

        def batches() -> Iterator[int]:
            rows = iter(texts)
            while chunk := dict(islice(rows, _TEXTS)):
                # Somebody else may have encoded them while this process waited for its turn.
                missing = [(digest, text) for digest, text in chunk.items() if digest not in store]
                for places, vectors in model.encode([text for _digest, text in missing]):
                    writer.append([missing[at][0] for at in places], vectors)
                    yield len(places)

        return sum(watch(batches(), count))


def embed_corpus(
    *, corpus: Corpus, by: User | None, now: datetime, watch: Watch = lambda batches, _total: batches
) -> EmbeddingReport:
    """Raises CannotLoad or CorpusChanged."""
    model = chosen_model()
    documents = Document.objects.filter(corpus=corpus).with_words().order_by("pk")
    _learn(model, corpus)
    store = store_of(model)
    digests = dict.fromkeys(documents.values_list("text_digest", flat=True).iterator(chunk_size=5000))
    lacking = {digest for digest in digests if digest not in store}
    rows = documents.only("title", "text", "text_digest").iterator(chunk_size=1000) if lacking else ()
    texts = ((row.text_digest, row.wording) for row in rows if row.text_digest in lacking)
    encoded = _encode(model, texts, len(lacking), watch)
    seen = hashlib.sha256("\n".join([model.key, str(duplicates.THRESHOLD), *digests]).encode()).hexdigest()
    last = CorpusSummary.objects.filter(corpus=corpus, texts_digest=seen).first()
    readings = readings_of(last) if last else {}
    if last is None:
        # Should this be cut off, what was known of other links does not stand for the ones that are half written.
        changed(corpus, texts_digest="")
        version = CorpusSummary.objects.get(corpus=corpus).version
        vectors = store_of(model).get(list(digests))
        near = link_near(corpus=corpus, vectors=vectors, digests=list(digests))
        readings = _readings(corpus, model)
        kept = {name: asdict(one) for name, one in readings.items()}
        usable = Document.objects.filter(corpus=corpus).usable().count()
        data = {"model": model.key, "texts": len(digests), "encoded": encoded, "near_duplicates": near}
        with transaction.atomic():
            # An import that came meanwhile may have undone links of words that are the same: they are looked for again.
            summary = CorpusSummary.objects.select_for_update(no_key=True).get(corpus=corpus)
            digest = seen if summary.version == version else ""
            changed(corpus, model=model.key, texts_digest=digest, embedded=usable, readings=kept)
            events.record(Verb.CORPUS_EMBEDDED, corpus, campaign=None, by=by, now=now, data={**data, "languages": kept})
    summarise(corpus)
    linked = Document.objects.filter(corpus=corpus).exclude(canonical=None)
    return EmbeddingReport(
        model=model.key,
        texts=len(digests),
        encoded=encoded,
        near_duplicates=linked.filter(similarity__lt=1).count(),
        duplicates=linked.count(),
        languages=readings,
    )


def _learn(model: Model, corpus: Corpus) -> None:
    if model.learns_from != corpus.name:
        return
    # In the order of their digests, which is that of no source, and the same in every database.
    documents = Document.objects.filter(corpus=corpus).usable().order_by("text_digest")
    model.learn([row.wording for row in documents.only("title", "text")[:MOST_TEXTS]])


def _readings(corpus: Corpus, model: Model) -> dict[str, Reading]:
    """How well the model reads each natural language, commonest first."""
    store, found = store_of(model), dict[str, Reading]()
    usable = Document.objects.filter(corpus=corpus).usable()
    counts = usable.order_by().values_list("natural_language").annotate(number=Count("pk"))
    for language, number in counts.order_by("-number", "natural_language"):
        sample = usable.filter(natural_language=language).order_by("text_digest").only("title", "text", "text_digest")
        rows = list(sample[:SAMPLE])
        unknown = model.unknown([row.wording for row in rows])
        found[language] = Reading(
            texts=number,
            alike=alike(store.get([row.text_digest for row in rows])),
            unknown=None if unknown is None else round(unknown, 4),
        )
    return found
