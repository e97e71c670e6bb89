"""Fixtures for all tests: a data folder of their own, and triggers that step aside while tables are emptied."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from foundation import triggers
from tests import loopback
from tests.team import Team, TeamMaker, make_team

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"

loopback.stay()

# How quickly examples are made says something about the machine, not about the code.
hypothesis_settings.register_profile("quorum", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("quorum")

# CI names what may be skipped (comma-separated starts of "needs …" reasons); anything else skipped there fails the run.
_ALLOWED_SKIPS = os.environ.get("QUORUM_TEST_SKIPS")
_forbidden_skips: list[str] = []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[object]) -> None:
    """Workers share the cores: arithmetic in one of them takes no more than its share."""
    threads = str(max(1, (os.cpu_count() or 1) // len(specs)))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, threads)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in production: threads cannot wait for each other's locks on a database in memory."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def vectors_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embeddings")


@pytest.fixture(scope="session", autouse=True)
def _for_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a module makes for all its tests stays in a folder of this run, too.

    Passwords are slow to hash on purpose, which tests with many members would pay for.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(DATA_DIR=tmp_path_factory.mktemp("data"), PASSWORD_HASHERS=hashers):
        yield


@pytest.fixture(autouse=True)
def _data_folder(tmp_path: Path, settings: LazySettings, vectors_of_this_run: Path) -> None:
    """Each test writes into a folder of its own; only vectors are shared, since a text's vector never changes."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    (settings.DATA_DIR / "embeddings").symlink_to(vectors_of_this_run)


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


@pytest.fixture(scope="module")
def kept_rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One transaction for a module's fixtures: each test's own is nested in it and leaves them as it found them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


@pytest.fixture
def new_team(db: None) -> TeamMaker:
    return make_team


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora and reference benchmarks beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real data folder beside the repository")
    return SHARED_DATA


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and _ALLOWED_SKIPS is not None and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, (tuple, list)) else report.longrepr)
        allowed = [f"needs {what.strip()}" for what in _ALLOWED_SKIPS.split(",") if what.strip()]
        if not any(start in reason for start in allowed):
            _forbidden_skips.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _forbidden_skips and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _forbidden_skips:
        terminalreporter.write_line(f"skipped, but it can run here: {line}", red=True)
