"""How far a corpus is, and how a campaign's seeds stand: counts for the set-up page, dashboards and commands."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, F

from sampling.embedding.model import CannotLoad
from sampling.embedding.store import BrokenStore, VectorStore
from sampling.models import ClusterRun, Corpus, Document
from sampling.queries.drift import Drift, drift
from sampling.queries.embedding import chosen_model, poorly_read_languages


@dataclass(frozen=True)
class CorpusState:
    corpus: Corpus
    documents: int
    duplicates: int
    empty: int
    usable: int  # with a title or a text, and not the duplicate of another
    model: str  # the one in use: its key; empty where it cannot be had
    embedded: int  # of the usable ones
    run: ClusterRun | None  # the newest
    clusters: int
    clustered: int  # usable documents whose words have a place in the newest run
    drift: Drift | None  # of the newest run
    other_model: bool  # whether the newest run is of another model than the one in use
    classified: bool
    languages: list[tuple[str, int]]  # natural languages of documents with words, commonest first
    poorly_read: list[str]  # languages that the embedding model in use can hardly tell texts of apart


def corpus_state(corpus: Corpus) -> CorpusState:
    documents = Document.objects.filter(corpus=corpus)
    texts = documents.with_words()
    usable = Document.objects.filter(corpus=corpus).usable()
    run = corpus.cluster_runs.order_by("-pk").first()
    model = _model_in_use()
    languages = (
        texts.values_list("natural_language").annotate(number=Count("pk")).order_by("-number", "natural_language")
    )
    return CorpusState(
        corpus=corpus,
        documents=documents.count(),
        duplicates=documents.exclude(canonical=None).count(),
        empty=documents.filter(title="", text="").count(),
        usable=usable.count(),
        model=model,
        embedded=_embedded(model, list(usable.values_list("text_digest", flat=True))),
        run=run,
        clusters=run.k if run else 0,
        clustered=usable.filter(assignments__run=run, assignments__text_digest=F("text_digest")).count() if run else 0,
        drift=drift(run) if run else None,
        other_model=run is not None and model not in ("", run.model),
        classified=run is not None and not run.assignments.filter(category=None).exists(),
        languages=[(str(language), number) for language, number in languages],
        poorly_read=poorly_read_languages(corpus, model),
    )


def _model_in_use() -> str:
    """Its key; empty where it cannot be had. A model in a folder is read whole for that."""
    try:
        return chosen_model().key
    except CannotLoad:
        return ""


def _embedded(model: str, digests: list[str]) -> int:
    """How many of these texts have a vector of the model."""
    try:
        store = VectorStore(settings.DATA_DIR / "embeddings" / model)
        return sum(digest in store for digest in digests) if model else 0
    except BrokenStore:
        return 0
