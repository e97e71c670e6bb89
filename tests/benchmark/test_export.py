"""Folders and commands: a bundle is on disk whole or not at all, and nothing else is ever overwritten."""

import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from benchmark import bundle, folder
from benchmark.models import Release
from tests.team import Team, make_team

FILES = {
    "manifest.json": b'{"format": "quorum-benchmark-1", "campaign": {"slug": "c"}, "files": {"a.txt": {}}}',
    "a.txt": b"a",
}
NEWER = {**FILES, "a.txt": b"b"}


def held(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.iterdir()}


def names_beside(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir())


def export(team: Team, out: Path, *more: str) -> dict[str, Any]:
    figures = out.parent / "figures.json"
    call_command("export_benchmark", "--campaign", team.campaign.slug, "--out", str(out), "--json", str(figures), *more)
    loaded: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return loaded


def test_writing_twice_writes_once(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert folder.write(FILES, out, campaign="c") is True
    before = out.stat().st_mtime_ns, (out / "a.txt").stat().st_mtime_ns
    assert folder.write(FILES, out, campaign="c") is False
    assert (out.stat().st_mtime_ns, (out / "a.txt").stat().st_mtime_ns) == before
    assert held(out) == FILES


def test_an_older_bundle_and_an_empty_folder_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "exports" / "out"
    out.mkdir(parents=True)
    folder.write(FILES, out, campaign="c")
    folder.write(NEWER, out, campaign="c")
    assert held(out) == NEWER
    assert names_beside(out) == ["out"]


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    thesis, other, annotated = tmp_path / "thesis", tmp_path / "other", tmp_path / "annotated"
    thesis.mkdir()
    (thesis / "chapter-1.txt").write_text("years of work")
    folder.write(FILES, other, campaign="c")
    folder.write(FILES, annotated, campaign="c")
    (annotated / "answers.jsonl").write_text("{}\n")
    (tmp_path / "file").write_text("x")
    for out, campaign in ((thesis, "c"), (other, "d"), (annotated, "c"), (tmp_path / "file", "c")):
        before = held(out) if out.is_dir() else out.read_bytes()
        with pytest.raises(folder.Occupied, match=str(out)):
            folder.write(NEWER, out, campaign=campaign)
        assert (held(out) if out.is_dir() else out.read_bytes()) == before


@pytest.mark.parametrize("moment", ["writing", "first rename", "second rename", "cleaning up"])
def test_a_kill_at_any_moment_leaves_no_half_bundle(tmp_path: Path, moment: str) -> None:
    out = tmp_path / "exports" / "out"
    folder.write(FILES, out, campaign="c")
    process = multiprocessing.get_context("fork").Process(target=_killed_at, args=(moment, out))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not out.exists() or held(out) in (FILES, NEWER)
    folder.write(NEWER, out, campaign="c")
    assert held(out) == NEWER
    assert names_beside(out) == ["out"]


def _killed_at(moment: str, out: Path) -> None:
    """Die half-way through writing, around the renaming, or before the old folder is gone."""

    def die(*_arguments: Any, **_named: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    rename = Path.rename
    if moment == "writing":
        os.fsync = die
    elif moment == "first rename":
        Path.rename = die  # type: ignore[assignment,method-assign]
    elif moment == "second rename":
        Path.rename = lambda path, to: rename(path, to) if path == out else die()  # type: ignore[method-assign,assignment,return-value]
    else:
        setattr(shutil, "rmtree", lambda path, **_named: die() if path.exists() else None)  # noqa: B010
    folder.write(NEWER, out, campaign="c")


def test_a_failure_half_way_leaves_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "exports" / "out"
    folder.write(FILES, out, campaign="c")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            folder.write(NEWER, out, campaign="c")
    assert held(out) == FILES
    assert names_beside(out) == ["out"]


def test_the_command_freezes_writes_and_counts(team: Team, tmp_path: Path) -> None:
    team.mixed()
    figures = export(team, tmp_path / "out")
    assert figures["digest"] == Release.objects.get().digest
    assert {name: figures[name] for name in ("release", "items", "excluded", "demo", "written")} == {
        "release": 1,
        "items": 3,
        "excluded": 4,
        "demo": False,
        "written": True,
    }
    reasons = {name: count for name, count in figures.items() if name.startswith("excluded_")}
    assert reasons == {f"excluded_{name}": 1 for name in ("in_review", "rejected", "returned", "withdrawn")}
    before = held(tmp_path / "out")
    assert export(team, tmp_path / "out") == {**figures, "written": False}
    export(team, tmp_path / "second")
    assert held(tmp_path / "out") == held(tmp_path / "second") == before
    assert Release.objects.count() == 1
    call_command("verify_benchmark", str(tmp_path / "out"))


def test_an_older_release_can_be_written_again(team: Team, tmp_path: Path) -> None:
    team.item(True, True, True, True)
    first = export(team, tmp_path / "first")
    team.item(True, True, True, True)
    export(team, tmp_path / "second")
    assert export(team, tmp_path / "again", "--release", "1")["digest"] == first["digest"]
    assert held(tmp_path / "again") == held(tmp_path / "first")
    assert Release.objects.count() == 2


def test_a_demo_campaign_exports_demo_data(db: None, tmp_path: Path) -> None:
    team = make_team(is_demo=True)
    team.item(True, True, True, True)
    assert export(team, tmp_path / "out")["demo"] is True
    assert json.loads((tmp_path / "out" / "benchmark.jsonl").read_text(encoding="utf-8"))["demo"] is True
    call_command("verify_benchmark", str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--campaign", "nowhere", "--out", "{out}"], "nowhere: there is no such campaign"),
        (["--campaign", "{slug}", "--out", "{out}"], "no item has its quorum"),
        (["--campaign", "{slug}", "--out", "{out}", "--release", "3"], "--release 3: "),
    ],
)
def test_bad_input_exits_2_with_one_line(team: Team, tmp_path: Path, arguments: list[str], said: str) -> None:
    out = tmp_path / "out"
    filled = [each.format(out=out, slug=team.campaign.slug) for each in arguments]
    with pytest.raises(CommandError, match=said) as refusal:
        call_command("export_benchmark", *filled)
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
    assert not out.exists()


def test_a_release_whose_rows_changed_is_a_finding(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team.item(True, True, True, True)
    team.freeze()
    monkeypatch.setattr(bundle, "mapping", lambda facts: {})
    with pytest.raises(CommandError, match="no longer give the bundle") as refusal:
        export(team, tmp_path / "out", "--release", "1")
    assert refusal.value.returncode == 1
    assert not (tmp_path / "out").exists()


def test_an_occupied_folder_exits_2(team: Team, tmp_path: Path) -> None:
    team.item(True, True, True, True)
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CommandError, match="is not empty and holds no release") as refusal:
        export(team, tmp_path)
    assert refusal.value.returncode == 2
    with pytest.raises(CommandError) as refusal:
        call_command("verify_benchmark", str(tmp_path))
    assert refusal.value.returncode == 2
