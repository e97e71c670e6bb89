import errno
import gzip
import json
import random
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError

from campaigns.models import Event
from sampling.actions.duplicates import link_exact, link_near
from sampling.actions.imports import BATCH, import_files
from sampling.models import Corpus, Document
from sampling.readers.seen import Seen
from tests.factories import NOW

pytestmark = pytest.mark.django_db

Run = Callable[..., dict[str, Any]]


def write(path: Path, *records: dict[str, Any] | str) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def state() -> list[dict[str, Any]]:
    """All that an import decides about documents, whatever their numbers."""
    fields = [field.name for field in Document._meta.fields if field.name not in ("id", "imported_at", "canonical")]
    return list(Document.objects.order_by("key").values(*fields, "canonical__key"))


def test_a_document_keeps_source_licence_dates_languages_and_label(run: Run, tmp_path: Path) -> None:
    path = write(
        tmp_path / "scrape.jsonl",
        {
            "id": "q-1",
            "title": "Sorting &amp; order",
            "body": "<p>How do I sort?</p><pre><code class='language-python'>x.sort()</code></pre><p>Share Follow</p>",
            "tags": ["python-3.x"],
            "url": "https://qa.example.org/q/1",
            "licence": "CC0-1.0",
            "created": "2024-03-05",
            "truth": {"category": "Data Structures"},
        },
    )
    figures = run("import_corpus", path, "--corpus", "scrape")
    assert (figures["new"], figures["rejected"], figures["documents"]) == (1, 0, 1)
    assert figures["characters_after"] < figures["characters_before"]
    document = Document.objects.get()
    assert document.title == "Sorting & order"
    assert document.text == "How do I sort?\n\n```python\nx.sort()\n```"
    assert (document.url, document.licence, document.created) == ("https://qa.example.org/q/1", "CC0-1.0", "2024-03-05")
    assert (document.programming_languages, document.natural_language) == (["Python"], "en")
    assert document.true_category is not None
    assert document.true_category.name == "Data Structures"
    assert document.source_file == "scrape.jsonl"


def test_importing_again_changes_nothing(run: Run, small_corpus: Path) -> None:
    run("import_corpus", small_corpus, "--corpus", "small")
    before, events = state(), Event.objects.count()
    figures = run("import_corpus", small_corpus, "--corpus", "small")
    assert (figures["new"], figures["updated"], figures["unchanged"]) == (0, 0, 36)
    assert state() == before
    assert Event.objects.count() == events


def test_a_changed_record_is_updated(run: Run, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", {"id": 1, "title": "Old", "body": "Old words"}, {"id": 2, "title": "B", "body": "b"}
    )
    run("import_corpus", path, "--corpus", "c")
    write(path, {"id": 1, "title": "New", "body": "New words"}, {"id": 2, "title": "B", "body": "b"})
    figures = run("import_corpus", path, "--corpus", "c")
    assert (figures["new"], figures["updated"], figures["unchanged"]) == (0, 1, 1)
    assert Document.objects.get(key="1").text == "New words"


def test_bad_records_lie_in_the_rejects_file_with_line_field_and_reason(run: Run, tmp_path: Path) -> None:
    path = write(
        tmp_path / "messy.jsonl",
        {"id": 1, "title": "Good", "body": "good"},
        '{"id": 2, "title"',
        {"id": 3, "title": "", "body": " "},
        {"id": 1, "title": "Again", "body": "same id"},
        {"id": 5, "title": "Odd label", "body": "x", "truth": {"category": "No Such"}},
        {"id": 6, "title": "", "body": "<p>Share Follow</p>"},
    )
    figures = run("import_corpus", path, "--corpus", "messy")
    assert (figures["records"], figures["new"], figures["rejected"]) == (6, 1, 5)
    lines = (settings.DATA_DIR / "rejects" / "messy.jsonl").read_text(encoding="utf-8").splitlines()
    rejects = {row["line"]: row for row in map(json.loads, lines)}
    assert sorted(rejects) == [2, 3, 4, 5, 6]
    assert rejects[2]["file"] == "messy.jsonl"
    assert "JSON" in rejects[2]["reason"]
    assert rejects[3]["field"] == "body"
    assert "line 1" in rejects[4]["reason"]
    assert rejects[5]["field"] == "truth.category"
    before = lines
    run("import_corpus", path, "--corpus", "messy")
    assert (settings.DATA_DIR / "rejects" / "messy.jsonl").read_text(encoding="utf-8").splitlines() == before
    write(path, {"id": 1, "title": "Good", "body": "good"})
    assert run("import_corpus", path, "--corpus", "messy")["rejects_file"] == "none"


def test_a_file_of_nothing_but_rejects_says_so(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "empty.jsonl", {"id": 1, "body": ""}, {"id": 2, "body": "", "title": ""})
    with pytest.raises(CommandError, match=r"empty\.jsonl: no column looks like a question") as caught:
        run("import_corpus", path, "--corpus", "empty")
    assert caught.value.returncode == 2
    path = write(tmp_path / "markup.jsonl", {"id": 1, "body": "<p> </p>"}, {"id": 2, "body": "<div></div>"})
    figures = run("import_corpus", path, "--corpus", "markup")
    assert (figures["records"], figures["documents"], figures["rejected"]) == (2, 0, 2)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.csv", "--corpus", "c"], "nowhere.csv: No such file"),
        (["{good}", "--corpus", "not a slug"], "not a slug"),
        (["{good}", "--corpus", "c", "--map", "body=Nope"], "there is no column"),
    ],
)
def test_bad_input_ends_with_2_and_one_line(tmp_path: Path, arguments: list[str], reason: str) -> None:
    good = write(tmp_path / "good.jsonl", {"id": 1, "body": "text"})
    with pytest.raises(CommandError, match=reason) as caught:
        call_command("import_corpus", *[argument.format(good=good) for argument in arguments])
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not Corpus.objects.exists()


def test_a_dry_run_shows_documents_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.jsonl", {"Heading": "My title", "Words": "My words are these"})
    call_command("import_corpus", str(path), "--corpus", "c", "--dry-run", "--map", "title=Heading", "body=Words")
    shown = capsys.readouterr().out
    assert "title=Heading" in shown
    assert "My title" in shown
    assert "My words are these" in shown
    assert not Corpus.objects.exists()
    assert not Document.objects.exists()


def test_a_dry_run_shows_how_a_long_text_without_spaces_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.jsonl", {"title": "t", "body": "怎样排序列表" * 80})
    call_command("import_corpus", str(path), "--corpus", "c", "--dry-run")
    assert "怎样排序列表" * 40 in capsys.readouterr().out


def test_documents_with_the_same_words_have_one_that_stands_for_them(run: Run, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"id": 1, "title": "How?", "body": "The same words"},
        {"id": 2, "title": "Other", "body": "Other words"},
        {"id": 3, "title": "HOW?", "body": "The  same\nwords"},
        {"id": 4, "title": "No text", "body": ""},
        {"id": 5, "title": "No text", "body": ""},
    )
    figures = run("import_corpus", path, "--corpus", "c")
    assert (figures["duplicates"], figures["without_text"]) == (2, 2)
    links = dict(Document.objects.values_list("key", "canonical__key"))
    assert links == {"1": None, "2": None, "3": "1", "4": None, "5": "4"}
    write(path, {"id": 3, "title": "HOW?", "body": "Now it differs"})
    assert run("import_corpus", path, "--corpus", "c")["duplicates"] == 1


def test_where_keys_stood_is_remembered_in_little_memory() -> None:
    seen = Seen(["a.jsonl, line", "b.jsonl, line"])
    tracemalloc.start()
    assert not any(seen.before(f"https://qa.example.org/questions/{line}", 1, line) for line in range(1, 100_001))
    assert tracemalloc.get_traced_memory()[0] < 100_000 * 150
    tracemalloc.stop()
    assert seen.before("https://qa.example.org/questions/70000", 0, 5) == "b.jsonl, line 70000"


def test_near_duplicates_and_their_copies_stay_linked_to_what_stands_for_them(run: Run, tmp_path: Path) -> None:
    rows = [{"id": at, "title": "T", "body": body} for at, body in enumerate(["a", "nearly a", "nearly A", "b", "B"])]
    path = write(tmp_path / "a.jsonl", *rows)
    run("import_corpus", path, "--corpus", "c")
    first = Document.objects.get(key="0")
    Document.objects.filter(key="1").update(canonical=first, similarity=0.97)
    # A link between words that are no longer the same.
    Document.objects.filter(key="3").update(canonical=first, similarity=1.0)
    assert link_exact(corpus=first.corpus) == 3
    links = {key: rest for key, *rest in Document.objects.values_list("key", "canonical__key", "similarity")}
    assert links == {"0": [None, None], "1": ["0", 0.97], "2": ["0", 0.97], "3": [None, None], "4": ["3", 1.0]}


def test_unrelated_words_that_a_model_cannot_tell_apart_are_not_linked(run: Run, tmp_path: Path) -> None:
    rows = ["你想当全栈工程师吗？", "什么是临界破坏电压？", "如何避免“野指针”", '如何避免"野指针"？']
    path = write(tmp_path / "a.jsonl", *({"id": at, "title": title} for at, title in enumerate(rows)))
    run("import_corpus", path, "--corpus", "c", "--map", "body=")
    digests = list(Document.objects.order_by("pk").values_list("text_digest", flat=True))
    vectors = np.tile(np.array([[1, 0]], dtype=np.float32), (4, 1))
    assert link_near(corpus=Corpus.objects.get(), vectors=vectors, digests=digests) == 1
    links = dict(Document.objects.values_list("key", "canonical__key"))
    assert links == {"0": None, "1": None, "2": None, "3": "2"}


def test_a_damaged_file_leaves_what_was_read_before_the_damage(run: Run, tmp_path: Path) -> None:
    lines = [json.dumps({"id": at, "body": f"{random.Random(at).random()}"}) for at in range(40_000)]
    packed = gzip.compress("\n".join(["{broken", *lines]).encode())
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(packed[: len(packed) * 9 // 10])
    with pytest.raises(CommandError, match=r"cut\.jsonl\.gz: Compressed file ended"):
        call_command("import_corpus", str(path), "--corpus", "cut")
    assert Document.objects.count() > 1000
    (reject,) = (settings.DATA_DIR / "rejects" / "cut.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(reject)["line"] == 1


def test_a_dump_of_posts_gives_questions_with_their_accepted_answers(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    path.write_text(
        """<?xml version="1.0" encoding="utf-8"?>
<posts>
  <row Id="9" PostTypeId="2" ParentId="10" Body="&lt;p&gt;Use &lt;code&gt;sorted&lt;/code&gt;, ann@mail.example.org.&lt;/p&gt;" />
  <row Id="10" PostTypeId="1" AcceptedAnswerId="9" Title="How do I sort?" Body="&lt;p&gt;A list&#xA;of numbers&lt;/p&gt;" Tags="&lt;python&gt;&lt;sorting&gt;" CreationDate="2020-01-02T03:04:05.678" ContentLicense="CC BY-SA 4.0" />
  <row Id="11" PostTypeId="1" AcceptedAnswerId="13" Title="And in C?" Body="&lt;p&gt;An array&lt;/p&gt;" Tags="|c|arrays|" />
  <row Id="12" PostTypeId="1" Title="Broken" Body="&oops;" />
  <row Id="13" PostTypeId="2" ParentId="11" Body="&lt;p&gt;qsort&lt;/p&gt;" />
  <row Id="14" PostTypeId="1" AcceptedAnswerId="99" Title="Whose answer is gone" Body="&lt;p&gt;Text&lt;/p&gt;" />
</posts>
""",  # noqa: E501
        encoding="utf-8",
    )
    figures = run("import_corpus", path, "--corpus", "dump")
    assert (figures["records"], figures["new"], figures["rejected"]) == (4, 3, 1)
    (reject,) = (settings.DATA_DIR / "rejects" / "dump.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(reject)["line"] == 6
    documents = {document.key: document for document in Document.objects.all()}
    first = documents["10"]
    assert (first.title, first.tags, first.licence) == ("How do I sort?", ["python", "sorting"], "CC BY-SA 4.0")
    assert first.created.startswith("2020-01-02")
    assert first.answer == "Use `sorted`, [e-mail]."
    assert "sorted" not in first.wording
    assert (documents["11"].answer, documents["11"].tags) == ("qsort", ["c", "arrays"])
    assert documents["14"].answer == ""


def test_an_answer_can_stand_in_any_column(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"id": 1, "body": "How?", "reply": "<p>So</p>"})
    run("import_corpus", path, "--corpus", "c", "--map", "answer=reply")
    assert Document.objects.get().answer == "So"


def test_an_entity_bomb_is_refused_in_one_line(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?>\n<!DOCTYPE posts [\n<!ENTITY a "aaaa">\n<!ENTITY b "&a;&a;">\n]>\n<posts><row Id="1" PostTypeId="1" Body="&b;"/></posts>'  # noqa: E501
    path = tmp_path / "Posts.xml"
    path.write_text(bomb, encoding="utf-8")
    with pytest.raises(CommandError, match=r"Posts\.xml: line 2: a document type declaration") as caught:
        call_command("import_corpus", str(path), "--corpus", "c")
    assert caught.value.returncode == 2
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("place", "error", "reason"),
    [
        ("Rejects.publish", OSError(errno.ENOSPC, "No space left on device"), "rejects: No space left on device"),
        ("Rejects.add", OSError(errno.ENOSPC, "No space left on device"), "rejects: No space left on device"),
        ("_replace", OperationalError("database or disk is full"), "the database: database or disk is full"),
    ],
)
def test_a_full_disk_is_one_line_and_what_was_written_stays(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception, reason: str
) -> None:
    path = write(tmp_path / "a.jsonl", {"id": "old", "body": "first words"})
    run("import_corpus", path, "--corpus", "c")
    write(path, *({"id": at, "body": f"words {at}"} for at in range(BATCH)), {"id": "old", "body": "later words"}, "{")

    def full(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(f"sampling.actions.imports.{place}", full)
    with pytest.raises(CommandError, match=reason) as caught:
        call_command("import_corpus", str(path), "--corpus", "c")
    assert (caught.value.returncode, "\n" in str(caught.value)) == (2, False)
    assert Document.objects.count() == BATCH + 1
    monkeypatch.undo()


def test_a_licence_can_be_given_for_records_that_name_none(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"id": 1, "body": "a", "license": "MIT"}, {"id": 2, "body": "b"})
    run("import_corpus", path, "--corpus", "c", "--licence", "CC BY-SA 4.0")
    assert list(Document.objects.order_by("key").values_list("licence", flat=True)) == ["MIT", "CC BY-SA 4.0"]


EXPECTED = {
    # Counted with json and csv alone. 252 of the questions repeat the id of another one.
    "arena_hard_v2.jsonl": (750, 0, {"id", "body"}),
    "carena_hard_zh.json": (246, 0, {"id", "body"}),
    "questions.jsonl.gz": (2000, 0, {"id", "title", "body", "tags", "url", "licence"}),
    "realhumaneval_chat.csv": (1055, 0, {"body"}),
    "sede_export.csv": (486, 0, {"id", "title", "body", "tags", "created"}),
    "stackeval.jsonl": (925, 0, {"id", "body", "answer", "tags"}),
    "stackoverflow_questions.csv": (2000, 0, {"id", "title", "body", "created"}),
}


def test_real_corpora_of_every_shape_import(shared_data: Path) -> None:
    """All of each, of the largest a slice."""
    assert {path.name for path in (shared_data / "corpora").iterdir()} == set(EXPECTED)
    for name, (count, rejected, fields) in EXPECTED.items():
        corpus, report = import_files(
            paths=[shared_data / "corpora" / name],
            corpus_name=name.split(".")[0],
            by=None,
            now=NOW,
            watch=lambda rows: islice(rows, 2000),
        )
        assert set(report.mappings[name]) == fields
        assert (name, report.new, report.rejected) == (name, count, rejected)
        assert corpus.documents.exclude(text="", title="").count() == count
    chinese = Document.objects.filter(corpus__name="carena_hard_zh", natural_language="zh")
    assert chinese.count() > 230
    assert not Document.objects.filter(corpus__name="realhumaneval_chat", text__startswith="[{").exists()
