"""What a word is. This is the one definition; everything that compares texts uses it.

Characters that are not to be seen are left out first: those that Unicode calls default-ignorable, like soft
hyphens, zero-width spaces and joiners, variation selectors and byte order marks. The rest is normalised by
NFKC, then case folding, then NFKC again (folding may leave letters and their accents apart); together this
is Unicode's NFKC_Casefold. In the normalised text a word is

* one CJK ideograph, kana or hangul syllable, each on its own, or else
* a maximal run of letters, digits and underscores,

together with the combining marks that follow any of its characters: a mark never tears a word apart, and
a word with a mark that does not compose is another word than the same without it. Everything else
separates, control characters and marks that follow no letter included. "Letter or digit" is what
``str.isalnum`` says. Places are counted in characters of the text as it came, before normalising, and the
end is the first character after the word.

What looks alike is not the same: a Cyrillic letter among Latin ones makes another word, and so does an
underscore put into one.

>>> split("Return the SUM, please.").words
['return', 'the', 'sum', 'please']
>>> split("max_value += 2.5").words                # underscores join, points separate
['max_value', '2', '5']
>>> split("don't").words
['don', 't']
>>> split("求两个数的和 of int32").words           # one word for each ideograph
['求', '两', '个', '数', '的', '和', 'of', 'int32']
>>> split("C言語でソート")                         # kana and ideographs too, ー is kana
Words(words=['c', '言', '語', 'で', 'ソ', 'ー', 'ト'], starts=[0, 1, 2, 3, 4, 5, 6], ends=[1, 2, 3, 4, 5, 6, 7])
>>> split("ＦＵＬＬ　ｗｉｄｔｈ")                  # full-width
Words(words=['full', 'width'], starts=[0, 5], ends=[4, 10])
>>> split("die Straße, ﬁx")                        # ß is two letters, the ligature ﬁ too: places stay right
Words(words=['die', 'strasse', 'fix'], starts=[0, 4, 12], ends=[3, 10, 14])
>>> split("cafe\\u0301 ok")                         # an accent written apart
Words(words=['café', 'ok'], starts=[0, 6], ends=[5, 8])
>>> split("fun\\u00adc\\u200btion x\\ufeff")          # what is not seen tears nothing
Words(words=['function', 'x'], starts=[0, 11], ends=[10, 12])
>>> split("½ ㍿")                                  # words out of one character share its place
Words(words=['1', '2', '株', '式', '会', '社'], starts=[0, 0, 2, 2, 2, 2], ends=[1, 1, 3, 3, 3, 3])
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

VERSION = 2  # of the definition: part of every index digest

_ASCII_WORD = re.compile(r"\w+", re.ASCII)
_BEYOND_ASCII = re.compile(r"([^\x00-\x7f]+)")
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
# Ideographs that normalising leaves alone, with the commonest signs that separate them.
_PLAIN_CHINESE = re.compile("[\u4e00-\u9fff\u00a0\u00b7\u3000、。，；：？！（）《》【】「」“”‘’—…]+")
# What becomes of each byte of UTF-8: ASCII letters are lowered, ASCII separators become spaces, the rest stays.
_BYTES = bytes(code if code > 127 or chr(code).isalnum() or code == 95 else 32 for code in range(256)).lower()
# Scripts whose every character is a word: Han (with 々 〆 〇 and the Hangzhou numerals), kana (with ー and the
# iteration marks; half-width forms are normalised into these), hangul syllables, and the planes of ideographs.
_ALONE = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3"
    "\U0001aff0-\U0001affe\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, the same in every version since 9.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORED = re.compile(f"[{_IGNORABLE}]+")
_IGNORED_LAST = re.compile(rf"[{_IGNORABLE}]+\Z")


class Words(NamedTuple):
    """The words of a text in order, with their places: word i stands in ``text[starts[i]:ends[i]]``."""

    words: list[str]
    starts: list[int]
    ends: list[int]


class _Patterns(NamedTuple):
    """The expressions for text beyond ASCII, made once when such text is first seen (about 0.1 s)."""

    word: re.Pattern[str]
    piece: re.Pattern[str]
    attached: re.Pattern[str]
    alone: re.Pattern[str]


def normalise(text: str) -> str:
    """The text without what is not to be seen in NFKC, case-folded, and in NFKC again; ASCII is only lowered."""
    if text.isascii():
        return text.lower()
    text = _IGNORED.sub("", text)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def tokens(text: str) -> list[str]:
    """The words of a text without their places: ``split(text).words``, sooner."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _patterns().word.findall(normalise(text))


def cjk(found: Iterable[str]) -> list[bool]:
    """For each of these words, whether it is a single ideograph, kana or hangul syllable."""
    return [not word.isascii() and _patterns().alone.match(word) is not None for word in found]


def split(text: str) -> Words:
    """The words of a text with their places in it, in characters of the text as given."""
    if text.isascii():
        spans = [match.span() for match in _ASCII_WORD.finditer(text)]
        lowered = text.lower()
        return Words([lowered[a:b] for a, b in spans], [a for a, _ in spans], [b for _, b in spans])
    normal, starts, ends = _mapped(text)
    spans = [match.span() for match in _patterns().word.finditer(normal)]
    return Words([normal[a:b] for a, b in spans], [starts[a] for a, _ in spans], [ends[b - 1] for _, b in spans])


def spaced(text: str) -> bytes:
    """The words of a text as UTF-8 with one or more spaces between: ``spaced(text).split()`` are the words.

    The quickest form (about 25 times as quick as ``tokens`` on ASCII), made for reading many texts with numpy.
    In mostly-ASCII text only the stretches beyond ASCII are normalised one by one, unless one of them
    attaches to the ASCII character before it.
    """
    if text.isascii():
        return text.encode("ascii").translate(_BYTES)
    parts: list[str] = _BEYOND_ASCII.split(text)
    for i in range(1, len(parts), 2):
        stretch = parts[i]
        form = _short_stretch(stretch) if len(stretch) < 16 else _stretch(stretch)
        if form is None:
            return " ".join(tokens(text)).encode()
        parts[i] = form
    return "".join(parts).encode().translate(_BYTES)


def _stretch(stretch: str) -> str | None:
    """A stretch beyond ASCII with its words spaced, open to the ASCII around where a run of letters ends
    at its edge; None when it cannot be read without the character before it."""
    if _PLAIN_CHINESE.fullmatch(stretch):
        return f" {' '.join(_IDEOGRAPH.findall(stretch))} "
    stretch = _IGNORED.sub("", stretch)
    if not stretch:
        return ""
    patterns = _patterns()
    if patterns.attached.match(stretch):
        return None
    normal = normalise(stretch)
    found = patterns.word.findall(normal)
    if not found:
        return " "
    first, last = found[0], found[-1]
    left = "" if normal.startswith(first) and not patterns.alone.match(first) else " "
    right = "" if normal.endswith(last) and not patterns.alone.match(last) else " "
    return left + " ".join(found) + right


_short_stretch = lru_cache(maxsize=65536)(_stretch)


def _mapped(text: str) -> tuple[str, list[int], list[int]]:
    """The normalised text and, for each of its characters, where the piece it came from starts and ends.

    A piece is the least that can be normalised on its own: a character and all that attaches to it or is not
    to be seen; the latter at its end is left out of its place. Where normalising keeps every character of a
    piece in place, each is mapped to itself.
    """
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _patterns().piece.finditer(text):
        start, end = match.span()
        part = normalise(match.group())
        parts.append(part)
        if match.lastgroup == "still":
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
        else:
            if end - start > 1 and (unseen := _IGNORED_LAST.search(text, start, end)):
                end = unseen.start()
            starts.extend([start] * len(part))
            ends.extend([end] * len(part))
    return "".join(parts), starts, ends


@cache
def _patterns() -> _Patterns:
    marks: list[int] = []
    attached: list[int] = []
    for code in (*range(0x80, 0x20000), *range(0xE0000, 0xE1000)):  # no marks are in the planes of ideographs
        char = chr(code)
        if unicodedata.category(char)[0] == "M":
            marks.append(code)
        if _attaches(unicodedata.normalize("NFKD", char)[0]):
            attached.append(code)
    mark, attach = _ranges(marks), _ranges(attached)
    run = rf"[^\W{_ALONE}]"
    # Pieces that keep their characters in place: ASCII, the commonest ideographs, kana and hangul syllables,
    # as long as nothing attaches to the last of them.
    still = r"[\x00-\x7f\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]+"
    return _Patterns(
        word=re.compile(rf"{run}+(?:[{mark}]+{run}*)*|[{_ALONE}][{mark}]*"),
        piece=re.compile(rf"(?P<still>{still})(?![{attach}{_IGNORABLE}])|(?s:.)[{attach}{_IGNORABLE}]*"),
        attached=re.compile(f"[{attach}]"),
        alone=re.compile(f"[{_ALONE}]"),
    )


def _attaches(char: str) -> bool:
    """Whether a decomposed character may join what stands before it: marks, hangul vowels and finals,
    and the one script whose letters compose (Kirat Rai, Unicode 16)."""
    return (
        unicodedata.category(char)[0] == "M"
        or unicodedata.combining(char) != 0
        or "\u1160" <= char <= "\u11ff"
        or "\U00016d63" <= char <= "\U00016d6a"
    )


def _ranges(codes: list[int]) -> str:
    """Sorted code points as the inside of a character class."""
    spans: list[list[int]] = []
    for code in codes:
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in spans)
