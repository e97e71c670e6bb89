"""The embedding model in use, its vectors, and what is known of how it reads a corpus."""

from django.conf import settings

from sampling.embedding.legibility import Reading, poorly_read
from sampling.embedding.model import Means, Model
from sampling.embedding.store import VectorStore
from sampling.models import Corpus, CorpusSummary


class NotEmbedded(Exception):
    """Documents lack vectors of the model in use."""


def chosen_model() -> Model:
    """The one that the settings name. Raises CannotLoad."""
    means = Means(
        home=settings.DATA_DIR / "models",
        revision=settings.EMBEDDING_REVISION,
        number_format=settings.EMBEDDING_FORMAT,
        backend=settings.EMBEDDING_BACKEND,
    )
    return Model(settings.EMBEDDING_MODEL, means)


def store_of(model: Model) -> VectorStore:
    return VectorStore(settings.DATA_DIR / "embeddings" / model.key)


def poorly_read_languages(corpus: Corpus, model: str) -> list[str]:
    """Those that the model of this key was found to read poorly when the corpus was last embedded.

    Nothing, where documents were imported since.
    """
    last = CorpusSummary.objects.filter(corpus=corpus, model=model).exclude(texts_digest="").first()
    return poorly_read(readings_of(last)) if last else []


def readings_of(summary: CorpusSummary) -> dict[str, Reading]:
    return {name: Reading(**one) for name, one in summary.readings.items()}
