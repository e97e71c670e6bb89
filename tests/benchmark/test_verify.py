"""Whatever is changed in a bundle is found, by Quorum and by a stranger with Python alone."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from benchmark import actions, verify
from benchmark.audit import audit
from decontamination.actions import retire
from decontamination.models import Reference
from tests.benchmark.conftest import make_reference
from tests.factories import NOW
from tests.team import Team, make_team

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def reference(kept_rows: None) -> Reference:
    return make_reference()


@pytest.fixture(scope="module")
def published(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole bundle on disk."""
    team, folder = make_team(), tmp_path_factory.mktemp("published") / "bundle"
    team.mixed()
    actions.write_bundle(team.freeze(), folder)
    return folder


@pytest.fixture
def bundle_folder(db: None, published: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(published, tmp_path / "bundle")


def stranger(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bundle's own verifier with Python's standard library alone."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def edit(name: str, change: Callable[[list[dict[str, Any]]], object]) -> Change:
    """Change the rows of a table."""

    def edited(folder: Path) -> None:
        path = folder / name
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        change(rows)
        lines = (json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for row in rows)
        path.write_text("".join(lines), encoding="utf-8")

    return edited


def reword(rows: list[dict[str, Any]]) -> None:
    rows[0]["messages"][0]["content"] += " Please."


def sign_again(folder: Path) -> None:
    """What a forger does: list the changed files in the manifest as if they had always been so."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name in manifest["files"]:
        data = (folder / name).read_bytes()
        manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    names = [*manifest["files"], "manifest.json"]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "SHA256SUMS").write_text(verify.sums(digests), encoding="utf-8")


def all_tables(change: Callable[[list[dict[str, Any]]], object]) -> Change:
    def edited(folder: Path) -> None:
        for name in ("benchmark.jsonl", "question.jsonl", "provenance.jsonl", "votes.jsonl"):
            edit(name, change)(folder)

    return edited


def manifest(**facts: Any) -> Change:
    def edited(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **facts}), encoding="utf-8")

    return edited


def test_a_whole_bundle_is_whole(bundle_folder: Path) -> None:
    done = audit(bundle_folder)
    assert (done.findings, done.known, done.rechecked) == ([], True, True)
    told = stranger(bundle_folder, "--digest", done.report.digest)
    assert (told.returncode, told.stderr) == (0, "")
    assert f"whole: digest {done.report.digest}; 3 rows in benchmark.jsonl" in told.stdout
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=bundle_folder, check=False).returncode == 0


CARELESS: dict[str, Change] = {
    "changed byte": lambda folder: (folder / "README.md").write_bytes((folder / "README.md").read_bytes()[:-1] + b" "),
    "changed verifier": lambda folder: (folder / "verify.py").write_bytes((folder / "verify.py").read_bytes() + b"#\n"),
    "dropped row": edit("benchmark.jsonl", lambda rows: rows.pop()),
    "extra row": edit("benchmark.jsonl", lambda rows: rows.append(dict(rows[0], id="0" * 32))),
    "changed vote": edit(
        "votes.jsonl", lambda rows: rows[0]["votes"][0].update(clear=not rows[0]["votes"][0]["clear"])
    ),
    "changed query": edit("benchmark.jsonl", reword),
    "extra file": lambda folder: (folder / "answers.jsonl").write_text(""),
    "extra folder": lambda folder: (folder / "more").mkdir(),
    "missing file": lambda folder: (folder / "references.json").unlink(),
    "missing sums": lambda folder: (folder / "SHA256SUMS").unlink(),
    "changed sums": lambda folder: (folder / "SHA256SUMS").write_text("0" * 64 + "  README.md\n"),
    "not demo": manifest(demo=True),
    "other counts": manifest(counts={"items": 9}),
    "nothing counted": manifest(counts=None, rules=None, campaign=None),
    "other release": manifest(release=2),
}

FORGED: dict[str, Change] = {
    "changed query": edit("benchmark.jsonl", reword),
    "changed query in both": lambda folder: (
        edit("benchmark.jsonl", reword)(folder),
        edit("question.jsonl", lambda rows: rows[0].update(prompt=rows[0]["prompt"] + " Please."))(folder),
    ),
    "changed difficulty": edit("benchmark.jsonl", lambda rows: rows[0].update(difficulty="medium")),
    "changed subcategory": edit("benchmark.jsonl", lambda rows: rows[0].update(subcategory="Cryptography")),
    "changed knowledge": edit("provenance.jsonl", lambda rows: rows[0].update(knowledge="None.")),
    "dropped row": all_tables(lambda rows: rows.pop()),
    "dropped row in one table": edit("votes.jsonl", lambda rows: rows.pop()),
    "dropped exclusion": edit("excluded.jsonl", lambda rows: rows.pop()),
    "item twice": all_tables(lambda rows: rows.append(rows[0])),
    "other order": edit("benchmark.jsonl", lambda rows: rows.reverse()),
    "in and out": edit("excluded.jsonl", lambda rows: rows[0].update(uid="0" * 32)),
    "changed vote": edit(
        "votes.jsonl", lambda rows: [vote.update(valid=False) for row in rows for vote in row["votes"][:2]]
    ),
    "one reviewer twice": edit(
        "votes.jsonl", lambda rows: [vote.update(reviewer="reviewer-1") for vote in rows[0]["votes"]]
    ),
    "valid against the checklist": edit(
        "votes.jsonl", lambda rows: [vote.update(ethical=False) for vote in rows[0]["votes"]]
    ),
    "lower quorum": edit("votes.jsonl", lambda rows: rows[0].update(quorum=1)),
    "other wording judged": edit("votes.jsonl", lambda rows: rows[0].update(revision="0" * 64)),
    "changed statistics": lambda folder: (folder / "statistics.json").write_text(
        (folder / "statistics.json").read_text(encoding="utf-8").replace('"items": 3', '"items": 30'), encoding="utf-8"
    ),
    "demo row": edit("benchmark.jsonl", lambda rows: rows[0].update(demo=True)),
    "demo card": lambda folder: (folder / "README.md").write_text("**Demo data.** Not.\n", encoding="utf-8"),
    "unknown task type": edit(
        "benchmark.jsonl", lambda rows: rows[0].update(meta={"parsed": {"task_type": ["knitting"]}})
    ),
    "no JSON": lambda folder: (folder / "votes.jsonl").write_text("{\n"),
    "other shape": edit("votes.jsonl", lambda rows: rows[0].update(votes=3)),
    "no newline": lambda folder: (folder / "question.jsonl").write_bytes((folder / "question.jsonl").read_bytes()[:-1]),
}


def in_and_out(folder: Path) -> None:
    uid = json.loads((folder / "benchmark.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"]
    edit("excluded.jsonl", lambda rows: rows[0].update(uid=uid))(folder)


FORGED["in and out"] = in_and_out


@pytest.mark.parametrize("change", CARELESS.values(), ids=CARELESS.keys())
def test_what_was_changed_after_the_export_is_found(bundle_folder: Path, change: Change) -> None:
    change(bundle_folder)
    assert_found(bundle_folder)


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED.keys())
def test_what_was_changed_and_signed_again_is_found(bundle_folder: Path, change: Change) -> None:
    published = audit(bundle_folder).report.digest
    change(bundle_folder)
    sign_again(bundle_folder)
    assert_found(bundle_folder)
    assert f"is not the published one, {published}" in stranger(bundle_folder, "--digest", published).stdout


def assert_found(folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    told = stranger(folder)
    assert (told.returncode, told.stderr) == (1, "")
    assert len(told.stdout.splitlines()) >= 2
    assert told.stdout.splitlines()[-1].startswith("broken: ")
    # Quorum finds it from the content, not only because it happens to know the release.
    findings = audit(folder).findings
    assert [finding for finding in findings if "as it was frozen here" not in finding]
    assert len(set(findings)) == len(findings)
    with pytest.raises(SystemExit) as exit_code:
        call_command("verify_benchmark", str(folder))
    assert exit_code.value.code == 1
    assert {path.name for path in folder.iterdir()} == before  # looking changes nothing


def test_quorum_knows_its_own_releases(bundle_folder: Path) -> None:
    path = bundle_folder / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    sign_again(bundle_folder)
    assert any("is not release 1 as it was frozen here" in finding for finding in audit(bundle_folder).findings)


def test_question_lengths_are_recounted_by_quorum(bundle_folder: Path) -> None:
    edit("provenance.jsonl", lambda rows: rows[0].update(question_words=999))(bundle_folder)
    assert any("has not 999 words" in finding for finding in audit(bundle_folder).findings)


def test_contamination_is_looked_for_again_with_newer_references_too(team: Team, tmp_path: Path) -> None:
    team.item(True, True, True, True)
    folder = tmp_path / "bundle"
    actions.write_bundle(team.freeze(), folder)
    reference = make_reference("late", "how do i count the words of file number 1 and more")
    done = audit(folder)
    assert done.rechecked is True
    assert any("shares 10 words with late 1 (not among the bundle's references)" in line for line in done.findings)
    rows = [{"name": "late", "digest": reference.digest, "prompts": 1, "n": 10}]
    (folder / "references.json").write_text(json.dumps(rows), encoding="utf-8")
    sign_again(folder)
    done = audit(folder)
    assert done.rechecked is True
    assert any(line.endswith("shares 10 words with late 1") for line in done.findings)


def test_without_references_contamination_is_not_looked_for(bundle_folder: Path, reference: Reference) -> None:
    retire(reference=reference, by=None, now=NOW)
    done = audit(bundle_folder)
    assert (done.findings, done.rechecked) == ([], False)


def test_a_copy_anywhere_is_as_good(bundle_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "副本 with spaces"
    shutil.copytree(bundle_folder, copy)
    assert stranger(copy).returncode == 0
    assert stranger(bundle_folder, str(copy)).returncode == 0


def hostile_line(line: bytes) -> Change:
    """Put a line before the first row of the items."""

    def changed(folder: Path) -> None:
        path = folder / "benchmark.jsonl"
        path.write_bytes(line + b"\n" + path.read_bytes())

    return changed


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"id": "0", "id": "1"}',
        b'{"id": "\\ud800"}',
        b'{"id": ' + b"9" * 5_000 + b"}",
    ],
    ids=["deep", "repeated key", "surrogate", "huge number"],
)
def test_hostile_rows_are_findings_too(bundle_folder: Path, line: bytes) -> None:
    hostile_line(line)(bundle_folder)
    sign_again(bundle_folder)
    assert_found(bundle_folder)


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", "[" * 100_000, '{"format": "other"}', '{"format": "quorum-benchmark-1"}']
)
def test_what_is_no_bundle_is_refused(bundle_folder: Path, content: str | None) -> None:
    if content is None:
        (bundle_folder / "manifest.json").unlink()
    else:
        (bundle_folder / "manifest.json").write_text(content)
    told = stranger(bundle_folder)
    assert (told.returncode, told.stdout, len(told.stderr.splitlines())) == (2, "", 1)
    with pytest.raises(verify.NotABundle):
        audit(bundle_folder)


def test_a_manifest_cannot_send_the_verifier_elsewhere(bundle_folder: Path) -> None:
    files = {"../secret.txt": {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}}
    (bundle_folder.parent / "secret.txt").write_text("x")
    manifest(files=files)(bundle_folder)
    assert "../secret.txt: missing" in stranger(bundle_folder).stdout.splitlines()
