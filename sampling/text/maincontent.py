"""A parsed page in; those of its texts that are its main content, and not the site around it, out.

trafilatura decides. What it returns has lost the languages of code blocks, the numbers of lists and the difference
between code in a line and code in a block, so only its decision is used: every run of text goes in behind a mark of its
own, and those whose mark comes out are the content.

Chosen on the pages of tests/sampling/pages (39 sentences to keep, 42 to drop, 7 languages of code): trafilatura keeps
39 and drops 40 at 2 ms a page, readability-lxml 35 and 41 (it loses half of a guide), resiliparse 39 and 30 at 0.1 ms,
the classes and elements of `markup` alone 39 and 37. Each by itself names 0 of the languages, or 5; this way all 7.
"""

import logging
from itertools import groupby
from typing import Any

from bs4 import BeautifulSoup, NavigableString
from bs4.element import PreformattedString

# Braille: printable, so that it is not stripped as a control character, and no letter, so that no filter of words sees
# another word. Pages in Braille are not known to discuss code; where one does, nothing is decided.
_FIRST, _DIGITS, _LENGTH = 0x2801, 255, 3  # a mark is a number of three digits
_MOST = 4000  # runs of text; beyond, trafilatura's time grows with their square (20,000 headings: 20 s)
_INLINE = frozenset(
    (
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
        "time", "tt", "u", "var", "wbr",
    )
)  # fmt: skip
_UNSEEN = frozenset(("script", "style", "template", "noscript", "head", "title", "textarea", "select", "svg"))


def texts(soup: BeautifulSoup) -> set[int]:
    """The id() of each text that is content; none where nothing is found, or nothing can be decided.

    The soup is as it was afterwards.
    """
    runs = _runs(soup)
    if not runs or len(runs) > _MOST or any(_FIRST <= ord(char) < _FIRST + _DIGITS for char in soup.get_text()):
        return set()
    marked = []
    for number, run in enumerate(runs):
        new = NavigableString(_mark(number) + str(run[0]))
        run[0].replace_with(new)
        marked.append(new)
    found = _extracted(str(soup))
    kept: set[int] = set()
    for number, (run, new) in enumerate(zip(runs, marked, strict=True)):
        new.replace_with(run[0])
        if _mark(number) in found:
            kept.update(map(id, run))
    return kept


def _mark(number: int) -> str:
    mark = ""
    for _place in range(_LENGTH):
        number, digit = divmod(number, _DIGITS)
        mark = chr(_FIRST + digit) + mark
    return mark


def _runs(soup: BeautifulSoup) -> list[list[NavigableString]]:
    """Texts that follow each other in the same block."""
    seen: list[tuple[int, NavigableString]] = []
    pres: set[int] = set()  # code is kept or not as a whole
    # Of every element that is open: what is left of its children, and the block that it is or stands in.
    stack = [(iter(soup.contents), id(soup))]
    while stack:
        child: Any = next(stack[-1][0], None)
        if child is None:
            stack.pop()
        elif isinstance(child, NavigableString):
            if not isinstance(child, PreformattedString) and child.strip():
                seen.append((stack[-1][1], child))
        elif child.name not in _UNSEEN:
            around = stack[-1][1]
            own = around if child.name in _INLINE or around in pres else id(child)
            if child.name == "pre":
                pres.add(own)
            stack.append((iter(child.contents), own))
    return [[text for _block, text in run] for _key, run in groupby(seen, key=lambda pair: pair[0])]


def _extracted(html: str) -> str:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return trafilatura.extract(html, include_comments=False, include_tables=True) or ""
