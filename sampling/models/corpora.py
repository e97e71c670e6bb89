"""Corpora and their documents."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.text import Truncator

from campaigns.models import Category


class Corpus(models.Model):
    """A named pool of scraped documents that any number of campaigns may draw from."""

    name = models.SlugField(unique=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class DocumentQuerySet(models.QuerySet["Document"]):
    def usable(self) -> DocumentQuerySet:
        """Documents that are worth embedding: they say something and stand for themselves."""
        return self.with_words().filter(canonical=None).order_by("pk")

    def with_words(self) -> DocumentQuerySet:
        """A title alone is a question, too."""
        return self.exclude(title="", text="")


class Document(models.Model):
    """A cleaned question. The raw record is kept only as a digest."""

    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="documents")
    key = models.CharField(max_length=200, help_text="the record's own id, else its URL, else the raw digest")
    title = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True, help_text="cleaned Markdown of the body")
    answer = models.TextField(blank=True, help_text="cleaned Markdown of the accepted answer; never embedded or shown")
    url = models.CharField(max_length=1000, blank=True)
    licence = models.CharField(max_length=120, blank=True)
    created = models.CharField(max_length=40, blank=True, help_text="when the source says it was asked")
    tags = models.JSONField(default=list)
    programming_languages = models.JSONField(default=list)
    natural_language = models.CharField(max_length=8, blank=True)
    source_file = models.CharField(max_length=300)
    raw_digest = models.CharField(max_length=64, help_text="sha256 of the raw record")
    text_digest = models.CharField(max_length=64, help_text="sha256 of the normalised title and text")
    raw_characters = models.PositiveIntegerField()
    canonical = models.ForeignKey("self", models.PROTECT, null=True, related_name="duplicates")
    similarity = models.FloatField(null=True, help_text="cosine to the canonical document")
    true_category = models.ForeignKey(
        Category, models.SET_NULL, null=True, related_name="+", help_text="a label that came with the data"
    )
    imported_at = models.DateTimeField()

    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["corpus", "key"], name="one_document_per_corpus_and_key"),
            models.CheckConstraint(condition=~Q(canonical=F("id")), name="document_not_its_own_duplicate"),
        ]
        indexes = [models.Index(fields=["corpus", "text_digest"], name="document_by_text")]

    def __str__(self) -> str:
        """The title; where there is none, as with chat prompts, the first words."""
        return self.title or Truncator(" ".join(self.text[:400].split())).chars(100) or self.key

    @property
    def wording(self) -> str:
        """What is embedded, clustered and compared with references."""
        return f"{self.title}\n\n{self.text}".strip()

    @property
    def characters(self) -> int:
        """Of what is left of `raw_characters`."""
        return len(self.title) + len(self.text)

    @property
    def percent_shorter(self) -> int:
        """By which cleaning made it shorter; below 0 where Markdown is longer than what was scraped."""
        return round(100 - 100 * self.characters / self.raw_characters) if self.raw_characters else 0
