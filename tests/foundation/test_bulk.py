import pytest
from django.db import IntegrityError, transaction

from foundation import bulk
from sampling.models import Document, Seed
from tests.factories import make_campaign, make_corpus, make_document, make_seeds

pytestmark = pytest.mark.django_db


def test_fields_that_are_not_named_get_their_defaults() -> None:
    (seed,) = make_seeds(make_campaign())
    other = make_document(seed.document.corpus)
    fields = ("campaign", "draw", "category", "cluster", "document", "rank")
    same = (seed.campaign_id, seed.draw_id, seed.category_id, seed.cluster_id)
    bulk.insert(Seed, fields, ((*same, pk, rank) for pk, rank in [(other.pk, 7)]))
    made = Seed.objects.get(document=other)
    found, expected = (dict[str, object](Seed.objects.values().get(pk=pk)) for pk in (made.pk, seed.pk))
    assert found == expected | {"id": made.pk, "document_id": other.pk, "rank": 7}
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Seed, fields, [(*same, other.pk, 8)])


def test_only_rows_that_are_what_they_should_be_are_written() -> None:
    corpus = make_corpus()
    one, other = (make_document(corpus, text_digest=letter * 64) for letter in "ab")
    rows = [(one.pk, 0.5, other.pk, "b" * 64), (other.pk, 0.5, one.pk, "b" * 64)]
    assert bulk.update(Document, ("canonical", "similarity"), rows, where=("id", "text_digest")) == 1
    assert list(Document.objects.order_by("pk").values_list("canonical", "similarity")) == [(None, None), (one.pk, 0.5)]


def test_of_nothing_nothing_is_written() -> None:
    bulk.insert(Document, ("corpus",), [])
    assert bulk.update(Document, ("key",), []) == 0
