"""A release's facts, items and exclusions in; the bundle's files out.

The same values give the same bytes, wherever and whenever: keys are sorted, lines end with a newline, text is UTF-8,
and no clock, path or database id gets in. The bundle's digest is the SHA-256 of its manifest, which holds the digest
of every other file.
"""

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark import verify
from benchmark.verify import BENCHMARK, EXCLUDED, MANIFEST, PROVENANCE, QUESTIONS, STATISTICS, SUMS, VOTES

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can say


@dataclass(frozen=True)
class Ballot:
    """One vote. `reviewer` tells reviewers apart and is not published."""

    reviewer: Hashable
    valid: bool
    clear: bool
    ethical: bool
    solvable: bool


@dataclass(frozen=True)
class Entry:
    """A released item: its wording, the votes on it and where it came from."""

    uid: str
    digest: str
    query: str
    original: str
    knowledge: str
    difficulty: str
    programming_languages: Sequence[str]
    natural_language: str
    category: str  # slug
    reviewers: int
    quorum: int
    ballots: Sequence[Ballot]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Excluded:
    uid: str
    digest: str
    reason: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """All that a release is made of. `facts` are those that the release keeps (`benchmark.models.Release.facts`)."""

    number: int
    facts: Mapping[str, Any]
    entries: Sequence[Entry]
    excluded: Sequence[Excluded]


def uid(*, campaign: str, corpus: str, key: str) -> str:
    """Names the item made of a document in a campaign: the same in every release and in every installation."""
    return hashlib.sha256(json.dumps([campaign, corpus, key]).encode()).hexdigest()[:32]


def tables(content: Content) -> dict[str, list[dict[str, Any]]]:
    """The rows of the bundle's tables, by file, in the order of uids."""
    facts, entries = content.facts, sorted(content.entries, key=lambda entry: entry.uid)
    places = {category["slug"]: (category["major"], category["name"]) for category in facts["taxonomy"]["categories"]}
    levels, numbers = [places[entry.category] for entry in entries], reviewer_numbers(entries)
    return {
        BENCHMARK: [
            _item(entry, major, name, demo=facts["demo"]) for entry, (major, name) in zip(entries, levels, strict=True)
        ],
        QUESTIONS: [
            {"uid": entry.uid, "category": major, "subcategory": name, "prompt": entry.query}
            for entry, (major, name) in zip(entries, levels, strict=True)
        ],
        EXCLUDED: [
            {"uid": row.uid, "revision": row.digest, "reason": row.reason, "evidence": dict(row.evidence)}
            for row in sorted(content.excluded, key=lambda row: row.uid)
        ],
        PROVENANCE: [
            {
                **entry.provenance,
                "uid": entry.uid,
                "category": entry.category,
                "original": entry.original,
                "knowledge": entry.knowledge,
            }
            for entry in entries
        ],
        VOTES: [_ballots(entry, numbers) for entry in entries],
    }


def _item(entry: Entry, major: str, subcategory: str, *, demo: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": entry.uid,
        "messages": [{"role": "user", "content": entry.query}],
        "difficulty": entry.difficulty,
        "programming_language": sorted(entry.programming_languages),
        "natural_language": entry.natural_language,
        "category": major,
        "subcategory": subcategory,
        "meta": {"parsed": {"task_type": [verify.tag(subcategory)]}},
        "votes": {"valid": sum(ballot.valid for ballot in entry.ballots), "total": len(entry.ballots)},
        "revision": entry.digest,
    }
    return {**row, "demo": True} if demo else row


def _ballots(entry: Entry, numbers: Mapping[Hashable, int]) -> dict[str, Any]:
    cast = sorted(entry.ballots, key=lambda ballot: numbers[ballot.reviewer])
    return {
        "uid": entry.uid,
        "revision": entry.digest,
        "reviewers": entry.reviewers,
        "quorum": entry.quorum,
        "votes": [{"reviewer": f"reviewer-{numbers[ballot.reviewer]}", **_said(ballot)} for ballot in cast],
    }


def _said(ballot: Ballot) -> dict[str, bool]:
    return {name: getattr(ballot, name) for name in ("valid", *verify.CHECKLIST)}


def reviewer_numbers(entries: Iterable[Entry]) -> dict[Hashable, int]:
    """Number the reviewers by the digest of what they said, which is published anyway.

    So the order tells nothing of who they are, when they joined or when they voted, and needs no secret to be kept.
    """
    said: dict[Hashable, list[Any]] = {}
    for entry in sorted(entries, key=lambda entry: entry.uid):
        for ballot in entry.ballots:
            said.setdefault(ballot.reviewer, []).append([entry.uid, _said(ballot)])
    digests = {reviewer: hashlib.sha256(_json(words)).hexdigest() for reviewer, words in said.items()}
    # Reviewers who said the very same of the very same items share a digest; whichever comes first, the bytes agree.
    return {reviewer: number for number, reviewer in enumerate(sorted(digests, key=digests.__getitem__), 1)}


def mapping(facts: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Task type → [[major, subcategory]] for the whole taxonomy: what the scorer looks up."""
    levels: dict[str, list[list[str]]] = {}
    for category in facts["taxonomy"]["categories"]:
        levels.setdefault(verify.tag(category["name"]), []).append([category["major"], category["name"]])
    return levels


def written(rows: verify.Rows) -> dict[str, bytes]:
    """The tables' files."""
    return {name: b"".join(_json(row) + b"\n" for row in table) for name, table in rows.items()}


def files(content: Content) -> dict[str, bytes]:
    """The whole bundle, by file name."""
    return assembled(content, written(tables(content)))


def assembled(content: Content, tables_written: Mapping[str, bytes]) -> dict[str, bytes]:
    """The whole bundle around the files of its tables, which cost most and depend on neither number nor card."""
    facts = content.facts
    listed = {
        **tables_written,
        verify.MAPPING: _pretty(mapping(facts)),
        verify.REFERENCES: _pretty(facts["references"]),
        STATISTICS: _pretty(facts["statistics"]),
        verify.CARD: facts["card"].encode(),
        verify.VERIFIER: facts["verifier"].encode(),
    }
    manifest = _pretty(_manifest(content, listed))
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in (listed | {MANIFEST: manifest}).items()}
    return dict(sorted((listed | {MANIFEST: manifest, SUMS: verify.sums(digests).encode()}).items()))


def _manifest(content: Content, listed: Mapping[str, bytes]) -> dict[str, Any]:
    facts = content.facts
    return {
        "format": verify.FORMAT,
        "campaign": facts["campaign"],
        "release": content.number,
        "demo": facts["demo"],
        "rules": {**facts["rules"], "terms": terms(content.entries)},
        "waivers": facts["waivers"],
        "counts": {
            "items": len(content.entries),
            "excluded": len(content.excluded),
            "excluded_by_reason": dict(Counter(row.reason for row in content.excluded)),
        },
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in listed.items()
        },
    }


def terms(entries: Iterable[Entry]) -> list[dict[str, int]]:
    """The rules under which the items were judged, with the number of items: they may have changed on the way."""
    counted = Counter((entry.reviewers, entry.quorum) for entry in entries)
    return [
        {"reviewers": reviewers, "quorum": quorum, "items": items}
        for (reviewers, quorum), items in sorted(counted.items())
    ]


def digest(bundle: Mapping[str, bytes]) -> str:
    return hashlib.sha256(bundle[MANIFEST]).hexdigest()


def archive(bundle: Mapping[str, bytes], folder: str) -> bytes:
    """The bundle as a zip file with one folder in it; the same bytes for the same bundle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(bundle):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _ZIP_EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            archive.writestr(entry, bundle[name])
    return buffer.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _pretty(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"
