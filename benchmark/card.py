"""A release's facts and tables in; its dataset card (README.md) out, with the front matter that model hubs read."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark import verify
from benchmark.bundle import Content, terms
from benchmark.figures import LEVELS, by_level, by_subcategory, by_votes, most_first
from benchmark.verify import EXCLUDED, PROVENANCE

# Of the identifiers that hubs know, those that scraped questions come under; anything else is "other".
_HUB_LICENCES = {
    "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-2.5", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "mpl-2.0",
    "odc-by", "pddl", "unlicense",
}  # fmt: skip
_SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]

_REASONS = {
    "in_review": "votes are still missing",
    "rejected": "fewer valid votes than the quorum",
    "returned": "sent back to its author",
    "withdrawn": "withdrawn",
    "leak": "shares words with a reference prompt",
    "duplicate": "same wording as another item",
}


def card(content: Content, rows: verify.Rows) -> str:
    facts = content.facts
    licences = Counter(row["licence"] or "not stated" for row in rows[PROVENANCE])
    parts = [
        _front_matter(facts, licences),
        _DEMO if facts["demo"] else "",
        f"# {_line(facts['campaign']['name'])}, release {content.number}\n",
        _made(content),
        _waived(facts["waivers"]),
        _numbers(facts["statistics"]),
        _licences(licences),
        _left_out(rows[EXCLUDED]),
        _FILES,
        _CHECKING,
    ]
    return "\n".join(part for part in parts if part)


def hub_licence(licence: str) -> str:
    """A source's licence as hubs write it.

    >>> hub_licence("CC BY-SA 4.0"), hub_licence("MIT License"), hub_licence("ask me")
    ('cc-by-sa-4.0', 'mit', 'other')
    """
    written = re.sub(r"[\s_-]+", "-", licence.strip().lower().removesuffix("license").removesuffix("licence").strip())
    return written if written in _HUB_LICENCES else "other"


def _front_matter(facts: Mapping[str, Any], licences: Iterable[str]) -> str:
    items = facts["statistics"]["items"]
    size = next((name for limit, name in _SIZES if items < limit), "n>1M")
    languages = sorted(facts["statistics"]["natural_languages"])
    return "\n".join(
        [
            "---",
            *(["# Demo data: invented, not to be used as a benchmark."] if facts["demo"] else []),
            # JSON strings are YAML strings, whatever is in the name.
            f"pretty_name: {json.dumps(facts['campaign']['name'], ensure_ascii=False)}",
            *_list("license", sorted({hub_licence(licence) for licence in licences})),
            *_list("language", [json.dumps(language) for language in languages]),
            *_list("size_categories", [size]),
            *_list("task_categories", ["text-generation"]),
            *_list("tags", ["code", "benchmark", *(["demo"] if facts["demo"] else [])]),
            "configs:",
            "- config_name: default",
            "  data_files:",
            "  - split: test",
            f"    path: {verify.BENCHMARK}",
            "---\n",
        ]
    )


def _list(name: str, values: list[str]) -> list[str]:
    return [f"{name}:", *(f"- {value}" for value in values)] if values else []


_DEMO = f"""{verify.DEMO} The documents, annotations and votes in this release are invented and replayed.
It must not be used as a benchmark.
"""


def _made(content: Content) -> str:
    facts, rules, references = content.facts, content.facts["rules"], content.facts["references"]
    agreed = "; ".join(
        f"{term['items']} items by at least {term['quorum']} of {term['reviewers']}" for term in terms(content.entries)
    )
    table = _table(
        ("Reference", "Prompts", "SHA-256"),
        [(row["name"], row["prompts"], f"`{row['digest']}`") for row in references],
    )
    checked = (
        f"No query shares a run of {rules['ngram']} words with a prompt of these references (`{verify.REFERENCES}`; "
        f"{rules['cjk_weight']:g} Chinese, Japanese or Korean characters count as one word){_but(facts)}:\n\n{table}"
        if references
        else "**No references were loaded: these queries were not checked for contamination.**\n"
    )
    return f"""{facts["statistics"]["items"]} programming questions that people wrote from scraped questions and
answers, and on which other people agreed: every query was judged, without its author's name, for being clear, free of
ethical issues and solvable, and was kept when enough reviewers explicitly voted it valid ({agreed}).

{checked}"""


def _but(facts: Mapping[str, Any]) -> str:
    return ", but for the waived words below" if facts["waivers"] else ""


def _waived(waivers: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            row["words"],
            f"{row['reference']} {row['key']}",
            row["reason"],
            len(row["items"]),
            row["by"],
            f"`{row['digest']}`",
        )
        for row in waivers
    ]
    if not rows:
        return ""
    return f"""Words that some items share with a prompt, and that a lead of the campaign has looked at and waived
(`{verify.MANIFEST}` names the items):

{_table(("Words", "Prompt", "Reason", "Items", "Waived by", "SHA-256 of the words"), rows)}"""


def _numbers(statistics: Mapping[str, Any]) -> str:
    words, agreement = statistics["question_words"], statistics["agreement"]
    subcategories = [(*row, *levels) for *row, levels in by_subcategory(statistics)]
    lines = [
        "## Numbers\n",
        _table(("Major", "Items"), sorted(statistics["categories"].items())),
        _table(("Major", "Subcategory", "Items", *(level.title() for level in LEVELS)), subcategories),
        _table(("Difficulty", "Items"), zip(LEVELS, by_level(statistics), strict=True)),
        "An item may name several programming languages, so these sum to more than the items:\n",
        _table(("Programming language", "Items"), most_first(statistics["programming_languages"])),
        _table(("Natural language", "Items"), most_first(statistics["natural_languages"])),
        _table(("Valid votes", "Items"), by_votes(statistics)),
        f"Question length in words: {words['min']} to {words['max']}, mean {words['mean']}. A word is what the\n"
        "contamination check compares: a run of letters, digits and underscores, or a single CJK character.\n",
        f"Raw pairwise agreement of the votes: {_share(agreement['released'])} on the released items,\n"
        "which are those that reviewers agreed on;\n"
        f"{_share(agreement['decided'])} on all items that stand decided, left out ones too.\n",
    ]
    return "\n".join(lines)


def _share(agreement: Mapping[str, Any]) -> str:
    if agreement["share"] is None:
        return "undefined (no pair of votes)"
    return f"{agreement['share']:.4f} ({agreement['agreeing']} of {agreement['pairs']} pairs)"


def _licences(licences: Mapping[str, int]) -> str:
    table = _table(("Licence of the source", "Items"), most_first(licences))
    return f"""## Sources and licences

The queries are new; each was written from a scraped question, whose address, licence and digest stand beside the
excerpt it was built on in `{PROVENANCE}`. Excerpts stay under the licence of their source:

{table}"""


def _left_out(excluded: Sequence[Mapping[str, Any]]) -> str:
    reasons = Counter(row["reason"] for row in excluded)
    table = _table(("Reason", "Items"), [(_REASONS[name], count) for name, count in most_first(reasons)])
    return f"""## Left out

{len(excluded)} submitted items are not in this release. `{EXCLUDED}` names each with its reason and the evidence.

{table}"""


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(_line(str(cell)).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())


_FILES = f"""## Files

| File | Holds |
| --- | --- |
| `{verify.BENCHMARK}` | the items, as CodeArena's scorer reads them |
| `{verify.MAPPING}` | the scorer's mapping: task type to major and subcategory |
| `{verify.QUESTIONS}` | the same questions in Arena-Hard's shape |
| `{EXCLUDED}` | every submitted item that was left out, with reason and evidence, without its text |
| `{PROVENANCE}` | source, licence, digests, draw, original excerpt and required knowledge of each item |
| `{verify.VOTES}` | the votes; reviewers are numbered anew for each release |
| `{verify.STATISTICS}` | all counts, computed from the files above |
| `{verify.REFERENCES}` | the reference prompts that queries were checked against |
| `{verify.MANIFEST}`, `{verify.SUMS}` | rules, counts, and the size and SHA-256 of every file |

Reviewers also gave reasons. They are not published, since they may name people.
"""

_CHECKING = f"""## Checking this release

    python {verify.VERIFIER}
    sha256sum -c {verify.SUMS}

The first needs Python 3.10 or newer and nothing else; it also recomputes the digest of every wording, the votes and
all counts. The SHA-256 of `{verify.MANIFEST}` is the release's digest: compare it with the one that its makers
published, as in `python {verify.VERIFIER} --digest SHA256`.
"""
