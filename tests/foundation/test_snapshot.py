"""A snapshot: one moment, no writer waits, nothing is written."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from foundation.snapshot import snapshot
from tests.factories import make_campaign
from tests.threads import elsewhere


@pytest.mark.django_db(transaction=True)
def test_what_others_write_is_not_seen_and_they_do_not_wait() -> None:
    make_campaign()
    with snapshot():
        assert Campaign.objects.count() == 1
        elsewhere(make_campaign)
        assert Campaign.objects.count() == 1
    assert Campaign.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_writing_is_refused_within_and_possible_after() -> None:
    with pytest.raises(DatabaseError), snapshot():
        make_campaign()
    make_campaign()
    assert Campaign.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_transactions_after_it_take_the_lock_at_begin_again() -> None:
    with snapshot():
        pass
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        pass
    assert captured[0]["sql"] == ("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")


@pytest.mark.django_db
def test_inside_a_transaction_it_does_nothing() -> None:
    with snapshot():
        make_campaign()
    assert Campaign.objects.count() == 1
