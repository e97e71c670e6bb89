"""The one way a status changes: allowed by the table, compared and swapped in one UPDATE, told in one event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from campaigns import events
from campaigns.models import Campaign, User, Verb

Table = Mapping[str, frozenset[str]]


class IllegalTransition(Exception):
    """The workflow's table does not allow this step."""


class LostRace(Exception):
    """Somebody else changed the row between reading and writing it."""


@transaction.atomic
def move(
    row: models.Model,
    to: str,
    *,
    table: Table,
    campaign: Campaign,
    by: User | None,
    now: datetime,
    verb: Verb,
    guard: Q | None = None,
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Set `row.status` to `to` together with `changes`, if it still is what `row` says and `guard` holds.

    Raises IllegalTransition or LostRace; then nothing is written and `row` is as it was.
    """
    was: str = row.status  # type: ignore[attr-defined]
    if to not in table.get(was, frozenset()):
        raise IllegalTransition(f"{row._meta.label} {row.pk}: {was} → {to}")
    rows = type(row)._default_manager.filter(guard or Q(), pk=row.pk, status=was)
    if rows.update(status=to, **changes) != 1:
        raise LostRace(f"{row._meta.label} {row.pk} is no longer {was}")
    for name, value in {"status": to, **changes}.items():
        setattr(row, name, value)
    events.record(verb, row, campaign=campaign, by=by, now=now, data={"from": was, "to": to, **(data or {})})
