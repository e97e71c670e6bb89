"""What a bundle is checked for where Quorum is installed, beyond what its own verify.py can."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.wording import Wording
from benchmark import verify
from benchmark.models import Release
from benchmark.verify import BENCHMARK, MANIFEST, PROVENANCE, REFERENCES, Report
from decontamination import words
from decontamination.indexes import current_index
from decontamination.models import Reference


@dataclass(frozen=True)
class Audit:
    """`rechecked`: references are in force here, so contamination was looked for again, by `references` of them."""

    report: Report
    findings: list[str]
    known: bool
    rechecked: bool
    references: int


def audit(folder: Path) -> Audit:
    """Raises verify.NotABundle."""
    report = verify.check(folder)
    findings, known = list(report.findings), False
    in_force = set(Reference.objects.in_force().values_list("name", "digest"))
    try:
        rules, campaign = report.manifest["rules"], report.manifest["campaign"]["slug"]
        findings += _wordings(report)
        frozen = Release.objects.frozen().filter(campaign__slug=campaign, number=report.manifest["release"]).first()
        if frozen is not None:
            known = True
            if frozen.digest != report.digest:
                findings.append(f"{MANIFEST}: is not release {frozen.number} as it was frozen here ({frozen.digest})")
        if in_force:
            unknown = {name for name, _digest in in_force - _references(folder)}
            findings += _leaks(report, rules, unknown)
    except verify.MALFORMED as error:
        findings.append(f"{MANIFEST}: it or a row has not the shape it should have ({error!r})")
    return Audit(report, findings, known, bool(in_force), len(in_force))


def _wordings(report: Report) -> list[str]:
    """The published fields are exactly what reviewers judged, and questions are as long as is said."""
    findings, origins = [], {row["uid"]: row for row in report.rows[PROVENANCE]}
    for row in report.rows[BENCHMARK]:
        origin = origins.get(row["id"])
        if origin is None:
            continue  # found already
        query = row["messages"][0]["content"]
        wording = Wording.of({**row, **_judged(row, origin), "query": query})
        if wording.digest() != row["revision"] or wording.query != query:
            findings.append(f"{BENCHMARK}: {row['id']} has another wording than the one that was judged")
        if len(words.split(query).words) != origin["question_words"]:
            findings.append(f"{PROVENANCE}: {row['id']} has not {origin['question_words']} words")
    return [finding for finding in findings if finding not in report.findings]


def _judged(row: verify.Row, origin: verify.Row) -> dict[str, Any]:
    return {
        "original": origin["original"],
        "knowledge": origin["knowledge"],
        "category": origin["category"],
        "programming_languages": row["programming_language"],
    }


def _references(folder: Path) -> set[tuple[str, str]]:
    path = folder / REFERENCES
    rows = json.loads(path.read_bytes()) if path.is_file() else []
    return {(row["name"], row["digest"]) for row in rows}


def _leaks(report: Report, rules: Mapping[str, Any], unknown: set[str]) -> list[str]:
    """What leaks and is not waived in the manifest, for this item and with these very words.

    `unknown` are references, or versions of them, that the bundle was not checked against when it was made.
    """
    index = current_index(n=rules["ngram"], cjk_weight=rules["cjk_weight"])
    waived = {(uid, row["digest"]) for row in report.manifest["waivers"] for uid in row["items"]}
    findings = []
    for row in report.rows[BENCHMARK]:
        matches = index.matches(row["messages"][0]["content"])
        for match in [match for match in matches if (row["id"], match.digest) not in waived][:1]:
            later = " (not among the bundle's references)" if match.reference in unknown else ""
            shared = f"shares {match.words} words with {match.reference} {match.key}{later}"
            findings.append(f"{BENCHMARK}: {row['id']} {shared}")
    return findings
