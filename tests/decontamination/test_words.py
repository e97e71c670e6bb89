"""The definition of a word holds in every script, and places are those of the text as given."""

import doctest
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decontamination import words

# Characters that normalise to more, fewer or other characters, attach, or stand alone, among plain ones.
ODD = (
    "aZ_9 -.\n\u00a0ßŉǰΐſﬁﬃＡｂ９＿　İıée\u0301\u0308\u0345\u0327\u093c\u0915\u093e\u094d\u200b\u200c\u00ad\ufe0f\u20e3"
)
ODD += "求数々〇ーかガが\u3099ｶﾞｱ한국ᄒ\u1161\u11abㅋㅏㄱﾡￂ㍿㎏½²①ⅷ´¨…℡ﷺ"
ODD += "\U00020bb7\U0001d400\U0001f600\ud800\ufeff\u212b\u0958"
texts = st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=40)


def ignorable(char: str) -> bool:
    """Default_Ignorable_Code_Point, as Unicode derives it: format characters and others, with exceptions."""
    code, name = ord(char), unicodedata.name(char, "")
    if 0xFFF9 <= code <= 0xFFFB or 0x13430 <= code <= 0x13440 or name.startswith(("ARABIC", "SYRIAC", "KAITHI")):
        return name == "ARABIC LETTER MARK"
    return (
        unicodedata.category(char) == "Cf"
        or "VARIATION SELECTOR" in name
        or ("HANGUL" in name and "FILLER" in name)
        or code in (0x34F, 0x17B4, 0x17B5, 0x2065)
        or 0xFFF0 <= code <= 0xFFF8
        or 0xE0000 <= code <= 0xE0FFF
    )


def slow(text: str) -> list[str]:
    """The definition read aloud: one character of the normalised text after the other."""
    found: list[str] = []
    joins = attached = False  # whether a letter, a mark that comes next goes on with the last word
    seen = "".join(char for char in text if not ignorable(char))
    for char in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold()):
        name = unicodedata.name(char, "")
        if unicodedata.category(char)[0] == "M":
            if attached:
                found[-1] += char
            continue
        if name.startswith(("CJK UNIFIED", "CJK COMPAT", "HIRAGANA", "KATAKANA", "HANGUL SYLLABLE")) and char.isalnum():
            found.append(char)
            joins, attached = False, True
        elif char.isalnum() or char == "_":
            if joins:
                found[-1] += char
            else:
                found.append(char)
            joins, attached = True, True
        else:
            joins = attached = False
    return found


def test_worked_examples() -> None:
    assert doctest.testmod(words).failed == 0


@given(st.text(st.sampled_from(ODD), max_size=30))
def test_words_are_as_defined(text: str) -> None:
    if not set("々〇ー") & set(text):  # named otherwise in Unicode; in the next test
        assert words.tokens(text) == slow(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("々〇ー〆", ["々", "〇", "ー", "〆"]),
        ("def f(x):\n    return x**2", ["def", "f", "x", "return", "x", "2"]),
        ("snake_case camelCase", ["snake_case", "camelcase"]),
        ("İstanbul", ["i̇stanbul"]),  # the dot above does not tear the word
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs and virama belong to the word
        ("\u0301a", ["a"]),  # a mark with no letter before it separates
        ("zero\u200bwidth, so\u00adft, jo\u200d\u2060ined", ["zerowidth", "soft", "joined"]),
        ("\ufeffmark \u2066cafe\u200d\u0301\u2069", ["mark", "café"]),
        ("求\ufe00两\U000e0100个", ["求", "两", "个"]),
        ("\U0001f469\u200d\U0001f4bb writes\ufe0f it", ["writes", "it"]),
        ("nul\x00separates", ["nul", "separates"]),
        ("sum_of\u0430ll s\u0443m", ["sum_of\u0430ll", "s\u0443m"]),  # look-alikes are other letters
        ("한국어", ["한", "국", "어"]),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", ["한", "국"]),  # syllables written in jamo
        ("ﾊﾝｶｸ ｶﾞ", ["ハ", "ン", "カ", "ク", "ガ"]),  # half-width kana; the sound mark joins
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("用Python3写", ["用", "python3", "写"]),
        ("１２３ＡＢＣ", ["123abc"]),
        ("x²", ["x2"]),
        ("ΣΑΣ σας", ["σασ", "σασ"]),  # final sigma folds
        ("Ϊ\u0301 ΐ", ["ΐ", "ΐ"]),  # folding leaves the accents apart, the second NFKC joins them again
        ("", []),
        (" \n—…", []),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    assert words.tokens(text) == expected


@given(texts)
def test_all_ways_to_split_agree(text: str) -> None:
    expected = words.tokens(text)
    assert words.split(text).words == expected
    assert [word.decode() for word in words.spaced(text).split()] == expected


@given(texts)
def test_places_hold_their_words(text: str) -> None:
    found = words.split(text)
    assert len(found.words) == len(found.starts) == len(found.ends)
    for word, start, end in zip(*found, strict=True):
        assert 0 <= start < end <= len(text)
        assert word in words.tokens(text[start:end])
    assert found.starts == sorted(found.starts)
    assert found.ends == sorted(found.ends)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_is_the_plain_expression(text: str) -> None:
    found = words.split(text)
    assert found.words == re.findall(r"\w+", text.lower())
    assert found.words == [text[a:b].lower() for a, b in zip(found.starts, found.ends, strict=True)]


def test_every_character_alone_and_between_letters() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in ("Cn", "Co") or (code % 16 and "\u3400" <= char <= "\ud7a3"):
            continue  # unassigned, private, or one of many ideographs and syllables that are all alike
        if "\U00020000" <= char < "\U0002f800" and code % 16:
            continue
        text = f"a{char}b"
        expected = words.tokens(text)
        assert words.split(text).words == expected, hex(code)
        assert words.spaced(text).decode().split() == expected, hex(code)


def test_whatever_composes_is_read_in_one_piece() -> None:
    """Else text cut before it would normalise otherwise than the whole."""
    attached = words._patterns().attached
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            assert attached.match(chr(int(parts[1], 16))), hex(code)


@pytest.mark.parametrize(
    "text", ["STRASSE", "ＦＵＬＬ ｗｉｄｔｈ", "e\u0301te\u0301", "ﬁne ﬂow", "\u1112\u1161\u11ab국"]
)
def test_normalising_first_changes_no_word(text: str) -> None:
    assert words.tokens(words.normalise(text)) == words.tokens(text)
    assert words.tokens(text.upper()) == words.tokens(text.lower())
