"""A scraped post or page as HTML in; Markdown of its content out, without scripts and the furniture of the site.

Parsed by libxml2, converted by markdownify; what these do in more than linear time is done here instead.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import PreformattedString
from markdownify import (  # type: ignore[attr-defined]
    MarkdownConverter,
    should_remove_whitespace_inside,
    should_remove_whitespace_outside,
)

from sampling.text import fences, maincontent

# Elements that hold no part of a question, wherever they stand.
_DROPPED = frozenset(
    (
        "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas", "form", "input",
        "select", "textarea", "button", "nav", "footer", "aside", "link", "meta", "head", "dialog",
    )
)  # fmt: skip
# Words in a class or an id that name the site's furniture.
_FURNITURE = re.compile(
    r"(?:^|[-_])(?:cookies?|consent|gdpr|nav|navbar|breadcrumbs?|crumbs|sidebar|share|social|ads?|advert(?:isement)?|"
    r"promo|sponsored|newsletter|banner|related|linked|footer|menu|votes?|toolbar|popup|modal|login|signup|"
    r"post-?notice)(?:$|[-_])",
    re.IGNORECASE,
)
_LINE_NUMBERS = re.compile(r"(?:rouge-)?gutter|linenos?|line-?numbers(?:-rows)?|blob-num", re.IGNORECASE)
_NOT_IN_CELLS = frozenset(("pre", "table", "ul", "ol", "blockquote", "hr", "h1", "h2", "h3", "h4", "h5", "h6"))
_FURNITURE_LONGEST = 400  # characters; what is longer is content in an oddly named box
# Where question sites keep the question itself, without its answers, best first.
_QUESTION = (
    "[itemprop=text]", "article .post-text", ".question .post-text", ".js-post-body", ".s-prose", ".postcell",
    "article .body", ".question-body",
)  # fmt: skip
# Where pages keep their text in general; asked only where the library finds nothing.
_CONTENT = ("article", "main", "[role=main]", "#content", ".question", ".content", ".post")
PERMALINKS = ("¶", "#", "§", "🔗")  # what stands behind headings of manuals
_MOST_TAGS = 200_000  # in one post or page
_DEEPEST = 200  # elements in each other; each level of a quotation or list is written on every line of it
_WIDEST = 20  # columns of one cell
_BLOCK = r"(?:p|div|pre|h[1-6]|ul|ol|li|blockquote|table|section|article|header|nav|main|aside|footer|hr|figure)"
_STARTS_AS_HTML = re.compile(
    rf"\s*<(?:!doctype\s+html|html|body|head|!--|br|b|i|a|strong|em|code|{_BLOCK})\b", re.IGNORECASE
)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<(?:p|pre)(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSING_BLOCK = re.compile(rf"</(?:p|pre|{_BLOCK})\s*>", re.IGNORECASE)
_LANGUAGE_CLASS = re.compile(r"(?:language|lang|highlight-source|highlight|brush:?)-?([\w+#.-]+)$")
_BLANKS = re.compile(r"[\t ]+")
_NEWLINES = re.compile(r" ?[\r\n][ \r\n]*")


class TooMuch(Exception):
    """HTML that would take more memory than all else: some 1 KB for each tag."""


def is_html(text: str) -> bool:
    """Whether a post was scraped as HTML rather than typed as Markdown.

    Markdown may show HTML in fences, and a question about a page may begin with its code; a scraped post is in
    paragraphs.
    """
    if "<" not in text:
        return False
    prose = fences.prose(text)
    if _PAGE.search(prose[:500]) and prose.count("</") > 3 and _PARAGRAPH.search(prose):
        return True
    if _STARTS_AS_HTML.match(prose):
        return bool(_PARAGRAPH.search(prose)) or (
            _CLOSING_BLOCK.search(prose) is not None and "\n\n" not in prose.strip()
        )
    return len(re.findall(r"</p\s*>", prose, re.IGNORECASE)) >= 2


def parse(text: str) -> BeautifulSoup:
    """Raises TooMuch."""
    if text.count("<") > _MOST_TAGS:
        raise TooMuch(f"more than {_MOST_TAGS:,} tags")
    return BeautifulSoup(text, "lxml", huge_tree=True)


def from_html(text: str, page: bool = False) -> str:
    """Of a whole page its main content alone. Raises TooMuch, or RecursionError where it is nested hundreds deep."""
    soup = parse(text)
    page = page or _PAGE.search(text[:2000]) is not None
    survey = _Survey(soup, page)
    _unfold(soup, survey.layouts)
    converter = _Converter(survey, heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False)
    return str(converter.convert_soup(_content(soup, survey) if page else soup)).strip("\n")


def _unfold(soup: BeautifulSoup, layouts: set[int]) -> None:
    """Boxes instead of tables that only lay out a page."""
    if layouts:
        parts = soup.find_all(["tbody", "thead", "tfoot", "tr", "td", "th", "caption"])
        inside = [part for part in parts if id(part.find_parent("table")) in layouts]
        for element in [*inside, *(table for table in soup.find_all("table") if id(table) in layouts)]:
            element.name = "div"


class _Survey:
    """What one walk over all elements finds out, by their id(): sizes, what to leave out, numbers of list items."""

    def __init__(self, soup: BeautifulSoup, page: bool) -> None:
        self.dropped: set[int] = set()
        self.sizes: dict[int, int] = {}  # characters of text that stay
        self.numbers: dict[int, int] = {}  # of the items of ordered lists
        self.first_rows: set[int] = set()
        self.layouts: set[int] = set()  # tables that are no tables: what stands in them fits into no cell
        self._page = page
        self._walk(soup)

    def _walk(self, soup: BeautifulSoup) -> None:
        pres = 0
        tables: list[list[Any]] = []  # of the tables around: their id, and whether a row was seen
        # Of every element that is open: itself, what is left of its children, its text so far, whether it holds code
        # or the content, and how many list items it had.
        stack: list[list[Any]] = [[soup, iter(soup.contents), 0, False, 0]]
        while stack:
            top = stack[-1]
            child = next(top[1], None)
            if child is None:
                element, _rest, size, holds, _items = stack.pop()
                pres -= element.name == "pre"
                if element.name == "table":
                    tables.pop()
                if self._is_furniture(element, size) and not (holds or pres):
                    self.dropped.add(id(element))
                    size = 0
                self.sizes[id(element)] = size
                if stack:
                    stack[-1][2] += size
                    stack[-1][3] = stack[-1][3] or holds or element.name in ("pre", "article", "main")
            elif isinstance(child, Tag):
                name = child.name
                if name in _DROPPED or (self._page and name == "header") or _is_line_numbers(child):
                    self.dropped.add(id(child))
                    continue
                if len(stack) > _DEEPEST:
                    raise RecursionError("HTML nested too deeply")
                if name == "li":
                    top[4] += 1
                    self.numbers[id(child)] = top[4]
                if tables and name in _NOT_IN_CELLS:
                    self.layouts.add(tables[-1][0])
                if name == "table":
                    tables.append([id(child), False])
                elif name == "tr" and tables and not tables[-1][1]:
                    tables[-1][1] = True
                    self.first_rows.add(id(child))
                pres += name == "pre"
                stack.append([child, iter(child.contents), 0, False, 0])
            elif not isinstance(child, PreformattedString):  # comments and the like
                top[2] += len(child.strip())

    @staticmethod
    def _is_furniture(element: Tag, size: int) -> bool:
        if not element.attrs or size > _FURNITURE_LONGEST or element.name in ("pre", "code", "html", "body"):
            return False
        names = [*element.get_attribute_list("class"), element.get("id")]
        return any(_FURNITURE.search(str(name)[:200]) for name in names if name)


def _content(soup: BeautifulSoup, survey: _Survey) -> Tag:
    """The part of a full page that is the post."""
    if found := _box(soup, survey, _QUESTION):
        return found
    if kept := maincontent.texts(soup):
        return _region(soup, survey, kept)
    return _box(soup, survey, _CONTENT) or soup


def _box(soup: BeautifulSoup, survey: _Survey, selectors: tuple[str, ...]) -> Tag | None:
    whole = survey.sizes[id(soup)]
    for selector in selectors:
        found = soup.select_one(selector)
        # A box of that name which holds next to nothing is not it.
        if found is not None and survey.sizes.get(id(found), 0) >= min(80, whole // 4):
            survey.dropped.update(id(heading) for heading in found.find_all("h1"))
            return found
    return None


def _region(soup: BeautifulSoup, survey: _Survey, kept: set[int]) -> Tag:
    """The smallest element around the texts that are kept; in it, all others and what holds only others go."""
    holding: set[int] = set()  # elements with a text that is kept
    others: set[int] = set()  # elements with a text that is not
    for text in soup.find_all(string=True):
        if text.strip() and not isinstance(text, PreformattedString):
            stays = id(text) in kept
            if not stays:
                survey.dropped.add(id(text))
            marks = holding if stays else others
            for element in text.parents:
                if id(element) in marks:
                    break
                marks.add(id(element))
    survey.dropped |= others - holding
    region: Tag = soup
    while True:
        inner = [child for child in region.contents if id(child) in holding or id(child) in kept]
        if len(inner) != 1 or not isinstance(inner[0], Tag) or inner[0].name == "pre":
            break
        region = inner[0]
    if title := region.find("h1"):
        survey.dropped.add(id(title))
    return region


class _Converter(MarkdownConverter):
    def __init__(self, survey: _Survey, **options: Any) -> None:
        super().__init__(**options)
        self._survey = survey

    def process_tag(self, node: Any, parent_tags: Any = None) -> str:
        return "" if id(node) in self._survey.dropped else str(super().process_tag(node, parent_tags))  # type: ignore[misc]

    def process_text(self, el: NavigableString, parent_tags: Any = None) -> str:
        if id(el) in self._survey.dropped:
            return ""
        if "pre" in (parent_tags or ()):
            return str(el)
        text = _NEWLINES.sub("\n", _BLANKS.sub(" ", str(el)))
        before, after, around = el.previous_sibling, el.next_sibling, el.parent
        if should_remove_whitespace_outside(before) or (not before and should_remove_whitespace_inside(around)):
            text = text.lstrip(" \t\r\n")
        if should_remove_whitespace_outside(after) or (not after and should_remove_whitespace_inside(around)):
            text = text.rstrip()
        return text

    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        """Links of other schemes than the web's lose their target."""
        try:
            scheme = urlsplit(str(el.get("href") or "").strip()).scheme.lower()
        except ValueError:
            scheme = "broken"
        if scheme not in ("http", "https"):
            return "" if text.strip() in PERMALINKS else text
        return str(super().convert_a(el, text, parent_tags))  # type: ignore[misc]

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        if not str(el.get("src") or "").startswith(("http://", "https://")):
            return str(el.get("alt") or "")
        return str(super().convert_img(el, text, parent_tags))  # type: ignore[misc]

    def convert_pre(self, el: Any, text: str, parent_tags: Any) -> str:
        code = text.strip("\n").rstrip()
        longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
        fence = "`" * (longest + 1)
        return f"\n\n{fence}{_language(el)}\n{code}\n{fence}\n\n" if code else ""

    def convert_li(self, el: Any, text: str, parent_tags: Any) -> str:
        text = (text or "").strip()
        if not text:
            return "\n"
        mark = "- "
        if el.parent is not None and el.parent.name == "ol":
            start = str(el.parent.get("start") or "")
            first = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1
            mark = f"{first + self._survey.numbers[id(el)] - 1}. "
        lines = text.split("\n")
        blank = " " * len(mark)
        return mark + "\n".join([lines[0], *(line and blank + line for line in lines[1:])]) + "\n"

    def convert_tr(self, el: Any, text: str, parent_tags: Any) -> str:
        row = f"|{text}\n"
        if id(el) not in self._survey.first_rows:
            return row
        cells = [cell for cell in el.contents if getattr(cell, "name", None) in ("td", "th")]
        width = sum(map(_columns, cells))
        rule = "| " + " | ".join(["---"] * width) + " |\n"
        if all(cell.name == "th" for cell in cells) or el.parent.name == "thead":
            return row + rule
        return "| " + " | ".join([""] * width) + " |\n" + rule + row

    def convert_td(self, el: Any, text: str, parent_tags: Any) -> str:
        return " " + text.strip().replace("\n", " ") + " |" * _columns(el)

    convert_th = convert_td

    def convert_br(self, el: Any, text: str, parent_tags: Any) -> str:
        return "\n" if "pre" in (parent_tags or ()) else str(super().convert_br(el, text, parent_tags))  # type: ignore[misc]

    def convert_dd(self, el: Any, text: str, parent_tags: Any) -> str:
        """A block of its own, since a fence that is set in by four columns is none."""
        return f"\n\n{text.strip()}\n\n"

    convert_dt = convert_dd


def _is_line_numbers(element: Tag) -> bool:
    return any(_LINE_NUMBERS.fullmatch(str(name)[:40]) for name in element.get_attribute_list("class") if name)


def _columns(cell: Tag) -> int:
    span = str(cell.get("colspan") or "")
    return min(max(int(span), 1), _WIDEST) if span.isascii() and span.isdigit() and len(span) < 9 else 1


def _language(pre: Tag) -> str:
    """The language that a code block names in its own classes, those of the code in it, or of a box made for it."""
    code = pre.find("code")
    for element in (code, pre, pre.parent, pre.parent and pre.parent.parent):
        if isinstance(element, Tag):
            for name in element.get_attribute_list("class"):
                match = _LANGUAGE_CLASS.match(str(name or "")[:100])
                if match and match[1] not in ("none", "default", "or", "text", "plaintext"):
                    return match[1].lower()
    return ""
