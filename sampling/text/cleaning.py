"""A scraped post in, as HTML or Markdown; its question as Markdown out, without the site around it.

Code blocks keep their language, scripts and the site's own lines go, personal data is masked.
"""

import hashlib
import re
import unicodedata
from itertools import pairwise

from sampling.text import fences, markup
from sampling.text.masking import mask

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
_SITE_LINE_LONGEST = 240  # characters, without the addresses of links
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\n]*\)")
_SCRIPT = re.compile(r"<(script|style|iframe)\b[^<>]*>", re.IGNORECASE)
_SCRIPT_ENDS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style", "iframe")}
_CLOSED = re.compile(r" ?\[(?:closed|duplicate|on hold|migrated)\]$", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TITLE_LONGEST = 4000  # characters that are looked at


def is_site_line(line: str) -> bool:
    """Whether a line of prose is the site's and not the asker's.

    >>> is_site_line("Share Improve this question Follow"), is_site_line("**Edit:** I share the questions below")
    (True, False)
    """
    return _site_words(line) > 1


def _site_words(line: str) -> int:
    """Of how many phrases of the site a line is made, 2 for one that nobody writes alone; 0 if it says more."""
    words = _LINK.sub(r"\1", line).strip(" \t-+*_#>|·•")
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


def clean(text: str, page: bool = False) -> str:
    """The post, or the main content of a whole page, as masked Markdown.

    Raises markup.TooMuch, or RecursionError for HTML that is nested hundreds of levels deep.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    text = markup.from_html(text, page) if page or markup.is_html(text) else fences.outside(text, _without_scripts)
    text = fences.outside(_UNPRINTABLE.sub("", text), _without_chrome)
    text = "".join(_code(block) if block.is_code else _tidy(block.text) for block in fences.blocks(text))
    return mask(text).strip("\n ")


def _without_scripts(prose: str) -> str:
    """Without scripts and styles that somebody pasted. A tag that is quoted, or never closed, is spoken about."""
    kept, end, unclosed = [], 0, set[str]()
    for opened in _SCRIPT.finditer(prose):
        name = opened[1].lower()
        if opened.start() < end or name in unclosed or prose[opened.start() - 1 : opened.start()] == "`":
            continue
        closed = _SCRIPT_ENDS[name].search(prose, opened.end())
        if closed is None:
            unclosed.add(name)
            continue
        kept.append(prose[end : opened.start()])
        end = closed.end()
    return "".join([*kept, prose[end:]])


def _code(block: fences.Block) -> str:
    """A fenced block without the empty lines at its end."""
    first = block.text[: len(block.text) - len(block.code) - len(block.closing)]
    return f"{first}{block.code.rstrip()}\n{block.closing}"


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
    text = text[:_TITLE_LONGEST]
    if ("<" in text or "&" in text) and re.search(r"&\w+;|&#\d+;|</\w+>", text):
        text = markup.parse(text).get_text()
    return mask(_CLOSED.sub("", " ".join(_UNPRINTABLE.sub("", text).split())))


def digest(title: str, text: str) -> str:
    """The same for texts that differ in nothing but case, width and white space."""
    joined = unicodedata.normalize("NFKC", f"{title}\n{text}").casefold()
    return hashlib.sha256(" ".join(joined.split()).encode()).hexdigest()
