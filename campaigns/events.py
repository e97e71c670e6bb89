"""Writing the event log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from campaigns.models import Campaign, Event, User, Verb


def record(
    verb: Verb,
    row: models.Model,
    *,
    campaign: Campaign | None,
    by: User | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> Event:
    return Event.objects.create(
        campaign=campaign,
        actor=by,
        verb=verb,
        object_type=row._meta.model_name or "",
        object_id=str(row.pk),
        data=dict(data or {}),
        at=now,
    )
