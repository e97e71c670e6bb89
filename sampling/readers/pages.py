"""A folder of saved pages in; each page that it holds, with what the page says of itself, out.

Pages are told by their content, whatever the files are called, and are read one at a time in the order of their paths.
What is no page comes out as well, with the reason.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from charset_normalizer import from_bytes

from sampling.text import markup

COLUMNS = ("id", "title", "body", "tags", "url", "licence", "created")
LARGEST = 4 * 1024 * 1024  # bytes; a larger page is a log or a listing
_SEEN_FIRST = 4096  # bytes by which a page is told
_IS_PAGE = re.compile(
    r"\s*(?:<\?xml\b[^<>]*\?>\s*|<!--(?:[^-]|-(?!->))*-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta)\b",
    re.IGNORECASE,
)
_SAVED_FROM = re.compile(r"<!-- saved from url=\(\d+\)(https?://\S+) -->")
_COMMONS = re.compile(r"https?://creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/(\d\.\d)")
_LONGEST_DATA = 200_000  # characters of a page's data about itself
# As browsers understand them.
_ENCODINGS = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252"}


@dataclass(frozen=True)
class NoPage:
    """Why a file, or a part of it, cannot be read."""

    line: int
    field: str
    reason: str


def read(folder: Path) -> Iterator[tuple[str, dict[str, Any] | NoPage]]:
    """(path below the folder, its columns) or (path, why it has none). Raises OSError if the folder cannot be read."""
    inside = folder.resolve()
    for path, problem in _files(folder):
        name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
        if not problem:
            try:
                problem = _unsuitable(path, inside)
                if not problem:
                    yield name, _page(f"{inside.name}/{name}", path.read_bytes())
                    continue
            except OSError as error:
                problem = error.strerror or str(error)
        yield name, NoPage(1, "", problem)


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Everything below that is no folder, and folders that cannot be entered with the reason. Raises OSError."""
    waiting = [iter(sorted(folder.iterdir()))]
    while waiting:
        path = next(waiting[-1], None)
        if path is None:
            waiting.pop()
            continue
        try:
            if not path.is_dir():
                yield path, ""
            elif path.is_symlink():
                yield path, "a link to a folder, which is not followed"
            else:
                waiting.append(iter(sorted(path.iterdir())))
        except OSError as error:  # too long a path, or a folder whose files may be listed and not looked at
            yield path, error.strerror or str(error)


def _unsuitable(path: Path, inside: Path) -> str:
    """Why a file is not even opened, or nothing."""
    # Path.resolve would raise no OSError for a link that leads to itself.
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(inside):
        return "a link that leads out of the folder, which is not followed"
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return "not a regular file"
    if not found.st_size:
        return "the file is empty"
    with path.open("rb") as file:
        start = file.read(_SEEN_FIRST)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    start_text = start.removeprefix(b"\xef\xbb\xbf").decode(encoding, "replace")
    if not _IS_PAGE.match(start_text) and not markup.is_html(start_text):
        return "not an HTML page"
    return f"the page is larger than {LARGEST:,} bytes" if found.st_size > LARGEST else ""


def _page(key: str, content: bytes) -> dict[str, Any] | NoPage:
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return NoPage(line, "body", f"not {encoding}: {error.reason} at byte {error.start}")
    try:
        return {"id": key, "body": text, **_said(text)}
    except (markup.TooMuch, RecursionError) as error:
        return NoPage(1, "body", str(error))


def _encoding(content: bytes) -> str:
    """By byte order mark; else UTF-8 where it is UTF-8; else as the page declares, or the likeliest."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return name
    declared = EncodingDetector.find_declared_encoding(content, is_html=True) or ""
    declared = _ENCODINGS.get(declared.lower(), declared.lower())
    try:
        content.decode()
        return "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        "".encode(declared)
        return declared
    except (LookupError, ValueError):
        best = from_bytes(content[: 256 * 1024]).best()
        return best.encoding if best else "cp1252"


def _said(text: str) -> dict[str, Any]:
    """What the page says of itself, for a reader or for machines. Raises TooMuch."""
    soup = markup.parse(text)
    data = _data(soup)
    saved = _SAVED_FROM.search(text[:2000])
    addresses = [_link(soup, "canonical"), _meta(soup, "og:url"), saved[1] if saved else ""]
    return {
        "title": _title(soup),
        "tags": _tags(soup, data),
        "url": next((url for url in addresses if re.match(r"https?://\S+$", url)), ""),
        "licence": _licence(soup, data),
        "created": _created(soup, data),
    }


def _title(soup: BeautifulSoup) -> str:
    """Without the name of the site, where the page has it without."""
    if title := _meta(soup, "og:title"):
        return title
    whole = _line(soup.title)
    headings = [
        _line(heading).rstrip("".join(markup.PERMALINKS)).strip() for heading in soup.find_all(["h1", "h2", "h3"])
    ]
    return (
        max((heading for heading in headings if heading in whole), key=len, default="")
        or whole
        or (headings or [""])[0]
    )


def _tags(soup: BeautifulSoup, data: dict[str, Any]) -> list[str]:
    named = [str(tag.get("content") or "") for tag in soup.find_all("meta", property="article:tag")]
    named += [_line(link) for link in soup.find_all("a", rel="tag")]
    keywords = data.get("keywords")
    named += [str(word) for word in keywords] if isinstance(keywords, list) else []
    for words in (_meta(soup, "keywords"), keywords if isinstance(keywords, str) else ""):
        named += re.split("[,;，、]", words)
    return list(dict.fromkeys(name.strip() for name in named if name.strip()))


def _licence(soup: BeautifulSoup, data: dict[str, Any]) -> str:
    links = soup.find_all(["a", "link"], rel="license")
    found = [str(link.get("href") or "") for link in links] + [
        str(data.get("license") or ""),
        _meta(soup, "dcterms.license"),
    ]
    for address in found:
        if commons := _COMMONS.match(address):
            return f"CC {commons[1].upper()} {commons[2]}" if commons[1] != "zero" else f"CC0 {commons[2]}"
    return next(filter(None, [*map(_line, links), *found, _meta(soup, "dc.rights")]), "")


def _created(soup: BeautifulSoup, data: dict[str, Any]) -> str:
    for name in ("article:published_time", "dcterms.created", "dc.date", "date"):
        if found := _meta(soup, name):
            return found
    for name in ("dateCreated", "datePublished"):
        element = soup.find(attrs={"itemprop": name})
        if isinstance(element, Tag) and (found := str(element.get("datetime") or element.get("content") or "")):
            return found
        if isinstance(data.get(name), str):
            return str(data[name])
    return ""


def _meta(soup: BeautifulSoup, name: str) -> str:
    for attribute in ("property", "name"):
        element = soup.find("meta", attrs={attribute: re.compile(f"^{re.escape(name)}$", re.IGNORECASE)})
        if isinstance(element, Tag) and (content := " ".join(str(element.get("content") or "").split())):
            return content
    return ""


def _link(soup: BeautifulSoup, rel: str) -> str:
    element = soup.find("link", rel=rel)
    return str(element.get("href") or "").strip() if isinstance(element, Tag) else ""


def _line(element: Tag | None) -> str:
    return " ".join(element.get_text().split())[:1000] if element else ""


def _data(soup: BeautifulSoup) -> dict[str, Any]:
    """The first JSON-LD object that describes a question or an article."""
    for script in soup.find_all("script", type="application/ld+json"):
        text = script.get_text()
        if len(text) > _LONGEST_DATA:
            continue
        try:
            waiting = [json.loads(text)]
        except (ValueError, RecursionError):
            continue
        for value in waiting:
            if isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                if re.search("Question|Article|Posting", str(value.get("@type"))):
                    return value
                waiting += [value.get("@graph"), value.get("mainEntity")]
    return {}
