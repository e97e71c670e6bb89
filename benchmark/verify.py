"""Check a benchmark release made with Quorum: `python verify.py [FOLDER]`, Python 3.10 or newer and nothing else.

Every release carries this file; without FOLDER it checks the release that it lies in. It recomputes what the release
says of itself: the digest and size of every file, the digest of every wording that reviewers judged, the votes and
their quorum, all counts and statistics. Exit code 0: whole. 1: broken, one line for each finding. 2: not a release.

A forger who rewrites everything consistently is found out by the release's digest, the SHA-256 of manifest.json:
compare it with the one its makers published (`--digest`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "quorum-benchmark-1"
DEMO = "**Demo data.**"  # how the card of a demo release begins
BENCHMARK, QUESTIONS, EXCLUDED = "benchmark.jsonl", "question.jsonl", "excluded.jsonl"
PROVENANCE, VOTES, STATISTICS = "provenance.jsonl", "votes.jsonl", "statistics.json"
MAPPING, REFERENCES, CARD, VERIFIER = "tasktype_to_levels.json", "references.json", "README.md", "verify.py"
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
CHECKLIST = ("clear", "ethical", "solvable")
# The reasons for leaving an item out that presuppose its votes were counted.
DECIDED = {"rejected", "leak", "duplicate"}
_JSONL = (BENCHMARK, QUESTIONS, EXCLUDED, PROVENANCE, VOTES)
_NEEDED = (*_JSONL, STATISTICS, MAPPING, REFERENCES, CARD, VERIFIER)

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
Part = Callable[["Report", Mapping[str, bytes]], None]
MALFORMED = (KeyError, IndexError, TypeError, AttributeError, ValueError)


class NotABundle(Exception):
    """The folder holds no release of this format."""


class Report(NamedTuple):
    findings: list[str]
    digest: str
    manifest: dict[str, Any]
    rows: dict[str, list[Row]]


def tag(subcategory: str) -> str:
    """A subcategory as the scorer looks it up."""
    return subcategory.replace("-", " ").lower()


def wording_digest(item: Row, origin: Row) -> str:
    """SHA-256 of what reviewers judged, from a row of benchmark.jsonl and its row of provenance.jsonl."""
    wording = {
        "query": item["messages"][0]["content"],
        "original": origin["original"],
        "knowledge": origin["knowledge"],
        "difficulty": item["difficulty"],
        "programming_languages": sorted(set(item["programming_language"])),
        "natural_language": item["natural_language"],
        "category": origin["category"],
    }
    canonical = json.dumps(wording, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def statistics(rows: Rows) -> dict[str, Any]:
    """Everything that is counted of a release. An agreement without a pair of votes is undefined: null."""
    items, excluded = rows[BENCHMARK], rows[EXCLUDED]
    lengths = [row["question_words"] for row in rows[PROVENANCE]]
    released = [(row["votes"]["valid"], row["votes"]["total"]) for row in items]
    refused = [(row["evidence"]["valid"], row["evidence"]["total"]) for row in excluded if row["reason"] in DECIDED]
    return {
        "items": len(items),
        "excluded": _counted(row["reason"] for row in excluded),
        "categories": _counted(row["category"] for row in items),
        "subcategories": _table((row["category"], row["subcategory"]) for row in items),
        "difficulty": _counted(row["difficulty"] for row in items),
        "difficulty_by_subcategory": _table((row["subcategory"], row["difficulty"]) for row in items),
        "programming_languages": _counted(name for row in items for name in row["programming_language"]),
        "natural_languages": _counted(row["natural_language"] for row in items),
        "question_words": {
            "min": min(lengths, default=None),
            "max": max(lengths, default=None),
            "mean": round(sum(lengths) / len(lengths), 2) if lengths else None,
        },
        "votes": _counted(f"{valid} of {total}" for valid, total in released),
        "agreement": {"released": _agreement(released), "decided": _agreement(released + refused)},
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values))


def _table(cells: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for row, column in cells:
        table[row][column] += 1
    return {name: dict(row) for name, row in table.items()}


def _agreement(counts: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """Pairs of votes on the same item that say the same, over all such pairs."""
    agreeing = pairs = 0
    for valid, total in counts:
        invalid = total - valid
        agreeing += (valid * (valid - 1) + invalid * (invalid - 1)) // 2
        pairs += total * (total - 1) // 2
    return {"agreeing": agreeing, "pairs": pairs, "share": round(agreeing / pairs, 4) if pairs else None}


def check(folder: Path) -> Report:
    """Raises NotABundle."""
    manifest, digest = read_manifest(folder)
    findings: list[str] = []
    contents = _files(folder, manifest, findings)
    report = Report(findings, digest, manifest, {name: _jsonl(name, contents, findings) for name in _JSONL})
    for part in (_items, _votes, _counts, _waivers, _demo):
        _guarded(part, report, contents)
    # A finding quotes what it found, which may be nothing that a terminal can show.
    findings[:] = [finding.encode("utf-8", "backslashreplace").decode() for finding in findings]
    return report


def read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest and its SHA-256, which is the release's digest. Raises NotABundle."""
    try:
        data = (folder / MANIFEST).read_bytes()
        manifest = _json(data)
    except (OSError, ValueError) as error:
        raise NotABundle(f"{folder / MANIFEST}: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotABundle(f"{folder / MANIFEST}: its format is not {FORMAT}")
    if not isinstance(manifest.get("files"), dict):
        raise NotABundle(f"{folder / MANIFEST}: it lists no files")
    return manifest, hashlib.sha256(data).hexdigest()


def _json(data: bytes) -> Any:
    """Raises ValueError, also for what readers could take for different things: a key that occurs twice."""
    try:
        return json.loads(data, object_pairs_hook=_distinct)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def sums(digests: Mapping[str, str]) -> str:
    """What SHA256SUMS says, in the form that `sha256sum -c` reads."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def _files(folder: Path, manifest: Row, findings: list[str]) -> dict[str, bytes]:
    """The listed files that are there, changed or not."""
    contents: dict[str, bytes] = {}
    found: dict[str, str] = {MANIFEST: hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()}
    for name, facts in sorted(manifest["files"].items()):
        path = folder / name
        if Path(name).name != name or path.is_symlink() or not path.is_file():
            findings.append(f"{name}: missing")
            continue
        data = contents[name] = path.read_bytes()
        found[name] = hashlib.sha256(data).hexdigest()
        if facts != {"sha256": found[name], "bytes": len(data)}:
            findings.append(f"{name}: not as the manifest lists it (sha256 {found[name]}, {len(data)} bytes)")
    for name in sorted(path.name for path in folder.iterdir()):
        if name not in manifest["files"] and name not in (MANIFEST, SUMS):
            findings.append(f"{name}: not part of the release")
    path = folder / SUMS
    if not path.is_file():
        findings.append(f"{SUMS}: missing")
    elif path.read_bytes() != sums(found).encode():
        findings.append(f"{SUMS}: does not say what the files are")
    findings += [f"{name}: missing in the manifest" for name in _NEEDED if name not in manifest["files"]]
    return contents


def _jsonl(name: str, contents: Mapping[str, bytes], findings: list[str]) -> list[Row]:
    rows: list[Row] = []
    lines = contents.get(name, b"").split(b"\n")
    if lines.pop():
        findings.append(f"{name}: does not end with a newline")
    for number, line in enumerate(lines, 1):
        try:
            row = _json(line)
            if not isinstance(row, dict):
                raise ValueError("not an object")
            rows.append(row)
        except ValueError as error:
            findings.append(f"{name} line {number}: {error}")
    return rows


def _guarded(
    part: Callable[[Report, Mapping[str, bytes]], None], report: Report, contents: Mapping[str, bytes]
) -> None:
    try:
        part(report, contents)
    except MALFORMED as error:
        about = part.__name__.strip("_")
        report.findings.append(f"{about}: a row has not the shape it should have, the rest is unchecked ({error!r})")


def _items(report: Report, contents: Mapping[str, bytes]) -> None:
    """Every item once, the same ones in every file, none both in and out; wordings, prompts and tags as judged."""
    findings, rows = report.findings, report.rows
    uids = {name: [str(row["id" if name == BENCHMARK else "uid"]) for row in rows[name]] for name in _JSONL}
    for name, found in uids.items():
        findings += [f"{name}: {uid} occurs {n} times" for uid, n in Counter(found).items() if n > 1]
        if found != sorted(found):
            findings.append(f"{name}: not in the order of uids")
        if name != EXCLUDED:
            findings += [f"{name}: {uid} is not in {BENCHMARK}" for uid in sorted(set(found) - set(uids[BENCHMARK]))]
            findings += [f"{name}: {uid} is missing" for uid in sorted(set(uids[BENCHMARK]) - set(found))]
    findings += [f"{EXCLUDED}: {uid} is released, too" for uid in sorted(set(uids[EXCLUDED]) & set(uids[BENCHMARK]))]
    origins = {row["uid"]: row for row in rows[PROVENANCE]}
    questions = {row["uid"]: row for row in rows[QUESTIONS]}
    mapping = _json(contents[MAPPING])
    for row in rows[BENCHMARK]:
        uid, levels = row["id"], [row["category"], row["subcategory"]]
        if uid in origins and wording_digest(row, origins[uid]) != row["revision"]:
            findings.append(f"{BENCHMARK}: {uid} has another wording than the one that was judged")
        if [(sorted(message), message["role"]) for message in row["messages"]] != [(["content", "role"], "user")]:
            findings.append(f"{BENCHMARK}: {uid} is not one message of a user")
        asked = {"uid": uid, "category": levels[0], "subcategory": levels[1], "prompt": row["messages"][0]["content"]}
        if uid in questions and questions[uid] != asked:
            findings.append(f"{QUESTIONS}: {uid} differs from {BENCHMARK}")
        tags = row["meta"]["parsed"]["task_type"]
        if tags != [tag(levels[1])] or levels != mapping.get(tags[0], [None])[0]:
            findings.append(f"{BENCHMARK}: {uid} has a task type that {MAPPING} does not give to its subcategory")


def _votes(report: Report, contents: Mapping[str, bytes]) -> None:
    """Every released item has its quorum of valid votes, cast by different reviewers on its very wording."""
    rules, items = report.manifest["rules"], {row["id"]: row for row in report.rows[BENCHMARK]}
    terms: Counter[tuple[int, int]] = Counter()
    for row in report.rows[VOTES]:
        where, ballots, item = f"{VOTES}: {row['uid']}", row["votes"], items.get(row["uid"])
        valid = sum(ballot["valid"] is True for ballot in ballots)
        terms[row["reviewers"], row["quorum"]] += 1
        if item is not None and {"valid": valid, "total": len(ballots)} != item["votes"]:
            report.findings.append(f"{where} has {valid} valid of {len(ballots)} votes; {BENCHMARK} says otherwise")
        if item is not None and row["revision"] != item["revision"]:
            report.findings.append(f"{where} was judged in another wording")
        if valid < row["quorum"] or len(ballots) > row["reviewers"]:
            report.findings.append(f"{where} has {valid} valid of {len(ballots)} votes, its quorum is {row['quorum']}")
        if len({ballot["reviewer"] for ballot in ballots}) != len(ballots):
            report.findings.append(f"{where} has two votes of one reviewer")
        if any(ballot["valid"] and not all(ballot[point] for point in CHECKLIST) for ballot in ballots):
            report.findings.append(f"{where} has a valid vote that fails the checklist")
    agreed = {(row["reviewers"], row["quorum"]): row["items"] for row in rules["terms"]}
    if agreed != terms:
        report.findings.append(f"{MANIFEST}: the rules it names are not those in {VOTES}")


def _counts(report: Report, contents: Mapping[str, bytes]) -> None:
    rows = report.rows
    reasons = _counted(row["reason"] for row in rows[EXCLUDED])
    counts = {"items": len(rows[BENCHMARK]), "excluded": len(rows[EXCLUDED]), "excluded_by_reason": reasons}
    if report.manifest["counts"] != counts:
        report.findings.append(f"{MANIFEST}: counts {report.manifest['counts']}, the files hold {counts}")
    said, counted = _json(contents[STATISTICS]), statistics(rows)
    for name in sorted(said.keys() | counted.keys()):
        if said.get(name) != counted.get(name):
            report.findings.append(f"{STATISTICS}: {name} is {said.get(name)}, counted {counted.get(name)}")


def _waivers(report: Report, contents: Mapping[str, bytes]) -> None:
    """Waived words are waived for released items, with a reason, which the card says too."""
    items, said = {row["id"] for row in report.rows[BENCHMARK]}, " ".join(contents[CARD].decode().split())
    for row in report.manifest["waivers"]:
        where = f"{MANIFEST}: the waiver {row['digest'][:12]}"
        if not row["reason"].strip() or not row["items"]:
            report.findings.append(f"{where} has no reason or no item")
        report.findings.extend(
            f"{where} is for {uid}, which is not released" for uid in row["items"] if uid not in items
        )
        if row["digest"] not in said:
            report.findings.append(f"{CARD}: it does not name the waiver {row['digest'][:12]}")


def _demo(report: Report, contents: Mapping[str, bytes]) -> None:
    demo = report.manifest["demo"]
    if any(row.get("demo", False) is not demo for row in report.rows[BENCHMARK]):
        report.findings.append(f"{BENCHMARK}: its rows do not say what the manifest says, demo: {demo}")
    if any(line.startswith(DEMO) for line in contents[CARD].decode().splitlines()) is not demo:
        report.findings.append(f"{CARD}: it does not say what the manifest says, demo: {demo}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check a benchmark release made with Quorum.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--digest", help="the digest that the makers published for this release")
    options = parser.parse_args(arguments)
    try:
        report = check(options.folder)
    except NotABundle as error:
        sys.stderr.write(f"not a release: {error}\n")
        return 2
    findings = list(report.findings)
    if options.digest and options.digest != report.digest:
        findings.append(f"{MANIFEST}: is not the published one, {options.digest}")
    for finding in findings:
        sys.stdout.write(finding + "\n")
    counts = ", ".join(f"{len(rows)} rows in {name}" for name, rows in report.rows.items())
    demo = "; DEMO DATA" if report.manifest.get("demo") else ""
    verdict = "broken" if findings else "whole"
    sys.stdout.write(f"{verdict}: digest {report.digest}; {counts}{demo}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
