"""Leaks of every kind, planted into texts, through the command that other teams use: a file in, verdicts out."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from decontamination import actions, words
from decontamination.leaks import Prompt
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ENGLISH = "Given a list of integers, return the largest product of any three numbers at distinct positions."
CHINESE = "给定一个整数列表，返回其中任意三个位置不同的数字的最大乘积，并说明算法的时间复杂度。"
SHORT = "Sort a list of tuples."
SHORT_CHINESE = "求两数之和。"
WORDS = ENGLISH.split()
AROUND = (
    "Our build has been failing since Monday and nobody here knows why. ",
    " Thanks in advance for any hint you have!",
)

PROMPTS = [
    Prompt("toy", "en", ENGLISH),
    Prompt("toy", "zh", CHINESE),
    Prompt("toy", "short", SHORT),
    Prompt("toy", "short zh", SHORT_CHINESE),
    Prompt("toy", "too short", "Reverse a string"),
]


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


LEAKS = {
    "exact": (ENGLISH, "en"),
    "other case": (ENGLISH.upper(), "en"),
    "other punctuation": (ENGLISH.replace(",", ";").replace(".", " --- "), "en"),
    "no punctuation": (ENGLISH.replace(",", "").replace(".", ""), "en"),
    "line-wrapped": (ENGLISH.replace("integers, ", "integers,\n").replace("three ", "three\r\n"), "en"),
    "wrapped and quoted": ("> " + ENGLISH.replace("return the", "return\n> the"), "en"),
    "full-width": (full_width(ENGLISH).replace(" ", "\u3000"), "en"),
    "in a code fence": (f"```python\n{ENGLISH}\n```", "en"),
    "in a comment of code": ("```c\n// " + ENGLISH.replace("largest ", "largest\n// ") + "\nint f();\n```", "en"),
    "Markdown between its words": (ENGLISH.replace("largest product", "**largest** `product`"), "en"),
    "other spaces": (ENGLISH.replace(" ", "\u00a0\u2009"), "en"),
    "soft hyphens in its words": (
        ENGLISH.replace("integers", "inte\u00adgers").replace("product", "prod\u00aduct"),
        "en",
    ),
    "zero-width characters between its letters": ("\u200b".join(ENGLISH), "en"),
    "joiners, marks of direction and a byte order mark": ("\ufeff\u2066" + ENGLISH.replace("r", "r\u200d\u2060"), "en"),
    "variation selectors": ("\ufe0e".join(CHINESE), "zh"),
    "n words": (" ".join(WORDS[3:13]), "en"),
    "the first n words": (" ".join(WORDS[:10]), "en"),
    "the last n words": (" ".join(WORDS[-10:]), "en"),
    "Chinese": (CHINESE, "zh"),
    "Chinese, other punctuation": (CHINESE.replace("，", "\n").replace("。", "!"), "zh"),
    "Chinese, spaced": (" ".join(CHINESE), "zh"),
    "fifteen Chinese characters": (CHINESE[9:24], "zh"),
    "a short prompt": (SHORT.upper(), "short"),
    "a short Chinese prompt": (SHORT_CHINESE, "short zh"),
}
CLEAN = {
    "n - 1 words": " ".join(WORDS[3:12]),
    "the first n - 1 words": " ".join(WORDS[:9]),
    "the last n - 1 words": " ".join(WORDS[-9:]),
    "n words with another among them": " ".join([*WORDS[:6], "positive", *WORDS[6:14]]),
    "n words in another order": " ".join(WORDS[9::-1]),
    "fourteen Chinese characters": CHINESE[9:23],
    "a stock phrase in Chinese": "编写一个函数，该函数接受一个列表",
    "a short prompt without its last word": "Sort a list of",
    "a prompt of fewer than five words": "Reverse a string",
    "nothing": "",
    # What the guide says it does not see.
    "letters that look alike": ENGLISH.replace("e", "е").replace("o", "о"),
    "underscores in words": ENGLISH.replace("tinct", "_tinct").replace("teg", "_teg").replace("g", "_g"),
    "Markdown in words": ENGLISH.replace("i", "*i*"),
    "HTML entities": ENGLISH.replace("i", "&#105;"),
}


def check(tmp_path: Path, texts: list[str], *options: str) -> list[dict[str, Any]]:
    actions.load_reference(name="toy", prompts=PROMPTS, source="toy", by=None, now=NOW)
    path, report = tmp_path / "texts.jsonl", tmp_path / "report.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    try:
        call_command("check_contamination", str(path), "--json", str(report), *options)
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    rows = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert code == int(any(row["leak"] for row in rows))
    assert [row["line"] for row in rows] == list(range(1, len(texts) + 1))
    return rows


@pytest.mark.parametrize("place", ["alone", "at the start", "at the end", "in the middle"])
def test_leaks_of_every_kind_are_found_wherever_they_stand(tmp_path: Path, place: str) -> None:
    before = AROUND[0] if place in {"at the end", "in the middle"} else ""
    after = AROUND[1] if place in {"at the start", "in the middle"} else ""
    texts = [before + planted + after for planted, _key in LEAKS.values()]
    rows = check(tmp_path, texts)
    for (kind, (planted, key)), text, row in zip(LEAKS.items(), texts, rows, strict=True):
        assert row["leak"] is True, kind
        assert [match["key"] for match in row["matches"]] == [key], kind
        match = row["matches"][0]
        found = text[match["start"] : match["end"]]
        assert found.strip("/> \n`*.。!") in planted, kind
        assert len(words.tokens(found)) == match["words"], kind
        assert " ".join(words.tokens(found)) in " ".join(words.tokens(planted)), kind
        assert len(before) <= match["start"] < match["end"] <= len(before) + len(planted), kind


def test_what_is_no_leak_is_not_called_one(tmp_path: Path) -> None:
    rows = check(tmp_path, [f"{AROUND[0]}{text}{AROUND[1]}" for text in CLEAN.values()])
    assert [kind for kind, row in zip(CLEAN, rows, strict=True) if row["leak"] or row["matches"]] == []


def test_how_much_a_character_counts_is_an_option(tmp_path: Path) -> None:
    texts = [CHINESE[9:19], CHINESE[9:24], CHINESE[9:30]]
    assert [row["leak"] for row in check(tmp_path, texts, "--cjk-weight", "1")] == [True, True, True]
    assert [row["leak"] for row in check(tmp_path, texts)] == [False, True, True]
    assert [row["leak"] for row in check(tmp_path, texts, "--cjk-weight", "2")] == [False, False, True]


@pytest.mark.parametrize(
    ("shared", "leak"),
    [
        ("编写一个函数，该函数接受一个", False),
        ("返回列表中所有字符串的最长公共前缀", True),
        ("用 Python 编写 longest_prefix 函数，返回最长公共前缀", True),
    ],
)
def test_the_guides_examples(tmp_path: Path, shared: str, leak: bool) -> None:
    prompt = Prompt("guide", "1", f"问：{shared}。此外还要写出完整的测试并解释每一步的理由")
    actions.load_reference(name="guide", prompts=[prompt], source="guide", by=None, now=NOW)
    assert [row["leak"] for row in check(tmp_path, [f"Hello: {shared}!"])] == [leak]


@pytest.mark.parametrize("weight", ["0.5", "1.25", "6"])
def test_a_weight_out_of_range_is_refused(tmp_path: Path, weight: str) -> None:
    with pytest.raises(CommandError, match="--cjk-weight: from 1 to 5, in tenths"):
        check(tmp_path, ["x"], "--cjk-weight", weight)
