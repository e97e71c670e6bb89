"""Which n for Chinese: false alarms on real Chinese questions, and recall of verbatim copies, by the rule that is used.

In Chinese an ideograph is a word to the engine, so ten of them are quickly shared. Compared are longer runs, runs in
which an ideograph counts less than a word, and a word segmenter.
"""

import csv
import importlib
import logging
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from decontamination import words
from decontamination.leaks import Index, Match
from decontamination.promptwords import Prompt
from perf import texts
from perf.peers import NotInstalled
from perf.report import Scale, progress, publish, table

N: Final = 10
_LONGER: Final = (10, 12, 15, 18, 20)
_ALONE: Final = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
_JUDGED: Final = Path(__file__).resolve().parent / "chinese_judged.csv"
_SHORTEST: Final = 5
# What a reader said of each hit of n = 10: what the text and the prompt have in common, both read.
VERDICTS: Final = {
    "copy": "the same task, its statement or its example copied",
    "sister": "another task with the same example or definition",
    "own words": "the same task, named in own words",
    "phrase": "a stock phrase",
    "code": "digits or code that anybody writes",
}

_CONCLUSION: Final = """\
**Recommended: ten words, three ideographs counting as two.** A run leaks at ten words, at fifteen ideographs, or at a
mixture of both in proportion; a prompt that is shorter leaks whole.

- It keeps every copy of a whole prompt, and every true copy among the hits of n = 10.
- It drops the stock phrases: nearly all have ten to fourteen ideographs, as 编写一个函数，该函数接受一个 has.
- It costs copied halves of fewer than fifteen ideographs, which nothing tells from such phrases. Fifteen ideographs are
  about ten Chinese words.
- A longer n for all words loses true copies, since Chinese questions copy tasks by their examples, in digits and code.
- A segmenter is no more precise. It cuts a word in a sentence otherwise than the same word alone and so misses copies,
  and the answer depends on its dictionary.
- Runs of digits such as 1, 2, 3 to 10 remain under every rule; a lead can waive them."""

Judge = Callable[[str], bool]


class _Rule(NamedTuple):
    name: str
    judge: Judge


class _Text(NamedTuple):
    key: str
    text: str


def compare(scale: Scale) -> None:
    """Print the comparison and keep it as chinese.md."""
    if not texts.real():
        progress("chinese was skipped: it needs the real corpora and benchmarks")
        return
    published = texts.published()
    prompts = published[:: max(1, len(published) // scale.prompts)]
    questions = _questions()[: scale.documents]
    rules, skipped = _rules(prompts)
    judged = _judged()
    hits = dict[str, list[_Text]]()
    for rule in rules:
        progress(f"{rule.name}: {len(questions):,} questions")
        hits[rule.name] = [each for each in questions if rule.judge(each.text)]
    clean = [each.text for each in questions if 80 <= len(each.text) <= 2000 and not rules[0].judge(each.text)]
    copies = _copies(prompts, clean)
    parts = [
        f"{len(questions):,} real Chinese questions and requests ({sum(len(each.text) for each in questions):,} "
        f"characters) against {len(prompts):,} published prompts, {sum(map(_chinese, prompts)):,} of them Chinese.",
        _CONCLUSION,
        *skipped,
        _alarms(rules, hits, judged),
        _recall(rules, copies),
        _list(hits[rules[0].name], Index.build(prompts, N), judged),
    ]
    publish("chinese", "Finding contamination in Chinese", parts, scale)


def _questions() -> list[_Text]:
    """The Chinese questions of the corpora, requests to chat models first."""
    requests = [_Text(f"carena_hard_zh:{number}", text) for number, text in enumerate(texts.chinese_prompts())]
    found = {each.text: each for each in (*requests, *(_Text(*pair) for pair in texts.chinese_questions()))}
    return list(found.values())


def _rules(prompts: Sequence[Prompt]) -> tuple[list[_Rule], list[str]]:
    indexes = {n: Index.build(prompts, n) for n in _LONGER}
    rules = [_Rule(f"runs of {n} words, an ideograph is one", _whole(indexes[n])) for n in _LONGER]
    lengths = {(each.reference, each.key): len(words.tokens(each.text)) for each in prompts}
    rules += [
        _Rule(f"{N} words, {name}", _weighed(indexes[N], lengths, share))
        for name, share in (("three ideographs count as two", 2 / 3), ("two ideographs count as one", 1 / 2))
    ]
    try:
        rules.append(_Rule(f"{N} words as jieba 0.42.1 segments them", _segmented(prompts)))
    except NotInstalled as error:
        return rules, [f"The word segmenter was skipped: {error}"]
    return rules, []


def _whole(index: Index) -> Judge:
    return lambda text: bool(index.matches(text))


def _weighed(index: Index, lengths: dict[tuple[str, str], int], share: float) -> Judge:
    """Matches whose words weigh as much as n, an ideograph being a share of a word; and whole prompts."""

    def counts(text: str, match: Match) -> bool:
        if match.words == lengths[match.reference, match.key]:
            return True
        alone = len(_ALONE.findall(text[match.start : match.end]))
        return match.words - alone * (1 - share) > index.n - 1e-9

    return lambda text: any(counts(text, match) for match in index.matches(text))


def _segmented(prompts: Sequence[Prompt]) -> Judge:
    try:
        jieba = importlib.import_module("jieba")
    except ImportError as error:
        raise NotInstalled(str(error)) from error
    jieba.setLogLevel(logging.ERROR)

    def ngrams(found: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
        return zip(*(found[i:] for i in range(length)), strict=False)

    def split(text: str) -> list[str]:
        return [word for word in jieba.lcut(words.normalise(text)) if re.search(r"\w", word)]

    known = {length: set[tuple[str, ...]]() for length in range(_SHORTEST, N + 1)}
    for prompt in prompts:
        found = split(prompt.text)
        if _SHORTEST <= len(found) < N:
            known[len(found)].add(tuple(found))
        known[N].update(ngrams(found, N))

    def judge(text: str) -> bool:
        found = split(text)
        return any(not grams.isdisjoint(ngrams(found, length)) for length, grams in known.items())

    return judge


def _chinese(prompt: Prompt) -> bool:
    return len(re.findall("[\u4e00-\u9fff]", prompt.text)) >= 5


def _copies(prompts: Sequence[Prompt], hosts: Sequence[str]) -> dict[str, list[str]]:
    """Chinese prompts, whole and their first halves, put into questions that leak nothing else."""
    pick = random.Random(4)
    found = dict[str, list[str]]()
    for prompt in filter(_chinese, prompts):
        half = prompt.text[: len(prompt.text) // 2]
        for share, copy in (("whole prompt", prompt.text), ("first half", half)):
            if share == "first half" and len(words.tokens(half)) < N:
                share = "first half, of fewer than ten words"
            host = pick.choice(hosts)
            at = pick.randrange(len(host))
            found.setdefault(f"{share}, lines of its own", []).append(f"{host[:at]}\n{copy}\n{host[at:]}")
            found.setdefault(f"{share}, in a sentence", []).append(host[:at] + copy + host[at:])
    return found


def _judged() -> dict[str, tuple[str, str]]:
    with _JUDGED.open(encoding="utf-8", newline="") as file:
        return {row["text"]: (row["verdict"], row["why"]) for row in csv.DictReader(file)}


def _alarms(rules: Sequence[_Rule], hits: dict[str, list[_Text]], judged: dict[str, tuple[str, str]]) -> str:
    rows = []
    for rule in rules:
        said = Counter(judged[each.key][0] if each.key in judged else "" for each in hits[rule.name])
        rows.append(
            [rule.name, f"{len(hits[rule.name]):,}", *(str(said[verdict]) for verdict in VERDICTS), str(said[""])]
        )
    head = ["rule", "questions that leak", *VERDICTS.values(), "not judged"]
    intro = (
        "## False alarms\n\nEvery hit of n = 10, and what the segmenter adds to them, was read and judged with its "
        "prompt; the other rules are counted by that.\n\n"
    )
    return intro + table(head, rows)


def _recall(rules: Sequence[_Rule], copies: dict[str, list[str]]) -> str:
    kinds = sorted(copies, key=lambda kind: ("half" in kind, "fewer" in kind, kind))
    rows = []
    for rule in rules:
        progress(f"{rule.name}: copies")
        shares = (sum(map(rule.judge, copies[kind])) / len(copies[kind]) for kind in kinds)
        rows.append([rule.name, *(f"{share:.3f}" for share in shares)])
    head = ["rule", *(f"{kind} ({len(copies[kind])})" for kind in kinds)]
    return "## Recall of verbatim copies\n\nOf every Chinese prompt, put into a Chinese question:\n\n" + table(
        head, rows
    )


def _list(hits: Sequence[_Text], index: Index, judged: dict[str, tuple[str, str]]) -> str:
    """The judged hits of n = 10, those with the same run in one line."""
    lines = dict[tuple[str, str, str, str], int]()
    for each in hits:
        verdict, why = judged.get(each.key, ("not judged", ""))
        longest = max(index.matches(each.text), key=lambda match: match.words)
        run = " ".join(each.text[longest.start : longest.end].split())
        shown = run if len(run) <= 44 else run[:43] + "…"
        line = (verdict, f"`{shown.replace('`', ' ')}`", f"{longest.reference} {longest.key}", why)
        lines[line] = lines.get(line, 0) + 1
    order = [*VERDICTS, "not judged"]
    rows = [
        [VERDICTS.get(line[0], line[0]), *line[1:3], line[3] or "", str(count)]
        for line, count in sorted(lines.items(), key=lambda pair: (order.index(pair[0][0]), -pair[1], pair[0]))
    ]
    intro = (
        f"## The hits of n = {N}, judged\n\nThe longest shared run of each; hits with the same run are in one line.\n\n"
    )
    return intro + table(["verdict", "shared run", "prompt", "why", "hits"], rows, left=4)
