"""System checks: `manage.py check --database default` tells whether every named trigger stands."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import register as register_check
from django.db import connections

from foundation import triggers


def triggers_stand(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for using in databases or ():
        connection = connections[using]
        tables = set(connection.introspection.table_names())
        wanted = {(name, table) for name, table in triggers.wanted() if table in tables}
        missing = wanted - triggers.existing(connection)
        messages += [
            Error(f"trigger {name} on {table} is missing", hint="run manage.py migrate", id="campaigns.E001")
            for name, table in sorted(missing)
        ]
    return messages


def register() -> None:
    register_check(triggers_stand, Tags.database)
