import pytest

from foundation.markdown import render


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "![x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="https://example.org" onclick="alert(1)">x</a>',
        "<iframe src=https://example.org></iframe>",
        "<style>body{display:none}</style>",
        "```html\n<script>alert(1)</script>\n```",
        "`<svg onload=alert(1)>`",
        '[x](https://example.org "\\" onmouseover=alert(1) x=\\"")',
        "<https://example.org/?a=<script>>",
    ],
)
def test_hostile_text_becomes_harmless(hostile: str) -> None:
    html = render(hostile).lower()
    for tag in ("<script", "<img", "<iframe", "<style", "<svg"):
        assert tag not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    for start in html.split("<")[1:]:
        tag = start.split(">")[0]
        assert " on" not in tag.replace('title="', "title=").split('"')[0]


def test_code_is_highlighted_in_its_language() -> None:
    html = render("```python\ndef f(x):\n    return x\n```")
    assert '<span class="k">def</span>' in html


def test_unknown_languages_stay_plain_code() -> None:
    assert "<pre><code" in render("```no-such-language\na < b\n```")
    assert "a &lt; b" in render("```no-such-language\na < b\n```")


def test_pictures_are_links_so_that_nothing_is_loaded_from_elsewhere() -> None:
    html = render("![a plot](https://example.org/plot.png)")
    assert "<img" not in html
    assert '<a href="https://example.org/plot.png"' in html


def test_links_give_nothing_away() -> None:
    assert 'rel="noopener noreferrer nofollow ugc"' in render("[docs](https://example.org)")


def test_tables_and_chinese_stay() -> None:
    html = render("| 名 | 值 |\n|---|---|\n| 甲 | 1 |")
    assert "<td>甲</td>" in html


def test_deep_nesting_and_long_code_are_bounded() -> None:
    render(">" * 5_000 + "x")
    assert "<span" not in render("```python\n" + "x = 1\n" * 20_000 + "```")


def test_languages_with_slow_lexers_are_not_highlighted() -> None:
    for language in ("easytrieve", "xpp", "autoit"):
        assert "<span" not in render(f"```{language}\n{'	' * 5_000}x\n```")
