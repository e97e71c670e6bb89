# ruff: noqa: E501 (sentences of pages stand on one line each)
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from sampling.models import Corpus, Document
from sampling.readers import pages
from sampling.readers.files import read
from sampling.readers.pages import NoPage
from sampling.readers.record import Record
from sampling.text import maincontent, markup
from sampling.text.cleaning import clean

PAGES = Path(__file__).parent / "pages"
HEAD = "<!DOCTYPE html><html><head><title>A page</title></head><body>"

# For each page: what a reader came for, what the site put around it, and the languages of its code.
CONTENT: dict[str, tuple[list[str], list[str], list[str]]] = {
    "question": (
        ["only the first chunk ever arrives", "return  # I thought", "io.Copy(io.Discard, r.Body)", "    with open(path", "which chunks were consumed"],
        ["512 partners", "Companies", "Hot Network", "purr", "Sponsored", "Terms of service", "marlene", "ends the generator itself"],
        ["python", "go"],
    ),
    "forum": (
        ["shifted by one bit to the right", "SPI_CR1_MSTR | SPI_CR1_BR_0", "uint8_t value", "phase and polarity bits"],
        ["Register", "meet their makers", "soldering irons", "Joined", "Set CPHA", "Powered by"],
        [""],
    ),
    "blog": (
        ["come back in any order", "setTimeout(() => search(value), 300)", "  return () =>", "value that has settled", "> Hooks are functions", "lodash.debounce", "about `fetch`.", "## A timer in an effect", "| Effect | 4 |"],
        ["Advertisement:", "Twitter", "grid without tears", "Great article", "quiet letter", "powered by coffee", "Courses"],
        ["tsx"],
    ),
    "docs": (
        ["keeps connections open", "from sluice import Pool", '    pool.run("SELECT 1")', "must not be shared", "SHOW max_connections;", "Larger pools make", "## Sizes\n"],
        ["Installation", "API reference", "Edit on Git", "Copyright", "Previous", "¶"],
        ["python", "sql"],
    ),
    "chinese": (
        ["CPU 占满", "cache.merge(key, 1, Integer::sum)", "    return cache", "形成环", "保持顺序又保证线程安全", "### 问题代码"],
        ["会员", "面试必问", "评论区", "年终总结", "京ICP", "阅读量"],
        ["java"],
    ),
    "guide": (
        ["larger than the memory", "const upload = await harbor.open(name);\nfor await (const chunk", "Acknowledged chunks may", "3. Close it, and compare"],
        ["Skip to main", "Community", "Harbor 5 is out", "Getting started", "Edit this page", "Copyright", "Limits and quotas", "Copy"],
        ["ts"],
    ),
    "plain": (
        ["overflows the stack", "  (if (zerop n)\n      'done", "compiler does with the frame", "a **disassembly** tells"],
        ["Guest book", "visitor number", "webmaster", "|"],
        [""],
    ),
}  # fmt: skip


def page(name: str) -> dict[str, Any]:
    (fields,) = [row.fields for row in read(PAGES) if isinstance(row, Record) and row.page == f"{name}.html"]
    return fields


@pytest.mark.parametrize("name", CONTENT)
def test_of_a_page_only_its_main_content_stays_with_the_languages_of_its_code(name: str) -> None:
    wanted, unwanted, languages = CONTENT[name]
    text = clean(page(name)["body"], page=True)
    assert [words for words in wanted if words not in text] == []
    assert [words for words in unwanted if words in text] == []
    opening = [line.strip("`") for line in text.split("\n") if line.startswith("```")][::2]
    assert opening == languages


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("question", ("Why does my generator stop after the first chunk?", ["python", "generator", "python-requests"], "https://qa.example.org/questions/4711/why-does-my-generator-stop", "CC BY-SA 4.0", "2023-04-05T06:07:08")),
        ("forum", ("SPI reads shifted by one bit", [], "https://board.example.org/viewtopic.php?t=3311", "", "")),
        ("blog", ("Three ways to debounce a React input", ["react", "hooks", "debounce"], "https://blog.example.org/2022/11/debounce-react-input/", "CC BY 4.0", "2022-11-08T09:30:00+00:00")),
        ("docs", ("Connection pools", [], "https://sluice.example.org/en/stable/pools.html", "https://opensource.org/licenses/MIT", "")),
        ("chinese", ("HashMap 为什么线程不安全？一次线上排查记录", ["HashMap", "多线程", "Java"], "https://notes.example.cn/article/details/1024", "", "")),
        ("plain", ("Tail recursion in old Lisps", [], "", "", "")),
    ],
)  # fmt: skip
def test_a_page_says_where_it_is_from(name: str, said: tuple[Any, ...]) -> None:
    fields = page(name)
    assert tuple(fields[column] for column in ("title", "tags", "url", "licence", "created")) == said


def test_the_decision_leaves_the_page_as_it_was() -> None:
    soup = markup.parse(page("blog")["body"])
    before = str(soup)
    assert maincontent.texts(soup)
    assert str(soup) == before


def test_a_page_that_writes_in_the_marks_is_left_to_the_boxes_of_the_page() -> None:
    text = f"{HEAD}<nav>Menu</nav><main><p>{'Words of the page, in a paragraph. ' * 9}⠁⠂⠃</p></main></body></html>"
    assert not maincontent.texts(markup.parse(text))
    assert clean(text, page=True).endswith("⠁⠂⠃")
    assert "Menu" not in clean(text, page=True)


def test_numbers_of_lines_are_no_code() -> None:
    text = (
        f"{HEAD}<article><p>{'How it is done in this case. ' * 9}</p><table class='highlight'><tr><td class='gutter'>"
        "<pre>1\n2</pre></td><td class='code'><pre><code class='language-c'>int a;\nint b;</code></pre></td></tr></table>"
        "</article></body></html>"
    )
    assert clean(text, page=True).endswith("\n\n```c\nint a;\nint b;\n```")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good pages, and everything else that lies about in a folder that somebody saved pages into."""
    folder = tmp_path / "saved"
    (folder / "deep" / "er").mkdir(parents=True)
    body = "<p>" + "Why is the result of this call not what the manual says it is? " * 4 + "</p>"
    (folder / "b.html").write_text(f"{HEAD}{body}</body></html>", encoding="utf-8")
    (folder / "deep" / "er" / "A page").write_text(f"<!-- kept -->{HEAD}{body} Deep.</body></html>", encoding="utf-8")
    (folder / "deep" / "wide.htm").write_bytes(f"\ufeff{HEAD}{body}Zwölf.</body></html>".encode("utf-16-le"))
    (folder / "a.css").write_text("p { color: red }", encoding="utf-8")
    (folder / "image.html").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (folder / "nothing.html").write_bytes(b"")
    (folder / "no words.html").write_text(f"{HEAD}<nav>Home</nav></body></html>", encoding="utf-8")
    declared = HEAD.replace("<title>", "<meta charset=gb2312><title>")
    (folder / "broken.html").write_bytes(f"{declared}\n<p>".encode() + b"\xff\xff</p></body></html>")
    (folder / "nested.html").write_text(f"{HEAD}{'<div>' * 3000}x", encoding="utf-8")
    (folder / "tags.html").write_text(f"{HEAD}{'<i>' * 200_001}", encoding="utf-8")
    with (folder / "huge.html").open("w", encoding="utf-8") as file:
        file.write(HEAD + "x" * pages.LARGEST)
    (folder / "data.json").write_text("{}", encoding="utf-8")
    outside = tmp_path / "outside.html"
    outside.write_text(f"{HEAD}{body}</body></html>", encoding="utf-8")
    (folder / "out.html").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    (folder / "gone.html").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.html")
    return folder


@pytest.mark.django_db
def test_every_file_of_a_folder_becomes_a_document_or_a_reject(
    folder: Path, run: Callable[..., dict[str, Any]]
) -> None:
    figures = run("import_corpus", folder, "--corpus", "saved", "--licence", "CC0")
    assert (figures["records"], figures["new"], figures["rejected"]) == (16, 3, 13)
    keys = ["saved/b.html", "saved/deep/er/A page", "saved/deep/wide.htm"]
    documents = list(Document.objects.order_by("key"))
    assert [document.key for document in documents] == keys
    assert [document.source_file for document in documents] == keys
    assert "Zwölf." in documents[2].text
    assert documents[0].title == "A page"
    assert documents[0].percent_shorter > 0
    assert documents[0].licence == "CC0"
    rejects_file = settings.DATA_DIR / "rejects" / "saved.jsonl"
    content = rejects_file.read_text(encoding="utf-8")
    rejects = {row["file"]: (row["line"], row["field"], row["reason"]) for row in map(json.loads, content.splitlines())}
    assert rejects == {
        "saved/a.css": (1, "", "not an HTML page"),
        "saved/broken.html": (2, "body", "not gb18030: illegal multibyte sequence at byte 86"),
        "saved/data.json": (1, "", "not an HTML page"),
        "saved/gone.html": (1, "", "a link that leads out of the folder, which is not followed"),
        "saved/huge.html": (1, "", "the page is larger than 4,194,304 bytes"),
        "saved/image.html": (1, "", "not an HTML page"),
        "saved/nested.html": (1, "body", "nested too deeply"),
        "saved/no words.html": (1, "body", "nothing is left of it without markup and site chrome"),
        "saved/nothing.html": (1, "", "the file is empty"),
        "saved/out.html": (1, "", "a link that leads out of the folder, which is not followed"),
        "saved/pipe.html": (1, "", "not a regular file"),
        "saved/tags.html": (1, "body", "more than 200,000 tags"),
        "saved/up": (1, "", "a link to a folder, which is not followed"),
    }
    again = run("import_corpus", folder, "--corpus", "saved")
    assert (again["new"], again["updated"], again["unchanged"], again["rejected"]) == (0, 0, 3, 13)
    assert rejects_file.read_text(encoding="utf-8") == content
    for name in rejects:
        (folder.parent / name).unlink()
    assert run("import_corpus", folder, "--corpus", "saved")["rejects_file"] == "none"


@pytest.mark.django_db
def test_a_dry_run_of_a_folder_shows_pages_and_rejects(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("import_corpus", str(folder), "--corpus", "saved", "--dry-run", "--map", "title=url", "licence=")
    shown = capsys.readouterr().out
    assert "title=url, body=body" in shown
    assert "licence=" not in shown
    assert "saved/deep/er/A page" in shown
    assert "% shorter)" in shown
    assert "rejected: saved/broken.html, line 2, body: not gb18030" in shown
    assert "rejected: 3 more" in shown
    assert not Corpus.objects.exists()
    with pytest.raises(CommandError, match=r"there is no column 'Heading'; there are body, created, id"):
        call_command("import_corpus", str(folder), "--corpus", "saved", "--map", "title=Heading")


@pytest.mark.django_db
def test_pages_with_the_same_id_are_named_by_their_number(folder: Path, run: Callable[..., dict[str, Any]]) -> None:
    figures = run("import_corpus", folder, "--corpus", "saved", "--map", "id=title")
    assert figures["new"] == 1
    content = (settings.DATA_DIR / "rejects" / "saved.jsonl").read_text(encoding="utf-8")
    same = '"file": "saved/deep/wide.htm", "line": 1, "field": "title", "reason": "the same record or id stands in saved, page 2"'
    assert same in content


def test_a_folder_is_read_one_page_at_a_time(tmp_path: Path) -> None:
    words = "Some words of a page that is large. " * 10_000
    for number in range(60):
        (tmp_path / f"{number}.html").write_text(f"{HEAD}<p>{number} {words}</p></body></html>", encoding="utf-8")
    tracemalloc.start()
    assert sum(isinstance(row, Record) for row in read(tmp_path)) == 60
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        "<h2>Title</h2><p>Text is here, and it goes on for a while.</p>" * 20_000,
        "<table>" + "<tr><td>a</td><td>b</td></tr>" * 20_000,
        "<div>" * 150 + "<p>word" * 20_000,
        "<script type='application/ld+json'>" + "[" * 100_000 + "</script><p>Words</p>",
        "<!--" * 100_000 + "<p>Words</p>",
        "<!-- saved from url=(" * 50_000,
    ],
)
def test_hostile_pages_are_decided_by_a_library_only_up_to_a_size(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = maincontent._extracted

    def counted(html: str) -> str:
        asked.append(html.count("<"))
        return real(html)

    monkeypatch.setattr(maincontent, "_extracted", counted)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "page.html").write_text(HEAD + content, encoding="utf-8")
    ((_name, fields),) = pages.read(tmp_path / "saved")
    assert not isinstance(fields, NoPage)
    clean(fields["body"], page=True)
    assert all(tags < 20_000 for tags in asked)


def test_a_link_to_itself_and_a_path_that_is_too_long_are_rejects_and_not_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "last.html").write_text(f"{HEAD}<p>Why does it loop?</p>")
    (folder / "itself.html").symlink_to("itself.html")
    (folder / "one").symlink_to("other")
    (folder / "other").symlink_to("one")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for _level in range(25):  # deeper than a path may be long
            os.mkdir("d" * 200)  # noqa: PTH102 (a relative path, which no resolved one can be)
            os.chdir("d" * 200)
    finally:
        os.chdir(before)
    found = {name: page.reason if isinstance(page, NoPage) else "" for name, page in pages.read(folder)}
    deep = [name for name in found if name.startswith("ddd")]
    assert [found.pop(name) for name in deep] == ["File name too long"]
    loop = "Too many levels of symbolic links"
    assert found == {
        "last.html": "", "itself.html": loop, "one": loop, "other": loop
    }  # fmt: skip
