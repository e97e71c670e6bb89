"""Fixtures for all tests: a data folder of their own, and triggers that step aside while tables are emptied."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from campaigns import triggers


@pytest.fixture(autouse=True)
def _data_folder(tmp_path: Path, settings: LazySettings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture(autouse=True)
def _emptied_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests with real transactions end by emptying all tables, which append-only tables refuse."""
    marker = request.node.get_closest_marker("django_db")
    real = bool(marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(
        request.fixturenames
    )
    if real:
        request.getfixturevalue("transactional_db")
    yield
    if real:
        triggers.drop_all()  # emptying is followed by post_migrate, which makes them again
