"""Many rows at once, by one prepared statement.

`bulk_create` and `bulk_update` put SQL together for every few rows, most of it while SQLite is locked for everyone
else: one statement for all rows is five times as fast to insert with, and two hundred times to update.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models

Rows = Iterable[tuple[Any, ...]]


def insert(model: type[models.Model], fields: Sequence[str], rows: Rows) -> None:
    """Each row has a value for each field, as the database takes it; other fields get their defaults."""
    named = {name: _column(model, name) for name in fields}
    others = [each for each in model._meta.local_concrete_fields if each.name not in named and not each.primary_key]
    defaults = tuple(each.get_db_prep_save(each.get_default(), connection) for each in others)
    columns = [*named.values(), *(_column(model, each.name) for each in others)]
    values = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608
    _execute(statement, (row + defaults for row in rows))


def update(model: type[models.Model], fields: Sequence[str], rows: Rows, where: Sequence[str] = ("id",)) -> int:
    """Each row has the new values of `fields`, then those that the `where` fields must have for them to be written.

    Returns how many rows had them.
    """
    values = ", ".join(f"{_column(model, name)} = %s" for name in fields)
    conditions = " AND ".join(f"{_column(model, name)} = %s" for name in where)
    return _execute(f"UPDATE {_table(model)} SET {values} WHERE {conditions}", rows)  # noqa: S608


def _execute(statement: str, rows: Rows) -> int:
    if not (values := list(rows)):
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
        return int(cursor.rowcount)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(model: type[models.Model], name: str) -> str:
    (column,) = (each.column for each in model._meta.local_concrete_fields if each.name == name)
    return connection.ops.quote_name(str(column))
