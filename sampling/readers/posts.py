"""Lines of a Stack Exchange dump's Posts.xml in; its questions, each with its accepted answer, out.

The dump writes one <row .../> to a line. Each row is parsed by itself, so that a broken one costs no other, and no
entity can be declared for it. The answers that are wanted wait in a file without a name: what is held in memory is
24 bytes for each question that has one.
"""

import re
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import suppress

from lxml import etree  # type: ignore[import-untyped]

ANSWER = "AcceptedAnswer"  # the column that is added: the words of the answer that AcceptedAnswerId names
_IS_POSTS = re.compile(
    r"(?:<\?xml\b[^>]*\?>)?\s*(?:<!--[^>]*-->\s*)?(?:<posts\b|<row\s[^>]*PostTypeId=|<!DOCTYPE\s+posts)"
)
_FRAME = re.compile(rb"^\s*(?:<\?xml\b[^>]*\?>)?\s*(?:<posts\b[^>]*>)?|(?:</posts>)?\s*$")
_QUESTION, _ANSWER = "1", "2"

Lines = Callable[[], Iterator[tuple[int, bytes]]]


class Forbidden(Exception):
    """The file declares a document type or entities, which no dump does."""


def is_posts(start: str) -> bool:
    return bool(_IS_POSTS.match(start))


def questions(lines: Lines, damage: tuple[type[Exception], ...] = ()) -> Iterator[tuple[int, dict[str, str] | str]]:
    """(line, columns of a question) or (line, why it cannot be used), in the file's order. Reads the lines three times.

    `damage` are errors of reading: the two passes that look for answers end there, the last one raises.
    Raises Forbidden.
    """
    wanted = array("q")
    with suppress(*damage):
        for _line, row in _rows(lines()):
            if not isinstance(row, str) and row.get("PostTypeId") == _QUESTION and _number(row, "AcceptedAnswerId"):
                wanted.append(_number(row, "AcceptedAnswerId"))
    wanted = array("q", sorted(set(wanted)))
    at, length = array("q", bytes(8 * len(wanted))), array("q", bytes(8 * len(wanted)))
    with tempfile.TemporaryFile() as answers:
        with suppress(*damage):
            for _line, row in _rows(lines()) if wanted else ():
                if isinstance(row, str) or row.get("PostTypeId") != _ANSWER:
                    continue
                place = bisect_left(wanted, _number(row, "Id"))
                if place < len(wanted) and wanted[place] == _number(row, "Id"):
                    at[place] = answers.tell()
                    length[place] = answers.write(row.get("Body", "").encode())
        for line, row in _rows(lines()):
            if isinstance(row, str):
                yield line, row
            elif row.get("PostTypeId") == _QUESTION:
                if accepted := _number(row, "AcceptedAnswerId"):
                    place = bisect_left(wanted, accepted)
                    answers.seek(at[place])
                    row[ANSWER] = answers.read(length[place]).decode()
                yield line, row


def _number(row: dict[str, str], name: str) -> int:
    text = row.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _rows(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, dict[str, str] | str]]:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, encoding="utf-8")
    for number, line in lines:
        text = _FRAME.sub(b"", line.removeprefix(b"\xef\xbb\xbf"))
        if not text.strip():
            continue
        if text.lstrip().startswith((b"<!DOCTYPE", b"<!ENTITY")):
            raise Forbidden(f"line {number}: a document type declaration, which no dump of posts has")
        root, reason = None, ""
        try:
            root = etree.fromstring(b"<posts>" + text + b"</posts>", parser)
        except etree.XMLSyntaxError as error:
            reason = f"not XML: {error.msg}"
        if root is None:
            yield number, reason
            continue
        for row in root:
            if row.tag == "row":
                yield number, {str(name): str(value) for name, value in row.attrib.items()}
            elif isinstance(row.tag, str):
                yield number, f"<{row.tag[:40]}> where a <row> was expected"
