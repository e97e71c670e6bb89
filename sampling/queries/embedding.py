"""The embedding model in use, its vectors, and what is known of how it reads a corpus."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from campaigns.models import Event, Verb
from sampling.embedding.legibility import Reading, poorly_read
from sampling.embedding.model import Means, Model
from sampling.embedding.store import VectorStore
from sampling.models import Corpus


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
    """Those that the model of this key was found to read poorly when the corpus was last embedded."""
    last = last_time(corpus)
    return poorly_read(kept_readings(last)) if last.get("model") == model else []


def kept_readings(data: Mapping[str, Any]) -> dict[str, Reading]:
    return {name: Reading(**one) for name, one in data.get("languages", {}).items()}


def last_time(corpus: Corpus) -> dict[str, Any]:
    """What was written when near-duplicates were last looked for; nothing if documents were imported since."""
    rows = Event.objects.filter(object_type="corpus", object_id=str(corpus.pk))
    last = rows.filter(verb__in=[Verb.CORPUS_EMBEDDED, Verb.CORPUS_IMPORTED]).order_by("-at", "-pk").first()
    return last.data if last is not None and last.verb == Verb.CORPUS_EMBEDDED else {}
