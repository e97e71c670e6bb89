"""An import that is stopped half-way, with real processes on SQLite files of their own: what matters is the end."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

PAGE = "<!DOCTYPE html><html><head><title>Page {0}</title></head><body><p>{1}</p></body></html>"
CONTENT = (
    "SELECT d.key, d.title, d.text, d.answer, d.url, d.tags, d.source_file, d.text_digest, d.raw_digest, "
    "d.raw_characters, d.natural_language, d.programming_languages, d.similarity, c.key "
    "FROM sampling_document d LEFT JOIN sampling_document c ON c.id = d.canonical_id ORDER BY d.key"
)


@pytest.fixture
def scrape(tmp_path: Path) -> list[str]:
    """1,500 records and 40 pages, 110 of which repeat another's words, and 5 that cannot be used.

    Most name their language, which would take nearly all of the time to find.
    """
    records: list[dict[str, Any]] = [
        {"id": at, "title": "Question", "body": f"<p>{f'Words of number {at % 1400}. ' * 40}</p>"}
        | ({"tags": ["python"]} if at % 25 else {})
        for at in range(1500)
    ]
    records += [{"id": at, "title": "Again", "body": "<p>An id that stands above</p>"} for at in (3, 700)]
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join([*map(json.dumps, records), "{broken"]) + "\n", encoding="utf-8")
    folder = tmp_path / "saved"
    folder.mkdir()
    for number in range(40):
        words = f"What does a page say that is number {number % 30} of them? " * 5
        (folder / f"{number:02}.html").write_text(PAGE.format(number % 30, words), encoding="utf-8")
    (folder / "style.css").write_text("p {}", encoding="utf-8")
    (folder / "x.html").write_bytes(b"")
    return ["import_corpus", str(path), str(folder), "--corpus", "many"]


def start(folder: Path, *arguments: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "QUORUM_DATA_DIR": str(folder), "DATABASE_URL": ""}
    line = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(
        line, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=before,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    _out, errors = process.communicate(timeout=600)
    return process.returncode, errors


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "quorum.sqlite3")) as connection:
        return connection.execute(query).fetchall()


def imported(folder: Path) -> int:
    return int(rows(folder, "SELECT count(*) FROM sampling_document")[0][0])


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two data folders with empty databases: one to be disturbed, one not."""
    folders = [tmp_path / "disturbed", tmp_path / "undisturbed"]
    migrations = [start(folder, "migrate", "-v0") for folder in folders]
    assert [finished(process)[0] for process in migrations] == [0, 0]
    return folders


def assert_same_end(folders: list[Path], scrape: list[str]) -> None:
    again = [start(folder, *scrape) for folder in folders]
    assert [finished(process)[0] for process in again] == [0, 0]
    documents = rows(folders[0], CONTENT)
    assert len(documents) == 1540
    assert documents == rows(folders[1], CONTENT)
    assert sum(row[-1] is not None for row in documents) == 110
    left = [(folder / "rejects" / "many.jsonl").read_bytes() for folder in folders]
    assert left[0] == left[1]
    assert left[0].count(b"\n") == 5
    assert [path.name for path in (folders[0] / "rejects").iterdir()] == ["many.jsonl"]


def test_a_run_that_was_killed_ends_like_an_undisturbed_one_when_run_again(
    folders: list[Path], scrape: list[str]
) -> None:
    """Killed when the first batch is in, in a later one, and while a rerun goes on that has nothing new to write."""
    for wanted in (1, 600):
        process = start(folders[0], *scrape)
        while process.poll() is None and imported(folders[0]) < wanted:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        finished(process)
        assert wanted <= imported(folders[0]) < 1540
    assert finished(start(folders[0], *scrape))[0] == 0
    process = start(folders[0], *scrape)
    time.sleep(1.5)
    process.send_signal(signal.SIGKILL)
    finished(process)
    assert_same_end(folders, scrape)


@pytest.mark.parametrize("room", [150_000, 900_000])
def test_a_disk_that_fills_is_one_line_and_a_rerun_with_room_ends_like_any(
    folders: list[Path], scrape: list[str], room: int
) -> None:
    """No file of the process may grow past a limit, which is how a full disk looks to it."""
    limit = (folders[0] / "quorum.sqlite3").stat().st_size + room

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    code, errors = finished(start(folders[0], *scrape, before=little_room))
    said = [line for line in errors.splitlines() if line.strip()]
    assert code == 2, errors
    assert "run it again for the others" in said[-1]
    assert not any("Traceback" in line for line in said)
    assert imported(folders[0]) < 1540
    assert_same_end(folders, scrape)
