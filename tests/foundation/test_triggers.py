import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from campaigns import events
from campaigns.models import Event, Verb
from foundation import triggers
from tests.constraints import refused
from tests.factories import NOW, make_campaign

pytestmark = pytest.mark.django_db


def test_every_declared_trigger_stands_in_the_database() -> None:
    assert triggers.wanted() <= triggers.existing(connection)
    assert len(triggers.wanted()) > 15


def test_a_missing_trigger_is_reported() -> None:
    triggers.drop_all()
    with pytest.raises(SystemCheckError, match="event_log_append_only_update"):
        call_command("check", databases=["default"])


@pytest.mark.parametrize("change", ["update", "delete"])
def test_event_log_append_only(change: str) -> None:
    campaign = make_campaign()
    event = events.record(Verb.RULES_CHANGED, campaign, campaign=campaign, by=None, now=NOW)
    rows = Event.objects.filter(pk=event.pk)
    with refused("event_log_append_only"):
        rows.update(verb="changed") if change == "update" else rows.delete()
    assert Event.objects.get(pk=event.pk).verb == Verb.RULES_CHANGED


@pytest.mark.django_db(transaction=True)
def test_triggers_stand_with_real_transactions() -> None:
    assert triggers.wanted() <= triggers.existing(connection)


@pytest.mark.django_db(transaction=True)
def test_triggers_stand_after_tables_were_emptied() -> None:
    make_campaign()
    assert triggers.wanted() <= triggers.existing(connection)
