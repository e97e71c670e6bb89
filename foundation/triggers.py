"""Invariants that no CHECK or UNIQUE can state, as named database triggers on SQLite and PostgreSQL.

A model lists them in `triggers`. They are dropped before and made again after every `migrate`, because SQLite
rebuilds tables when it alters them and forgets the triggers of the old one; `manage.py check --database default`
reports any that is missing. A broken trigger raises django.db.IntegrityError with the trigger's name in its text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.apps import AppConfig, apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate

Operation = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Trigger:
    """Refuse `operations` on a row for which the SQL expression `when` holds (over OLD and NEW, true if empty).

    The expression must mean the same on SQLite and PostgreSQL; `{table}` names other models by label, as in
    `{review.Vote}`.
    """

    name: str
    operations: tuple[Operation, ...]
    when: str = ""


def append_only(name: str) -> Trigger:
    """Rows of this table are written once and never changed or removed."""
    return Trigger(name, ("UPDATE", "DELETE"))


def declared() -> Iterator[tuple[type[models.Model], Trigger]]:
    for model in apps.get_models():
        for trigger in getattr(model, "triggers", ()):
            yield model, trigger


def _statements(vendor: str, table: str, trigger: Trigger) -> list[str]:
    condition = trigger.when
    for model in apps.get_models():
        condition = condition.replace("{" + model._meta.label + "}", f'"{model._meta.db_table}"')
    if vendor == "sqlite":
        when = f"WHEN {condition} " if condition else ""
        return [
            f'CREATE TRIGGER "{trigger.name}_{operation.lower()}" BEFORE {operation} ON "{table}" FOR EACH ROW {when}'
            f"BEGIN SELECT RAISE(ABORT, 'constraint {trigger.name}'); END"
            for operation in trigger.operations
        ]
    refuse = (
        f"RAISE EXCEPTION 'constraint {trigger.name}' "
        f"USING ERRCODE = 'check_violation', CONSTRAINT = '{trigger.name}', TABLE = '{table}';"
    )
    body = f"IF {condition} THEN {refuse} END IF;" if condition else refuse
    returns = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
    return [
        f'CREATE OR REPLACE FUNCTION "{trigger.name}"() RETURNS trigger LANGUAGE plpgsql AS '
        f"$quorum$ BEGIN {body} {returns} END $quorum$",
        *(
            f'CREATE TRIGGER "{trigger.name}_{operation.lower()}" BEFORE {operation} ON "{table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{trigger.name}"()'
            for operation in trigger.operations
        ),
    ]


def existing(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """(trigger, table) pairs in the database."""
    if connection.vendor == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {(name, table) for name, table in cursor.fetchall()}


def wanted() -> set[tuple[str, str]]:
    return {
        (f"{trigger.name}_{operation.lower()}", model._meta.db_table)
        for model, trigger in declared()
        for operation in trigger.operations
    }


def drop_all(using: str = "default") -> None:
    connection = connections[using]
    ours = {name for name, _ in wanted()}
    with connection.cursor() as cursor:
        for name, table in existing(connection):
            if name in ours:
                cursor.execute(f'DROP TRIGGER "{name}"' + ("" if connection.vendor == "sqlite" else f' ON "{table}"'))


def create_all(using: str = "default") -> None:
    connection = connections[using]
    drop_all(using)
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for model, trigger in declared():
            if model._meta.db_table in tables:
                for statement in _statements(connection.vendor, model._meta.db_table, trigger):
                    cursor.execute(statement)


def _before(sender: AppConfig, using: str, **kwargs: Any) -> None:
    drop_all(using)


def _after(sender: AppConfig, using: str, **kwargs: Any) -> None:
    create_all(using)


def connect(config: AppConfig) -> None:
    pre_migrate.connect(_before, sender=config, dispatch_uid="quorum-triggers-drop")
    post_migrate.connect(_after, sender=config, dispatch_uid="quorum-triggers-create")
