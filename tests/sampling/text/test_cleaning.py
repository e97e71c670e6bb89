import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.text import cleaning, masking
from sampling.text.cleaning import clean, clean_title, digest, is_site_line
from sampling.text.markup import is_html
from sampling.text.masking import mask


def test_html_becomes_markdown_and_code_keeps_its_language() -> None:
    html = (
        '<p>Why does <code>x_y</code> fail?</p>\n<pre class="lang-py prettyprint-override"><code>def f(a):\n'
        "    return a &lt; 1 and *a\n</code></pre><ul><li>one</li><li>two</li></ul>"
    )
    assert clean(html) == ("Why does `x_y` fail?\n\n```py\ndef f(a):\n    return a < 1 and *a\n```\n\n- one\n- two")


def test_a_code_block_that_holds_a_fence_gets_a_longer_one() -> None:
    assert clean("<p>Look:</p><pre><code>```js\nx\n```</code></pre>") == "Look:\n\n````\n```js\nx\n```\n````"


def test_markdown_stays_markdown() -> None:
    text = "Why is `<div>` not **closed**?\n\n```html\n<div><p>one</p>\n<p>two</p></div>\n```\n\nShare your ideas."
    assert clean(text) == text


def test_a_question_that_begins_with_its_own_page_code_is_not_scraped_html() -> None:
    text = '<div class="box">\n  <img src="a.png">\n</div>\n\nHow do I centre this?'
    assert not is_html(text)
    assert clean(text) == text


def test_scripts_styles_and_comments_go() -> None:
    html = "<p>Before</p><script>alert(1)</script><style>p{}</style><!-- note --><p>After</p>"
    assert clean(html) == "Before\n\nAfter"
    assert "alert" not in clean("Before\n\n<script>alert(1)</script>\n\nAfter")


def test_code_about_scripts_stays() -> None:
    assert "<script>alert(1)</script>" in clean(
        "<p>See</p><pre><code>&lt;script&gt;alert(1)&lt;/script&gt;</code></pre>"
    )
    assert "alert(1)" in clean("See\n\n```html\n<script>alert(1)</script>\n```")


def test_links_of_other_schemes_lose_their_target() -> None:
    cleaned = clean('<p><a href="javascript:alert(1)">here</a> and <a href="https://a.example/">there</a></p>')
    assert cleaned == "here and [there](https://a.example/)"


def test_of_a_full_page_only_the_post_stays() -> None:
    page = (
        "<!DOCTYPE html><html><head><title>Board</title></head><body><header><a href='/'>Board</a></header>"
        "<nav><ul><li>Home</li></ul></nav><div class='sidebar'>Hot: <a>Other question</a></div>"
        "<main><article><h1>My title</h1><div class='post-text'><p>My <b>question</b> is about sorting a list of"
        " numbers in place, without copying it.</p><pre><code class='language-go'>sort.Ints(x)</code></pre></div>"
        "<p>Share · Follow</p></article></main><footer>About us</footer></body></html>"
    )
    assert clean(page) == (
        "My **question** is about sorting a list of numbers in place, without copying it.\n\n```go\nsort.Ints(x)\n```"
    )


@pytest.mark.parametrize(
    "line",
    [
        "Share Improve this question Follow",
        "Share | Edit | Follow | Flag",
        "[Share](/q/1) [Improve this question](/edit)",
        "Asked 3 years ago · Viewed 2k times",
        "Asked 2 years, 4 months ago · Modified 8 months ago · Viewed 1k times",
        "Viewed 12k times",
        "Asked 11 months ago",
        "3 answers · sorted by score",
        "Home Questions Tags Users",
        "This question already has answers here:",
        "**Possible Duplicate:** [How to sort](https://x.example/1)",
        "We use cookies to make this site work. Accept all",
        "提问于 2 年前 · 浏览 1.3k 次",
        "分享 改进此问题 关注",
        "本站使用 Cookie 改善体验",
    ],
)
def test_lines_of_the_site_are_known(line: str) -> None:
    assert is_site_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "How do I share state between tabs?",
        "I asked this 3 years ago and nobody answered",
        "Share",
        "EDIT",
        "Users",
        "My site sets two cookies; we use cookies for the session, why is one lost?",
        "1. Users table",
        "The query returns 5 answers",
        "怎样统计浏览次数？",
        "",
    ],
)
def test_lines_of_the_asker_are_not_taken_for_the_sites(line: str) -> None:
    assert not is_site_line(line)


def test_single_words_of_the_site_go_only_beside_each_other() -> None:
    assert clean("- Share\n- Follow\n\nMy question") == "My question"
    assert clean("My tables:\n\n- Users\n- Orders") == "My tables:\n\n- Users\n- Orders"


def test_site_lines_inside_code_stay() -> None:
    text = "The page shows\n\n```\nShare Improve this question Follow\n```"
    assert clean(text) == text


def test_personal_data_is_masked_and_code_is_not() -> None:
    text = (
        "Write to jane.doe+x@mail.example.org or +49 170 1234567.\n\n```py\n@decorator\nx = 12345678901\n"
        'key = "AKIAABCDEFGHIJKLMNOP"\n```\ngit clone git@host.example:a/b.git'
    )
    cleaned = clean(text)
    assert "[e-mail]" in cleaned
    assert "[phone]" in cleaned
    assert 'key = "[key]"' in cleaned
    assert "jane" not in cleaned
    assert "1234567." not in cleaned
    assert "@decorator\nx = 12345678901" in cleaned
    assert "git@host.example:a/b.git" in cleaned


@pytest.mark.parametrize(
    "key",
    [
        "ASIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "A1b2c3" * 12,
        "glpat-" + "a1B2c3D4" * 3,
        "xoxb-" + "123456789012-123456789012-abcdefABCDEF",
        "sk_live_" + "a1B2c3D4" * 3,
        "sk-proj-" + "a1B2c3D4" * 5,
        "AIza" + "a1B2c" * 7,
        "npm_" + "a1B2" * 9,
        "6922832127:" + "AAEm2DMKEBRO2GNeRhLONJqe4__Roc-QfiA",
        "SG." + "a" * 22 + "." + "b" * 43,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "sig_natu-re0",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0" + "abcd" * 200 + "." + "s" * 400,  # longer than what is searched
    ],
)
def test_keys_are_masked_whole(key: str) -> None:
    assert mask(f'token = "{key}"; go') == 'token = "[key]"; go'


def test_an_aws_secret_is_masked_and_its_name_stays() -> None:
    assert mask("aws_secret_access_key = '" + "aB3/" * 10 + "'") == "aws_secret_access_key = '[key]'"


@pytest.mark.parametrize(
    "text",
    [
        "new surveyJs.Model(json)",
        "@app.route and pip install a@1.2.3, image@sha256:0123456789abcdef",
        "git@host.example:a/b.git",
        "Connecting to 209.85.199.27 (4)-192.168.0.31 Chrome/83.0.4103.122 version 1.2023.418.200",
        "2023-12-26T18:23:07.912Z 2147483648 -2147483648 6502530000 0x12345678",
        "questions/3106452/java-servlet/3106909#3106909",
        "x = 1 +12345; c++ 2015-2022; 555-1234",
        "sk-learn, sk-" + "short",
    ],
)
def test_code_is_not_taken_for_personal_data(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "number",
    ["+49 170 1234567", "+1 650-253-0000", "(650) 253-0000", "650-253-0000", "+8613812345678", "+7 (495) 123-45-67"],
)
def test_telephone_numbers_are_masked(number: str) -> None:
    assert mask(f"Write to {number}, please") == "Write to [phone], please"


def test_a_number_without_its_country_is_masked_where_it_says_what_it_is() -> None:
    assert mask("电话：010-62345678，手机：13812345678") == "电话：[phone]，手机：[phone]"
    assert mask("13812345678") == "13812345678"


def test_empty_lines_of_quotations_and_at_the_end_of_code_go() -> None:
    text = ">\n> One\n>\n>\n> Two\n>\n>\n\n\n\nSo:\n\n```\nx\n\n\ny\n\n\n```\n\nand\n\n```py\nz\n```"
    assert clean(text) == "> One\n>\n> Two\n\nSo:\n\n```\nx\n\n\ny\n```\n\nand\n\n```py\nz\n```"


def test_titles_are_one_plain_line() -> None:
    assert clean_title(" How  to use &lt;T&gt; &amp; <b>why</b>? [closed]") == "How to use <T> & why?"
    assert clean_title("List<String> to int < 5") == "List<String> to int < 5"


def test_characters_that_no_database_holds_go() -> None:
    assert clean("a\x00b\x07c\ud800d\te") == "abcd\te"


def test_the_digest_ignores_case_width_and_space_alone() -> None:
    assert digest("A  title", "Text\n\nhere") == digest("a title", "ＴＥＸＴ here ")
    assert digest("A title", "Text here") != digest("A title", "Text there")


@given(st.text(max_size=300))
def test_cleaning_never_fails_and_cleaning_again_changes_little(text: str) -> None:
    once = clean(text)
    assert "\x00" not in once
    assert len(once) <= len(text) + 40


@pytest.mark.parametrize(
    "text",
    [
        *("home " * 4000, "- Share\n" * 3000, "1 " * 6000, "<" * 8000, "`" * 8000, "[" * 8000, "@a." * 4000),
        *("eyJ-" * 50_000, "eyJ." * 50_000, "sk-" * 50_000, "xoxb-1-" * 30_000, "SG." * 50_000, "a.a@" * 30_000),
        "+1 650" * 30_000,
    ],
)
def test_hostile_repetition_is_cleaned_in_time(text: str) -> None:
    start = time.thread_time()  # of this thread alone, however busy the machine is
    clean(text)
    cleaning.is_site_line(text[:240])
    assert time.thread_time() - start < 30  # some seconds; what grows with the square takes minutes


def test_html_nested_too_deeply_raises_what_the_import_expects() -> None:
    with pytest.raises(RecursionError):
        clean("<p>" + "<div>" * 5000 + "deep" + "</div>" * 5000)


def test_private_keys_are_masked_whole_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    begins, ends = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
    key = f"{begins}\n{'A' * 60}\n{ends}"
    assert mask(f"one {key} two {key} three") == "one [private key] two [private key] three"
    assert mask(f"{begins} is the first line, {ends}") == "[private key]"
    assert mask(f"{begins} {ends}") == f"{begins} {ends}"  # nothing between them
    searches: list[int] = []
    real = masking._KEY_ENDS

    class Counted:
        def search(self, text: str, at: int) -> object:
            searches.append(at)
            return real.search(text, at)

    monkeypatch.setattr(masking, "_KEY_ENDS", Counted())
    assert mask(f"{begins}\n" * 5_000).count("PRIVATE") == 5_000
    assert len(searches) == 1
