"""Somebody else, over a connection of their own."""

import threading
from collections.abc import Callable

from django.db import connection


def elsewhere(act: Callable[[], object]) -> None:
    """Do it over another connection, while this one stays as it is. Fails if it waits for this one."""
    failed = []

    def run() -> None:
        try:
            act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive(), "it waits for us"
    assert not failed
