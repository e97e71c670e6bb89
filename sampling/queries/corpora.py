"""Corpora by name, and what of them is clustered and drawn."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.models import Campaign
from sampling.models import Corpus, Document


@dataclass(frozen=True)
class Entry:
    pk: int
    key: str
    text_digest: str


class UnknownCorpus(Exception):
    """There is no corpus of this name."""


def find_corpus(name: str) -> Corpus:
    """Raises UnknownCorpus."""
    corpus = Corpus.objects.filter(name=name).first()
    if corpus is None:
        known = ", ".join(Corpus.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise UnknownCorpus(f"{name}: there is no such corpus (there are: {known})")
    return corpus


def entries_of(corpus: Corpus) -> list[Entry]:
    """What is clustered, in an order that no database's collation or numbering changes."""
    rows = Document.objects.filter(corpus=corpus).usable().values_list("pk", "key", "text_digest")
    return sorted((Entry(*row) for row in rows.iterator(chunk_size=5000)), key=lambda entry: entry.key)


def corpus_digest(texts: Iterable[tuple[str, str]]) -> str:
    """Of documents' keys and text digests, in the order of the keys."""
    digest = hashlib.sha256()
    for key, text_digest in texts:
        digest.update(f"{key}\x00{text_digest}\n".encode())
    return digest.hexdigest()


def chosen_corpus(campaign: Campaign, wanted: str = "") -> Corpus | None:
    """The one asked for by name, else the one this campaign drew from last, else the newest."""
    if wanted and (found := Corpus.objects.filter(name=wanted).first()):
        return found
    draw = campaign.draws.select_related("corpus").order_by("-created_at", "-pk").first()
    return draw.corpus if draw else Corpus.objects.order_by("-created_at", "-pk").first()
