"""Texts to measure on, the same in every run.

In:  real corpora and benchmarks (the folder QUORUM_DATA, see ``DATA``) where they are, else the demo corpus.
Out: as many documents and prompts as asked for, recombined from these, and documents with leaks planted in them.
"""

import csv
import gzip
import html
import json
import os
import random
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from decontamination import words
from decontamination.promptwords import Prompt
from decontamination.publishers import NAMES, read_prompts

_HERE: Final = Path(__file__).resolve().parent
DATA: Final = Path(os.environ.get("QUORUM_DATA", _HERE.parents[1] / "shared" / "data"))
_DEMO: Final = _HERE.parent / "fixtures" / "demo"
_TAG: Final = re.compile(r"<[^>]+>")
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_FEWEST_WORDS: Final = 10  # of a recombined prompt
_LONGEST_LINE: Final = 400  # characters; longer ones are minified code and encoded data


class Planted(NamedTuple):
    """A document with a leak put into it, and what kind of leak it is."""

    kind: str
    text: str


def real() -> bool:
    """Whether the real corpora and benchmarks are there."""
    return (DATA / "corpora").is_dir() and (DATA / "references").is_dir()


def source() -> str:
    """Where the texts are from, for the reader of a table."""
    if real():
        return "recombined from real questions (Stack Overflow, StackEval, RealHumanEval, Arena-Hard, Chinese Q&A)"
    return "recombined from the demo corpus, because the real corpora are not here: not comparable with other runs"


@cache
def _questions() -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Titles, and the lines of the bodies of at least 200 characters."""
    titles, bodies = list[str](), list[tuple[str, ...]]()
    for text in _real_texts() if real() else _demo_texts():
        if len(text) < 200:
            titles.append(text.strip())
            continue
        lines = (line.rstrip() for line in _plain(text).splitlines())
        bodies.append(tuple(line[:_LONGEST_LINE] for line in lines if line))
    return tuple(titles), tuple(body for body in bodies if body)


def _demo_texts() -> Iterator[str]:
    for record in _json_lines(_DEMO / "corpus.jsonl"):
        yield record["title"]
        yield record["body"]


def _real_texts() -> Iterator[str]:
    corpora = DATA / "corpora"
    for record in _json_lines(corpora / "questions.jsonl.gz"):
        yield record["title"]
        yield record["body"]
    for record in _json_lines(corpora / "stackeval.jsonl"):
        yield record["question"]
    for record in _json_lines(corpora / "arena_hard_v2.jsonl"):
        yield record["prompt"]
    yield from chinese_prompts()
    for name, field in (
        ("stackoverflow_questions.csv", "Body"),
        ("sede_export.csv", "body"),
        ("realhumaneval_chat.csv", "response"),
    ):
        for row in _table(name):
            yield row[field] or ""


def _table(name: str) -> Iterator[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with (DATA / "corpora" / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _plain(markup: str) -> str:
    return html.unescape(_TAG.sub("", markup))


def chinese_prompts() -> list[str]:
    """Chinese requests to chat models, whole."""
    records = json.loads((DATA / "corpora" / "carena_hard_zh.json").read_text("utf-8"))
    return ["\n".join(turn["content"] for turn in record["turns"] if turn["role"] == "user") for record in records]


def chinese_questions() -> list[tuple[str, str]]:
    """Chinese questions, each with its id: title and body."""
    chinese = (each for each in asked() if each["natural_language"] == "zh")
    return [(each["id"], f"{each['title']}\n{each['body']}".strip()) for each in chinese]


def asked() -> Iterator[dict[str, Any]]:
    """Records of questions in several languages: title, body, tags, natural_language and more."""
    return _json_lines(DATA / "corpora" / "questions.jsonl.gz")


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, gzip.open(file) if path.suffix == ".gz" else file as lines:
        for line in lines:
            yield json.loads(line)


def questions(count: int) -> list[str]:
    """So many questions as they were asked: title and body, without markup."""
    if real():
        rows = _table("stackoverflow_questions.csv")
        asked = ((row["Title"], row["Body"]) for row in rows)
    else:
        asked = ((record["title"], record["body"]) for record in _json_lines(_DEMO / "corpus.jsonl"))
    return [f"{title}\n{_plain(body)}".strip() for title, body in islice(asked, count)]


def questions_from() -> str:
    return "Stack Overflow" if real() else "the demo corpus"


def labelled(count: int, seed: int = 5) -> list[tuple[str, str]]:
    """Titles that differ, each with its question's first tag, one of the twenty commonest; so many of them at most."""
    if real():
        records = _json_lines(DATA / "corpora" / "questions.jsonl.gz")
        found = {each["title"]: each["tags"][0].lower() for each in records if each["title"] and each["tags"]}
    else:
        found = {each["title"]: each["truth"]["category"] for each in _json_lines(_DEMO / "corpus.jsonl")}
    usual = {tag for tag, _number in Counter(found.values()).most_common(20)}
    rows = [(title, tag) for title, tag in found.items() if tag in usual]
    return random.Random(seed).sample(rows, min(count, len(rows)))


def labels_from() -> str:
    return "with the first tag of each as its label" if real() else "with the demo corpus's categories as labels"


def documents(count: int, seed: int = 1) -> Iterator[str]:
    """Documents of about 1.3 kB: a title, then runs of lines of several questions."""
    titles, bodies = _questions()
    pick = random.Random(seed)
    for _ in range(count):
        size, goal = 0, pick.randrange(500, 1700)
        lines = [pick.choice(titles)]
        while size < goal:
            body = pick.choice(bodies)
            start = pick.randrange(len(body))
            run = body[start : start + pick.randrange(3, 9)]
            lines += run
            size += sum(map(len, run))
        yield "\n".join(lines)


@cache
def published() -> tuple[Prompt, ...]:
    """The prompts of the benchmarks, as their authors publish them."""
    if not real():
        return tuple(read_prompts(_DEMO / "demo-puzzles.jsonl", "demo", field="prompt"))
    return tuple(prompt for name in NAMES for prompt in read_prompts(DATA / "references" / name, name))


def prompts(count: int, seed: int = 2) -> list[Prompt]:
    """So many prompts: the published ones, then new ones, each as long as a published one and made of pieces of
    three to eight words of these."""
    found = list(islice(published(), count))
    pieces = [piece for prompt in published() for piece in _pieces(prompt.text)]
    lengths = [len(words.tokens(prompt.text)) for prompt in published()]
    pick = random.Random(seed)
    for number in range(count - len(found)):
        goal, chosen = max(_FEWEST_WORDS, pick.choice(lengths)), list[str]()
        while goal > 0:
            length, piece = pick.choice(pieces)
            goal -= length
            chosen.append(piece)
        found.append(Prompt("recombined", str(number), " ".join(chosen)))
    return found


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Stretches of a text with their numbers of words."""
    split = words.split(text)
    at, sizes = 0, random.Random(text)
    while at < len(split.words):
        end = min(at + sizes.randrange(3, 9), len(split.words))
        yield end - at, text[split.starts[at] : split.ends[end - 1]]
        at = end


def planted(hosts: Sequence[str], each: int, seed: int = 3) -> list[Planted]:
    """Documents with one leak in each, as many of every kind: the hosts, with a prompt between two of their lines.

    The prompts are published ones of 20 to 80 words, so that every engine has enough of them to see.
    """
    pick = random.Random(seed)
    latin, han = list[str](), list[str]()
    for prompt in published():
        share = len(_HAN.findall(prompt.text)) / len(prompt.text)
        if 20 <= len(words.tokens(prompt.text)) <= 80 and (share == 0 or share > 0.4):
            (han if share else latin).append(prompt.text)
    kinds = [(kind, change, han if kind.startswith("Chinese") else latin) for kind, change in KINDS.items()]
    found, next_host = list[Planted](), iter(hosts)
    for kind, change, sources in kinds:
        for _ in range(each if sources else 0):
            lines = next(next_host).split("\n")
            lines.insert(pick.randrange(1, len(lines) + 1), change(pick.choice(sources)))
            found.append(Planted(kind, "\n".join(lines)))
    pick.shuffle(found)
    return found


def _punctuated(text: str) -> str:
    """Other signs between the same words, and some of them in bold."""
    other = text.translate(str.maketrans(".,;:'\"()[]`!?", ";;—.’”[]()*.。"))
    return re.sub(r"(\S+\s+\S+\s+\S+\s+)(\w+)", r"\1**\2**", other)


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text).replace(" ", "\u3000")


def _passage(length: int, text: str) -> str:
    split = words.split(text)
    first = (len(split.words) - length) // 2
    return text[split.starts[first] : split.ends[first + length - 1]]


KINDS: Final[dict[str, Callable[[str], str]]] = {
    "exact": str,
    "other case": str.upper,
    "other punctuation": _punctuated,
    "line-wrapped": lambda text: textwrap.fill(text, 38, break_long_words=False, break_on_hyphens=False),
    "code comment": lambda text: textwrap.indent(textwrap.fill(text, 60, break_long_words=False), "# "),
    "full-width": _wide,
    "12 words of it": lambda text: _passage(12, text),
    "Chinese, exact": str,
    "Chinese, 16 words": lambda text: _passage(16, text),
}
