"""Which named constraint or trigger refused a write: the same name on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction


def unique_by_columns() -> dict[str, str]:
    """SQLite says of a broken UNIQUE constraint which columns it has, and not what it is called."""
    found: dict[str, str] = {}
    for model in apps.get_models():
        columns = {field.name: f"{model._meta.db_table}.{field.column}" for field in model._meta.concrete_fields}
        for each in model._meta.constraints:
            if isinstance(each, models.UniqueConstraint):
                found[", ".join(columns[name] for name in each.fields)] = each.name
    return found


def broken(error: IntegrityError) -> str:
    """The constraint's name, or all that was said where none is named."""
    said = str(error)
    if diagnostics := getattr(error.__cause__, "diag", None):
        return diagnostics.constraint_name or said
    kind, _, named = said.partition("constraint ")
    named = named.removeprefix("failed: ")
    return unique_by_columns().get(named, said) if kind == "UNIQUE " else named


@contextmanager
def refused(*names: str) -> Iterator[None]:
    """What is tried inside breaks this constraint or trigger (of several, one of them), and leaves no trace."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    name = broken(caught.value)
    assert name in names, f"{name} refused it"
