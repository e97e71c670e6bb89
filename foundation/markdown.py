"""Markdown in, sanitised HTML with highlighted code out. Scraped text is hostile: nothing of it is trusted."""

import html
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_TAGS = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "span": {"class"}, "code": {"class"}, "div": {"class"}}
# Longer blocks are logs, and are shown plain. Some lexers take quadratic time or worse on text made for it, so only
# those that are known to be quick are used, and never on much.
_HIGHLIGHT_LIMIT = 8_000  # characters
_LEXERS = frozenset(
    """bash c clojure coffeescript console cpp csharp css cuda dart diff docker dockerfile elixir erlang fortran fsharp
    go golang graphql groovy haskell html ini java javascript js json jsx julia kotlin latex less lua make makefile
    matlab nim objective-c ocaml pascal perl php powershell ps1 py python python3 r ruby rust scala scheme scss sh
    shell solidity sql swift tcl terraform tex toml ts typescript vbnet verilog vhdl xml yaml yml zig""".split()  # noqa: SIM905
)


def _highlighted(code: str, language: str, _attributes: str) -> str:
    if language.lower() not in _LEXERS or len(code) > _HIGHLIGHT_LIMIT:
        return ""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _image(renderer: RendererProtocol, tokens: list[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A link instead of the picture: loading it would tell a stranger's server who reads what."""
    source, text = str(tokens[index].attrGet("src") or ""), tokens[index].content or "image"
    return f'<a href="{html.escape(source)}">[{html.escape(text)}]</a>'


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _highlighted, "maxNesting": 40})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image)
    return parser


def render(text: str) -> str:
    """Sanitised HTML. Raw HTML inside the Markdown is shown as text."""
    return nh3.clean(
        _parser().render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow ugc",
    )
