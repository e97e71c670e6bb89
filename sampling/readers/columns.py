"""Which column of a scrape means what; a record in, the parts of a document out."""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Column names as scrapes spell them, letters and digits only; the first that is filled wins.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "uid", "questionid", "postid", "qid", "uuid", "key"),
    "title": ("title", "questiontitle", "subject", "heading", "headline"),
    "body": (
        "body", "questionbody", "question", "prompt", "request", "turns", "messages", "conversation",
        "conversations", "text", "content", "instruction", "problem", "query", "description",
    ),
    "answer": ("answer", "acceptedanswer", "acceptedanswerbody"),
    "tags": ("tags", "tag", "labels", "questionmetadatatag", "keywords", "topics"),
    "url": ("url", "link", "href", "permalink", "sourceurl", "questionurl"),
    "licence": ("licence", "license", "contentlicense"),
    "created": ("created", "creationdate", "createdat", "createdutc", "asked", "date", "published", "timestamp"),
    "category": ("truthcategory",),
}  # fmt: skip
FIELDS = tuple(NAMES)
_LONGEST_LITERAL = 1_000_000  # characters of a Python literal; beyond that it is not a list of messages


class BadMapping(Exception):
    """A column that the file does not have, or a field that documents do not have."""


class BadField(Exception):
    """A record's field cannot be used; says which and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True)
class Parts:
    """What a record says, still as it was scraped."""

    key: str
    title: str
    body: str
    answer: str
    tags: list[str]
    url: str
    licence: str
    created: str
    category: str
    raw_digest: str
    raw_characters: int


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of nested objects by their path: questionMetadata.tag."""
    result: dict[str, Any] = {}
    for name, value in fields.items():
        result[name] = value
        if isinstance(value, Mapping):
            result.update({f"{name}.{inner}": nested for inner, nested in value.items()})
    return result


def guess(sample: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Field → column, from the names and what stands under them. Without a known body column, the longest text."""
    filled: dict[str, list[Any]] = {}
    for fields in sample:
        for name, value in flat(fields).items():
            if value not in (None, "", [], {}):
                filled.setdefault(name, []).append(value)
    plain: dict[str, str] = {}
    for name in filled:
        plain.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), name)
    mapping: dict[str, str] = {}
    for field, names in NAMES.items():
        for known in names:
            column = plain.get(known)
            if column and column not in mapping.values() and _fits(field, filled[column]):
                mapping[field] = column
                break
    if "body" not in mapping:
        texts = {
            name: sum(map(len, values)) / len(values)
            for name, values in filled.items()
            if name not in mapping.values() and all(isinstance(value, str) for value in values)
        }
        longest = max(texts, key=lambda name: (texts[name], name), default=None)
        if longest and (texts[longest] >= 80 or "title" not in mapping):
            mapping["body"] = longest
    return mapping


def _fits(field: str, values: list[Any]) -> bool:
    if field in ("title", "answer", "url", "licence"):
        return all(isinstance(value, str) for value in values)
    if field == "body":
        return all(isinstance(value, str | list) for value in values)
    if field == "created":
        # An elapsed time or a counter is not a date.
        return any(re.search(r"\d{4}-\d\d|\d{9,}|\d\d/\d\d", str(value)) for value in values)
    return not any(isinstance(value, Mapping) for value in values)


def chosen(pairs: Iterable[str], columns: Iterable[str]) -> dict[str, str]:
    """`title=Title` pairs, checked against the columns that a file has. Raises BadMapping."""
    known = set(columns)
    mapping = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign or field not in FIELDS:
            raise BadMapping(f"--map {pair}: expected field=column, where field is one of {', '.join(FIELDS)}")
        if column and column not in known:
            raise BadMapping(f"--map {pair}: there is no column {column!r}; there are {', '.join(sorted(known))}")
        mapping[field] = column
    return mapping


def parts(fields: Mapping[str, Any], mapping: Mapping[str, str]) -> Parts:
    """Raises BadField."""
    columns = flat(fields)

    def value(field: str) -> Any:
        return columns.get(mapping.get(field, ""))

    raw = json.dumps(fields, ensure_ascii=False, sort_keys=True, default=str)
    digest = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
    body = message(value("body"))
    title = _line(value("title"))
    if "title" not in mapping:
        title, body = split_title(body)
    if not title and not body.strip():
        raise BadField(mapping.get("body", "body"), "no title and no text")
    url = _line(value("url"))
    key = _line(value("id")) or url or digest
    url = url or key
    return Parts(
        key=key if len(key) <= 200 else hashlib.sha256(key.encode()).hexdigest(),
        title=title,
        body=body,
        answer=_text(value("answer")),
        tags=tags(value("tags")),
        url=url if re.match(r"https?://\S+$", url) else "",
        licence=_line(value("licence")),
        created=_line(value("created")),
        category=_line(value("category")),
        raw_digest=digest,
        raw_characters=len(body) + len(title),
    )


def _line(value: Any) -> str:
    return "" if value is None else " ".join(str(value).encode("utf-8", "replace").decode("utf-8").split())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def message(value: Any) -> str:
    """A text as it is; of a conversation (also one written as a Python or JSON literal) the first user message."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.strip()
        if text[:2] not in ("[{", "[\n") and not text.startswith("[ {"):
            return value
        value = _literal(text)
        if value is None:
            return text
    if isinstance(value, list):
        for entry in value:
            if isinstance(entry, Mapping):
                who = str(entry.get("role", entry.get("from", "user"))).lower()
                if who in ("user", "human"):
                    return _content(entry.get("content", entry.get("value", entry.get("text"))))
            elif isinstance(entry, str):
                return entry
        raise BadField("body", "a conversation without a message of its user")
    return str(value)


def _literal(text: str) -> list[Any] | None:
    if len(text) > _LONGEST_LITERAL:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
            return value
    return None


def _content(value: Any) -> str:
    if isinstance(value, list):
        return "\n\n".join(str(part.get("text", "")) for part in value if isinstance(part, Mapping))
    return "" if value is None else str(value)


def split_title(body: str) -> tuple[str, str]:
    """The first line as the title, where it reads as one: short, whole, and followed by a text of its own."""
    first, _newline, rest = body.strip().partition("\n")
    first, rest = first.strip(), rest.strip()
    reads = (
        bool(first) and len(first) <= 150 and first[-1] not in ":,;({[\\" and not re.match(r"[`<#>|\-*\d@/\[{(]", first)
    )
    follows = bool(rest) and not rest[0].islower()
    return (first, rest) if reads and follows else ("", body)


def tags(value: Any) -> list[str]:
    """From a list, "<a><b>", "|a|b|", "a, b" or a JSON list."""
    if value is None:
        return []
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("[") and text.endswith("]"):
            try:
                value = ast.literal_eval(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                value = text[1:-1].split(",")
        elif text.startswith("<"):
            value = re.findall(r"<([^<>]+)>", text)
        else:
            value = re.split(r"[|,;]", text) if re.search(r"[|,;]", text) else text.split()
    if not isinstance(value, list | tuple):
        value = [value]
    found = [str(tag).strip().strip("'\"").lower()[:60] for tag in value if tag not in (None, "")]
    return list(dict.fromkeys(tag for tag in found if tag))[:20]
