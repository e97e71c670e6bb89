"""The index equals brute force, and planted leaks of every kind are decided right."""

import doctest
import itertools
import re
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decontamination import fingerprints, leaks, parallel, words
from decontamination.leaks import Index, Match, Prompt
from decontamination.publishers import read_prompts

ENGLISH = "Write a function that returns the longest common prefix of all strings in a given list"
CHINESE = "编写一个函数，返回列表中所有字符串的最长公共前缀。"
MIXED = "请用 Python 编写 longest_prefix 函数 with two arguments"
SHORT = "Sort a list of tuples"
PROMPTS = [
    Prompt("mbpp", "1", ENGLISH),
    Prompt("ncb", "zh/1", CHINESE),
    Prompt("ncb", "zh/2", MIXED),
    Prompt("mbpp", "2", SHORT),
    Prompt("mbpp", "3", "Sort them all"),
]
INDEX = Index.build(PROMPTS)


def counted(run: Sequence[str], weight: Fraction) -> Fraction:
    """What a run of words counts, by the names of the first characters."""
    cjk = sum(unicodedata.name(word[0]).startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL SYLL")) for word in run)
    return len(run) - cjk + cjk / weight


def brute(prompts: Sequence[Prompt], text: str, n: int, shortest: int, weight: str = "1") -> list[Match]:
    """The definition, tried at every place of text and prompt."""
    per_word = Fraction(weight)
    mine, matches = words.split(text), []
    for prompt in prompts:
        theirs = words.split(prompt.text)
        total, furthest = len(theirs.words), 0
        for at in range(len(mine.words)):
            best, first = 0, 0
            for place in range(total):
                length = 0
                while (
                    at + length < len(mine.words)
                    and place + length < total
                    and mine.words[at + length] == theirs.words[place + length]
                ):
                    length += 1
                if length > best:
                    best, first = length, place
            run = mine.words[at : at + best]
            whole = shortest <= total and counted(theirs.words, per_word) < n and best == total
            if (counted(run, per_word) >= n and at + best > furthest) or whole:
                furthest = at + best
                span = mine.starts[at], mine.ends[at + best - 1], best
                prompt_span = theirs.starts[first], theirs.ends[first + best - 1]
                matches.append(Match(*prompt[:2], *span, *prompt_span, " ".join(run)))
    return sorted(matches, key=lambda match: (match.start, match.reference, match.key, match.end))


def keys(text: str, index: Index = INDEX) -> list[str]:
    found = index.matches(text)
    assert list(index.scan(["nothing here", text, "nor here"])) == [False, bool(found), False]
    assert found == brute(PROMPTS, text, index.n, index.shortest)
    return [match.key for match in found]


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text).replace(" ", "\u3000")


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        ENGLISH.upper(),
        ENGLISH.replace(" ", ", "),
        "- " + ENGLISH.replace(" ", "\n// "),
        ENGLISH.replace(" ", "\r\n\t"),
        wide(ENGLISH),
        f"Hi!\n```python\n# {ENGLISH}\ndef f(): ...\n```\nThanks",
        f"'''{ENGLISH}'''",
        ENGLISH + " " + "and more words than there were " * 9,
        "some words that stand before it " * 9 + ENGLISH,
        f"1. **{ENGLISH.replace(' ', '**—*')}*",
        ENGLISH.replace("fi", "ﬁ").replace(" ", "\u00a0"),
        " ".join(ENGLISH.split()[:10]),
        " ".join(ENGLISH.split()[-10:]),
        " ".join(ENGLISH.split()[3:13]),
    ],
)
def test_leaks_of_every_kind(text: str) -> None:
    assert keys(text) == ["1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHINESE, ["zh/1"]),
        (CHINESE.replace("，", "\n").replace("。", "！"), ["zh/1"]),
        ("你好。" + " ".join(CHINESE) + "谢谢", ["zh/1"]),
        (CHINESE[:11], ["zh/1"]),  # ten ideographs and a comma
        (CHINESE[:10], []),
        ("问题：" + CHINESE[-11:], ["zh/1"]),
        ("问题：" + CHINESE[-10:], []),
        (MIXED.upper(), ["zh/2"]),
        (wide(MIXED), ["zh/2"]),
        (f"{MIXED}\n\n{CHINESE}\n\n{ENGLISH}", ["zh/2", "zh/1", "1"]),
    ],
)
def test_chinese_and_mixed(text: str, expected: list[str]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("before", range(7))  # whatever the distance to the next anchor
def test_n_words_leak_and_one_less_do_not(start: int, before: int) -> None:
    lead, run = "word " * before, ENGLISH.split()
    assert keys(lead + " ".join(run[start : start + 10]) + " other") == ["1"]
    assert keys(lead + " ".join(run[start : start + 9]) + " other") == []
    torn = [*run[start : start + 5], "torn", *run[start + 5 : start + 14]]
    assert keys(lead + " ".join(torn)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHORT, ["2"]),
        ("please: SORT a\nlist, of (tuples)!", ["2"]),
        ("Sort a list of tuple", []),
        ("Resort a list of tuples", []),
        ("Sort a list of 2 tuples", []),
        ("Sort them all", []),  # three words are too few
        (f"{SHORT}. {SHORT}", ["2", "2"]),
    ],
)
@pytest.mark.parametrize("before", range(4))
def test_short_prompts_leak_whole(text: str, expected: list[str], before: int) -> None:
    assert keys("word " * before + text) == expected


def test_prompts_of_too_few_words_are_named() -> None:
    assert INDEX.ignored == [("mbpp", "3")]
    assert len(INDEX) == len(PROMPTS)


def test_a_match_says_where() -> None:
    text = f"Straße ½: “{wide(ENGLISH[8:])}”!"
    (match,) = INDEX.matches(text)
    assert text[match.start : match.end] == wide(ENGLISH[8:])
    assert ENGLISH[match.prompt_start : match.prompt_end] == ENGLISH[8:]
    assert (match.reference, match.key, match.words) == ("mbpp", "1", len(ENGLISH.split()) - 2)


def test_runs_do_not_reach_from_one_text_into_the_next() -> None:
    half, rest = ENGLISH[: len(ENGLISH) // 2], ENGLISH[len(ENGLISH) // 2 :]
    assert list(INDEX.scan([half, rest, half, rest, "Sort a list", "of tuples", SHORT])) == [False] * 6 + [True]


def test_short_prompts_do_not_either() -> None:
    index = Index.build([Prompt("r", "1", "Sort a very long list of tuples")])
    assert list(index.scan(["sort a very long list", "of tuples", "sort a very long list of tuples"])) == [0, 0, 1]


def test_runs_do_not_reach_from_one_prompt_into_the_next() -> None:
    index = Index.build([Prompt("r", "a", "one two three"), Prompt("r", "b", "four five six")], n=3, shortest=3)
    assert [match.key for match in index.matches("one two three four five six")] == ["a", "b"]
    assert not index.matches("two three four five")


# Few words, some of which look alike to a fingerprint (the same eight bytes first, the same length).
few = st.sampled_from(
    [
        *("a", "a", "b", "B", "c", "prefixed_x", "prefixed_y", "数", "数据", "é", "½", "ﬁ", "0", "か゚", "한국"),
        *("\u00ada", "pre\u200bfixed_x", "数\ufe00", "\u200b", "😀\u200d", "\x00", "w" * 40, "w" * 39 + "v"),
    ]
)
sentences = st.lists(st.tuples(few, st.sampled_from([" ", ", ", "\n", "——"])), max_size=45).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


@settings(max_examples=400, deadline=None)
@given(
    prompts=st.lists(sentences, max_size=5),
    texts=st.lists(sentences, max_size=6),
    n=st.integers(1, 11),
    shortest=st.integers(1, 12),
    weight=st.sampled_from(["1", "1", "1.5", "2", "2.3", "3", "10"]),
    whole=st.booleans(),
)
def test_equals_brute_force(
    prompts: list[str], texts: list[str], n: int, shortest: int, weight: str, whole: bool
) -> None:
    named = [Prompt(f"r{i % 2}", str(i), prompt) for i, prompt in enumerate(prompts)]
    if whole:
        texts = texts + prompts + ["a ".join(prompts)]
    index = Index.build(named, n, shortest, float(weight))
    expected = [brute(named, text, n, shortest, weight) for text in texts]
    assert [index.matches(text) for text in texts] == expected
    assert list(index.scan(texts)) == [bool(matches) for matches in expected]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=30, max_size=200), st.data())
def test_equals_brute_force_in_small_slabs(numbers: list[int], data: st.DataObject) -> None:
    prompt = Prompt("r", "1", " ".join("xyz"[i] for i in numbers))
    text = " ".join("xyz"[i] for i in data.draw(st.lists(st.integers(0, 2), max_size=200)) + numbers[5:])
    index = Index.build([prompt], 4, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaks, "_PAIRS", 7)
        patch.setattr(leaks, "_BATCH", 50)
        assert index.matches(text) == brute([prompt], text, 4, 2)
        assert list(index.scan([text] * 5)) == [bool(index.matches(text))] * 5


@settings(max_examples=200, deadline=None)
@given(
    base=st.one_of(
        st.lists(st.sampled_from("ab数"), min_size=20, max_size=60),
        st.tuples(st.lists(st.sampled_from("ab数"), min_size=1, max_size=4), st.integers(20, 60)).map(
            lambda part: [part[0][i % len(part[0])] for i in range(part[1])]
        ),
    ),
    weight=st.sampled_from(["1", "1.5"]),
    data=st.data(),
)
def test_equals_brute_force_where_prompts_begin_end_and_overlap_each_other(
    base: list[str], weight: str, data: st.DataObject
) -> None:
    """Pieces of one text, often a periodic one, as prompts of five to fourteen words and as texts."""
    piece = st.tuples(st.integers(0, len(base) - 5), st.integers(5, 14)).map(lambda at: base[at[0] : at[0] + at[1]])
    prompts = data.draw(st.lists(piece, min_size=1, max_size=6))
    pieces = data.draw(st.lists(st.one_of(piece, st.just(["z"])), max_size=6))
    named = [Prompt("r", str(number), " ".join(prompt)) for number, prompt in enumerate(prompts)]
    texts = [" ".join(itertools.chain(*pieces)), *(" ".join(each) for each in pieces), " ".join(base)]
    index = Index.build(named, 10, 5, float(weight))
    expected = [brute(named, text, 10, 5, weight) for text in texts]
    assert [index.matches(text) for text in texts] == expected
    assert list(index.scan(texts)) == [bool(matches) for matches in expected]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from("数据排序a"), min_size=20, max_size=90), st.data())
def test_equals_brute_force_where_characters_count_less(prompt: list[str], data: st.DataObject) -> None:
    """Runs of n words that leak only with the words around them, in text after text."""
    at = data.draw(st.integers(0, len(prompt) - 1))
    parts = data.draw(st.lists(st.lists(st.sampled_from("数据排序a"), max_size=12), min_size=2, max_size=4))
    texts = ["".join(part) + "".join(prompt[at : at + 14]) for part in parts] + [" ".join(prompt[:at])]
    named = [Prompt("r", "1", " ".join(prompt)), Prompt("r", "2", " ".join(prompt[::-1]))]
    index = Index.build(named, 5, 5, 2.0)
    expected = [brute(named, text, 5, 5, "2") for text in texts]
    assert [index.matches(text) for text in texts] == expected
    assert list(index.scan(texts)) == [bool(matches) for matches in expected]


@pytest.mark.parametrize("start", range(5))
def test_characters_that_count_half_need_twice_as_many(start: int) -> None:
    prompt = "给定一个整数数组请返回其中没有出现的最小的正整数并说明时间复杂度"
    index = Index.build([Prompt("r", "zh", prompt)], cjk_weight=2.0)
    enough, less = prompt[start : start + 20], prompt[start : start + 19]
    assert [match.words for match in index.matches(f"问:{enough}吗")] == [20]
    assert index.matches(f"问:{less}吗") == []
    assert index.scan([f"问:{enough}吗", f"问:{less}吗", prompt]).tolist() == [True, False, True]


def test_a_prompt_that_counts_less_than_n_leaks_whole() -> None:
    index = Index.build([Prompt("r", "zh", CHINESE[:16]), Prompt("r", "few", "排序列表")], cjk_weight=2.0)
    assert [match.key for match in index.matches("问题: " + CHINESE[:16])] == ["zh"]
    assert index.matches("问题: " + CHINESE[:15]) == []
    assert index.ignored == [("r", "few")]


def test_every_chinese_prompt_is_found_in_a_verbatim_copy(shared_data: Path) -> None:
    prompts = [
        prompt
        for name in ("mbpp", "naturalcodebench", "humaneval")
        for prompt in read_prompts(shared_data / "references" / name, name)
        if sum(words.cjk(words.tokens(prompt.text))) >= 5
    ]
    assert len(prompts) > 200
    copies = [f"请问:\n> {prompt.text.replace('。', '!')}\n谢谢" for prompt in prompts]
    for weight in (1.0, 1.5, 2.0, 3.0):
        index = Index.build(prompts, cjk_weight=weight)
        assert index.scan(copies).all()
        assert {(prompt.reference, prompt.key) for prompt in prompts} == {
            match[:2] for copy in copies for match in index.matches(copy)
        }


@pytest.mark.parametrize("weight", [0.9, 0, 1.25])
def test_weights_are_tenths_from_one(weight: float) -> None:
    with pytest.raises(ValueError, match="in tenths"):
        Index.build(PROMPTS, cjk_weight=weight)


def test_words_are_compared_even_if_all_fingerprints_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "_FIRST_BYTES", np.zeros(9, np.uint64))  # words known by their length only
    prompts = [Prompt("r", "1", "aa bb cc dd ee ff gg hh"), Prompt("r", "2", "xx yy zz")]
    index = Index.build(prompts, 4, 3)
    for text in ("aa bb cc xx ee ff gg hh yy", "xx yy xx yy zz aa", "aa bb cc dd ee", "zz yy xx ww vv uu tt ss"):
        assert index.matches(text) == brute(prompts, text, 4, 3)
        assert index.scan([text]).tolist() == [bool(brute(prompts, text, 4, 3))]


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    empty = Index.build([])
    assert len(empty) == 0
    assert empty.matches(ENGLISH) == []
    assert empty.scan([ENGLISH, ""]).tolist() == [False, False]
    assert INDEX.scan([]).tolist() == []
    assert INDEX.scan(iter([""])).tolist() == [False]
    assert INDEX.matches("") == []
    empty.save(tmp_path / "index")
    assert Index.load(tmp_path / "index", check=True).scan([ENGLISH]).tolist() == [False]


def test_bad_settings_and_twice_the_same_key() -> None:
    with pytest.raises(ValueError, match="at least 1 word"):
        Index.build(PROMPTS, n=0)
    with pytest.raises(ValueError, match="two prompts of mbpp have the key '1'"):
        Index.build([*PROMPTS, Prompt("mbpp", "1", "another")])


def test_digest_stands_for_settings_and_prompts_in_any_order() -> None:
    digest = INDEX.digest
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert Index.build(reversed(PROMPTS)).digest == digest
    others = [
        Index.build(PROMPTS[1:]),
        Index.build(PROMPTS, n=9),
        Index.build(PROMPTS, shortest=4),
        Index.build(PROMPTS, cjk_weight=1.5),
        Index.build([*PROMPTS[1:], PROMPTS[0]._replace(text=ENGLISH + ".")]),
        Index.build([*PROMPTS[1:], PROMPTS[0]._replace(key="0")]),
        Index.build([*PROMPTS[1:], PROMPTS[0]._replace(reference="other")]),
    ]
    assert len({digest, *(index.digest for index in others)}) == 8


@pytest.mark.parametrize("saved", [False, True])
def test_several_processes_say_the_same(tmp_path: Path, saved: bool) -> None:
    index = INDEX
    if saved:
        INDEX.save(tmp_path / "index")
        index = Index.load(tmp_path / "index")
    texts = [f"{i} {ENGLISH if i % 3 else CHINESE[:9]}" for i in range(9000)]
    expected = index.scan(texts)
    assert np.array_equal(parallel.scan(index, iter(texts), 2), expected)  # sent
    assert np.array_equal(parallel.scan(index, texts, 2), expected)  # inherited
    with ThreadPoolExecutor(1) as other:  # while there is another thread, sent
        assert np.array_equal(other.submit(parallel.scan, index, texts, 2).result(), expected)
    assert parallel.scan(index, [], 2).tolist() == []


def test_worked_example() -> None:
    assert doctest.testmod(leaks).failed == 0
