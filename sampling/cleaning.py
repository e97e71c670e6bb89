"""A scraped post in, as HTML or Markdown; its question as Markdown out, without the site around it.

Code blocks keep their language, scripts and the site's own lines go, personal data is masked.
"""

import hashlib
import re
import unicodedata
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, PageElement
from markdownify import MarkdownConverter

from sampling.masking import mask

# Elements that hold no part of a question, wherever they stand.
_DROPPED = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas", "form", "input",
    "select", "textarea", "button", "nav", "footer", "aside", "link", "meta", "head", "dialog",
)  # fmt: skip
# Words in a class or an id that name the site's furniture.
_FURNITURE = re.compile(
    r"(?:^|[-_])(?:cookies?|consent|gdpr|nav|navbar|breadcrumbs?|crumbs|sidebar|share|social|ads?|advert(?:isement)?|"
    r"promo|sponsored|newsletter|banner|related|linked|footer|menu|votes?|toolbar|popup|modal|login|signup|"
    r"post-?notice)(?:$|[-_])",
    re.IGNORECASE,
)
_FURNITURE_LONGEST = 400  # characters; what is longer is content in an oddly named box
# Where question sites and blogs keep the text itself, best first.
_CONTENT = (
    "[itemprop=text]", "article .post-text", ".question .post-text", ".js-post-body", ".s-prose", ".postcell",
    "article .body", ".question-body", "article", "main", "[role=main]", "#content", ".question", ".content", ".post",
)  # fmt: skip
_BLOCK = r"(?:p|div|pre|h[1-6]|ul|ol|li|blockquote|table|section|article|header|nav|main|aside|footer|hr|figure)"
_STARTS_AS_HTML = re.compile(
    rf"\s*<(?:!doctype\s+html|html|body|head|!--|br|b|i|a|strong|em|code|{_BLOCK})\b", re.IGNORECASE
)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<(?:p|pre)(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSING_BLOCK = re.compile(rf"</(?:p|pre|{_BLOCK})\s*>", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_SCRIPT = re.compile(r"<(script|style|iframe)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)

_AGO = r"(?:\d+|an?|one|two|three) (?:year|month|week|day|hour|minute)s?(?:, \d+ months?)? ago"
_COUNT = r"[\d.,]+ ?[km万]?"
# Phrases of the site's own. A line in which nothing is left without them is the site's ...
_SITE = re.compile(
    rf"\b(?:asked|modified|active|viewed|edited|answered|posted|updated)(?: {_AGO}| today| yesterday| {_COUNT} times?)"
    rf"|\b{_COUNT} (?:views?|answers?|votes?|comments?)\b|\bsorted by \w+|\bedited by .*"
    r"|\bimprove this (?:question|answer|post)\b|\badd a comment\b|\bshow \d+ more comments?\b|\bask question\b"
    r"|\b(?:log|sign) ?(?:in|out|up)\b|\baccept(?: all)?\b|\breject(?: all)?\b|\bmanage options\b|\bcookie settings\b"
    r"|\b(?:share|edit|follow|flag|report|save|cite|close|reopen|bookmark|reply|home|questions?|tags?|users?|jobs"
    r"|companies|search|unanswered|settings|about|contact|privacy|votes?)\b"
    r"|(?:提问于|编辑于|修改于|发布于|被?浏览|阅读|关注|回答) ?[\d.,-]+ ?[kw万]? ?(?:次|年前|个月前|天前|小时前)?"
    r"|\d+ ?(?:年|个月|天|小时)前(?:提问|修改|发布)?"
    r"|改进(?:此|这个|这条)?(?:问题|回答)|分享|收藏|举报|关注|点赞|评论|回复|编辑|首页|问答|问题|标签|用户|登录|注册",
    re.IGNORECASE,
)
# ... if it holds two of them, or one that nobody writes alone.
_ALONE = re.compile(
    r"(?:asked|modified|active|viewed|edited|answered) .*\d.*|.*\b(?:views?|answers?|votes|comments?)\b.*"
    r"|improve this .*|add a comment|show \d.*|edited by .*|.*(?:提问|浏览|阅读).*\d.*|\d+ ?(?:年|个月|天)前.*|改进.*",
    re.IGNORECASE,
)
# Whole sentences of the site's.
_NOTICE = re.compile(
    r"this question (?:already has (?:an answer|answers)|is closed|was closed|needs|does not meet).*"
    r"|closed (?:\d+|an?) \w+ ago\.?"
    r"|(?:possible )?duplicate(?: of)?: .*|possible duplicate\b.*|this is a duplicate of .*"
    r"|(?:we|this (?:web)?site|our (?:web)?site|by continuing)\b[^?]{0,80}\bcookies?\b[^?]*"
    r"|we value your privacy\b.*|本站使用 ?cookie.*|本帖最后由.*编辑.*|know someone who can answer\?.*"
    r"|not the answer you're looking for\?.*",
    re.IGNORECASE,
)
_SITE_LINE_LONGEST = 240  # characters


def is_html(text: str) -> bool:
    """Whether a post was scraped as HTML rather than typed as Markdown.

    Markdown may show HTML in fences, and a question about a page may begin with its code; a scraped post is in
    paragraphs.
    """
    prose = _FENCE.sub("", text)
    if _PAGE.search(prose[:500]) and prose.count("</") > 3 and _PARAGRAPH.search(prose):
        return True
    if _STARTS_AS_HTML.match(prose):
        return bool(_PARAGRAPH.search(prose)) or (
            len(_CLOSING_BLOCK.findall(prose)) >= 1 and "\n\n" not in prose.strip()
        )
    return len(re.findall(r"</p\s*>", prose, re.IGNORECASE)) >= 2


class _Converter(MarkdownConverter):
    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        """Links of other schemes than the web's lose their target."""
        try:
            scheme = urlsplit(str(el.get("href") or "").strip()).scheme.lower()
        except ValueError:
            scheme = "broken"
        if scheme not in ("http", "https"):
            return text
        return str(super().convert_a(el, text, parent_tags))  # type: ignore[misc]

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        if not str(el.get("src") or "").startswith(("http://", "https://")):
            return str(el.get("alt") or "")
        return str(super().convert_img(el, text, parent_tags))  # type: ignore[misc]

    def convert_pre(self, el: Any, text: str, parent_tags: Any) -> str:
        code = text.strip("\n").rstrip()
        fence = "```"
        while fence in code:
            fence += "`"
        return f"\n\n{fence}{_language(el)}\n{code}\n{fence}\n\n" if code else ""


def _language(pre: Tag) -> str:
    """The language that a code block names in its own classes or in those of the code in it."""
    code = pre.find("code")
    for element in (code, pre):
        if isinstance(element, Tag):
            for name in element.get_attribute_list("class"):
                match = re.match(r"(?:language|lang|highlight-source|brush:?)-?([\w+#.-]+)$", str(name or ""))
                if match and match[1] not in ("none", "default", "or"):
                    return match[1].lower()
    return ""


def _markdown(root: Tag) -> str:
    converter = _Converter(
        heading_style="ATX",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    return str(converter.convert_soup(root))


def _strip_furniture(soup: Tag) -> None:
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for element in soup.find_all(_DROPPED):
        element.decompose()
    doomed: list[PageElement] = []
    for element in soup.find_all(True):
        names = [str(name) for name in element.get_attribute_list("class") if name] + [str(element.get("id") or "")]
        if not any(_FURNITURE.search(name) for name in names) or element.name in ("pre", "code", "html", "body"):
            continue
        holds_content = element.find_parent("pre") or element.find(["pre", "article", "main"])
        if not holds_content and len(element.get_text()) <= _FURNITURE_LONGEST:
            doomed.append(element)
    for element in doomed:
        element.extract()


def _content(soup: BeautifulSoup) -> Tag:
    """The part of a full page that is the post."""
    for header in soup.find_all("header"):
        header.decompose()
    whole = len(soup.get_text(strip=True))
    for selector in _CONTENT:
        found = soup.select_one(selector)
        # A box of that name which holds next to nothing is not it.
        if found is not None and len(found.get_text(strip=True)) >= min(80, whole // 4):
            for heading in found.find_all("h1"):
                heading.decompose()
            return found
    return soup


def from_html(text: str) -> str:
    """Raises RecursionError for HTML that is nested thousands of levels deep."""
    soup = BeautifulSoup(text, "html.parser")
    page = _PAGE.search(text[:2000]) is not None
    _strip_furniture(soup)
    return _markdown(_content(soup) if page else soup)


def _outside_fences(text: str, change: Any) -> str:
    result, end = [], 0
    for fence in _FENCE.finditer(text):
        result += [change(text[end : fence.start()]), fence.group()]
        end = fence.end()
    return "".join([*result, change(text[end:])])


def is_site_line(line: str) -> bool:
    """Whether a line of prose is the site's and not the asker's.

    >>> is_site_line("Share Improve this question Follow"), is_site_line("**Edit:** I share the questions below")
    (True, False)
    """
    return _site_words(line) > 1


def _site_words(line: str) -> int:
    """Of how many phrases of the site a line is made, 2 for one that nobody writes alone; 0 if it says more."""
    words = re.sub(r"\[([^\]\n]*)\]\([^()\n]*\)", r"\1", line).strip(" \t-+*_#>|·•")
    words = " ".join(words.split())
    if not words or len(words) > _SITE_LINE_LONGEST:
        return 0
    if _NOTICE.fullmatch(words):
        return 2
    found = _SITE.findall(words)
    if not found or re.search(r"\w", _SITE.sub(" ", words)):
        return 0
    return 2 if _ALONE.fullmatch(words) else len(found)


def _without_chrome(prose: str) -> str:
    """Without the site's lines. One word such as "Share" is only taken for the site's beside another such line."""
    lines = prose.split("\n")
    counts = [_site_words(line) for line in lines]
    filled = [at for at, line in enumerate(lines) if line.strip(" \t-+*")]
    doomed = {at for at in filled if counts[at] > 1}
    for before, after in pairwise(filled):
        if counts[before] and counts[after]:
            doomed |= {before, after}
    return "\n".join(line for at, line in enumerate(lines) if at not in doomed)


def clean(text: str) -> str:
    """The post as masked Markdown. Raises RecursionError for HTML that is nested thousands of levels deep."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    text = from_html(text) if is_html(text) else _outside_fences(text, lambda prose: _SCRIPT.sub("", prose))
    text = _outside_fences(text, _without_chrome)
    text = _outside_fences(text, _tidy)
    text = _FENCE.sub(lambda block: _LAST_BLANK_LINES.sub(r"\n\1", block.group()), text)
    return mask(_printable(text)).strip("\n ")


_LAST_BLANK_LINES = re.compile(r"(?:\n[ \t]*)+\n( {0,3}(?:```|~~~)[`~]*[ \t]*)\Z")  # of a code block


def _tidy(prose: str) -> str:
    """No white space at ends of lines, and neither empty lines in a row nor empty lines around a quotation's words."""
    lines = [line.rstrip() for line in prose.split("\n")]
    kept = [
        line
        for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False)
        if line != ">" or (before.startswith(">") and after.startswith(">") and after != ">")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept))


def clean_title(text: str) -> str:
    """One line of plain text: entities decoded, tags and closing remarks of the site gone."""
    if "<" in text or "&" in text:
        text = BeautifulSoup(text, "html.parser").get_text() if re.search(r"&\w+;|&#\d+;|</\w+>", text) else text
    text = re.sub(r"\s*\[(?:closed|duplicate|on hold|migrated)\]\s*$", "", text, flags=re.IGNORECASE)
    return mask(" ".join(_printable(text).split()))


def _printable(text: str) -> str:
    """Without characters that no database or page can hold: lone surrogates and control characters."""
    return (
        "".join(
            char
            for char in text
            if char in "\n\t" or not ("\ud800" <= char <= "\udfff" or unicodedata.category(char) == "Cc")
        )
        if not text.isprintable()
        else text
    )


def digest(title: str, text: str) -> str:
    """The same for texts that differ in nothing but case, width and white space."""
    joined = unicodedata.normalize("NFKC", f"{title}\n{text}").casefold()
    return hashlib.sha256(" ".join(joined.split()).encode()).hexdigest()
