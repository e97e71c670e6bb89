"""Many reads of one moment, for which no writer waits."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction


@contextmanager
def snapshot(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """All that is read within is as it was at the first read, whatever others write; writing is refused.

    Inside an open transaction it does nothing: that transaction's own view has to do.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with _sqlite(connection, using):
            yield
    else:
        with transaction.atomic(using):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


@contextmanager
def _sqlite(connection: Any, using: str) -> Iterator[None]:
    with connection.cursor() as cursor, ExitStack() as stack:
        cursor.execute("PRAGMA query_only = ON")  # a write that slipped in would take the lock that all others need
        stack.callback(cursor.execute, "PRAGMA query_only = OFF")
        # By the settings every transaction takes that lock at BEGIN; this one takes none.
        mode, connection.transaction_mode = connection.transaction_mode, "DEFERRED"
        try:
            stack.enter_context(transaction.atomic(using))
        finally:
            connection.transaction_mode = mode
        yield
