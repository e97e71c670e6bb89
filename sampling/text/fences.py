"""Markdown in; its prose and its fenced blocks of code, in order, out. One pass over the lines, whatever they hold."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MARK = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """`text` as it stands in the document; of a fence also its language and its code, without the marks."""

    text: str
    is_code: bool = False
    language: str = ""
    code: str = ""
    closing: str = ""  # the line that ends a fence; "" where the document ends first


def blocks(text: str) -> Iterator[Block]:
    """The texts of all blocks joined are the document. A fence that is never closed goes on to the end."""
    done = 0  # what was yielded already
    start = body = 0  # of the fence that is open
    mark = language = ""
    for found in _MARK.finditer(text):
        end = text.find("\n", found.end())
        rest = text[found.end() : end if end >= 0 else len(text)]
        if not mark:
            # Of backticks in a row with more behind them, the line is a span of code; without a next line, nothing is.
            if end < 0 or (found[1][0] == "`" and "`" in rest):
                continue
            mark, start, body = found[1], found.start(), end + 1
            language = (rest.split() or [""])[0]
        elif found[1].startswith(mark) and not rest.strip():
            if start > done:
                yield Block(text[done:start])
            done = end if end >= 0 else len(text)
            yield Block(text[start:done], True, language, text[body : found.start()], text[found.start() : done])
            mark = ""
    if mark:
        if start > done:
            yield Block(text[done:start])
        yield Block(text[start:], True, language, text[body:])
    elif done < len(text):
        yield Block(text[done:])


def outside(text: str, change: Callable[[str], str]) -> str:
    """The document with its prose changed and its code as it is."""
    return "".join(block.text if block.is_code else change(block.text) for block in blocks(text))


def prose(text: str) -> str:
    return "".join(block.text for block in blocks(text) if not block.is_code)
