"""The command that other teams use: one object for each line, in order; what cannot be read is refused whole."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decontamination import actions, words
from decontamination.leaks import Prompt
from tests.factories import NOW

pytestmark = pytest.mark.django_db

TEXT = "Write a function that returns the largest product of any three numbers in a list of integers."
CHINESE = "给定一个整数列表，返回其中任意三个位置不同的数字的最大乘积。"


@pytest.fixture(autouse=True)
def toy() -> None:
    prompts = [Prompt("toy", "a", TEXT), Prompt("toy", "zh", CHINESE)]
    actions.load_reference(name="toy", prompts=prompts, source="toy", by=None, now=NOW)


def run(path: Path | str, folder: Path, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and what --json holds."""
    out = folder / "out.jsonl"
    try:
        call_command("check_contamination", str(path), "--json", str(out), *options)
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    return code, [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def texts(path: Path, *rows: str, field: str = "text") -> Path:
    path.write_text("".join(json.dumps({field: row}) + "\n" for row in rows), encoding="utf-8")
    return path


def test_one_object_for_each_line_with_just_what_is_promised(tmp_path: Path) -> None:
    rows = ["clean", f"please: {TEXT}", "", f"{CHINESE}\n{TEXT}", "clean again"]
    code, found = run(texts(tmp_path / "texts.jsonl", *rows), tmp_path)
    assert code == 1
    assert [list(row) for row in found] == [["line", "leak", "matches"]] * 5
    assert [(row["line"], row["leak"], len(row["matches"])) for row in found] == [
        (1, False, 0), (2, True, 1), (3, False, 0), (4, True, 2), (5, False, 0),
    ]  # fmt: skip
    assert found[1]["matches"] == [{"reference": "toy", "key": "a", "start": 8, "end": 8 + len(TEXT) - 1, "words": 17}]
    assert [match["key"] for match in found[3]["matches"]] == ["zh", "a"]


def test_nothing_that_leaks_exits_0(tmp_path: Path) -> None:
    assert run(texts(tmp_path / "texts.jsonl", "clean", "clean"), tmp_path)[0] == 0
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert run(tmp_path / "empty.jsonl", tmp_path) == (0, [])


def test_lines_are_what_ends_in_a_line_feed(tmp_path: Path) -> None:
    """A byte order mark, blank lines, CRLF, other line ends inside strings and no line feed at the end are all fine."""
    path = tmp_path / "texts.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "a"}\r\n\n  \r\n{"text":\r"b\xe2\x80\xa8c\xc2\x85d"}\n'
        + json.dumps({"text": TEXT}, ensure_ascii=False).encode()
    )
    code, found = run(path, tmp_path)
    assert code == 1
    assert [(row["line"], row["leak"]) for row in found] == [(1, False), (2, False), (3, False), (4, False), (5, True)]


def test_gzip_is_known_by_its_content_and_a_dash_is_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = texts(tmp_path / "texts.jsonl", "clean", TEXT)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    expected = run(plain, tmp_path)
    assert run(packed, tmp_path) == expected
    for content in (plain.read_bytes(), packed.read_bytes()):
        stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(content)))
        monkeypatch.setattr("sys.stdin", stdin)
        assert run("-", tmp_path) == expected


def test_any_field(tmp_path: Path) -> None:
    path = texts(tmp_path / "texts.jsonl", TEXT, field="prompt")
    assert run(path, tmp_path, "--field", "prompt")[0] == 1


def test_a_huge_line_and_halves_of_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = TEXT.replace("returns ", "returns \ud800 ")
    huge = f"{'lorem ipsum ' * 500_000}{TEXT}{' dolor' * 500_000}"
    code, found = run(texts(tmp_path / "texts.jsonl", torn, huge, "0 " * 200_000), tmp_path)
    assert code == 1
    assert [row["leak"] for row in found] == [True, True, False]
    (match,) = found[1]["matches"]
    assert huge[match["start"] : match["end"]] == TEXT[:-1]
    assert "returns ? the largest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2: not JSON in UTF-8"),
        (b'{"text": "\xff"}', "line 2: not JSON in UTF-8"),
        (b"[" * 100_000, "line 2: not JSON in UTF-8"),
        (b'{"text": ' + b"9" * 5_000 + b"}", "line 2: not JSON in UTF-8"),
        (b'"text"', "line 2: not an object: 'text'"),
        (b'{"body": "x", "id": 1}', "line 2: field 'text': not there, only body, id"),
        (b'{"text": null}', "line 2: field 'text': not a text: None"),
        (b'{"text": ["x"]}', "line 2: field 'text': not a text: ['x']"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_written(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_bytes(json.dumps({"text": TEXT}).encode() + b"\n" + line + b"\n")
    refused(path, f"{path}: {said}")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(json.dumps({"text": TEXT}).encode() * 99)[:-9])
    refused(cut, f"{cut}: line ")
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"x" * 99)[:12] + b"\xff" * 20)
    refused(broken, f"{broken}: line 1: not whole gzip")
    refused(tmp_path / "none", f"{tmp_path / 'none'}: No such file")
    refused(tmp_path, str(tmp_path))


def refused(path: Path, said: str) -> None:
    out = path.parent / "out"
    out.write_text("what stood there before")
    with pytest.raises(CommandError) as refusal:
        call_command("check_contamination", str(path), "--json", str(out))
    assert refusal.value.returncode == 2
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert out.read_text() == "what stood there before"


# Ways to write the same words otherwise: each changes how many characters they take.
OTHERWISE = {
    "a": ["a", "A", "ａ", "Ａ", "𝐚", "ⓐ", "a\u00ad", "\u200ba"],
    "f": ["f", "F", "ｆ", "f\ufe0f"],
    "i": ["i", "I", "ⅰ", "𝓲"],
    "fi": ["fi", "ﬁ", "FI", "f\u200di"],
    "ss": ["ss", "ß", "ẞ", "SS", "ſs", "s\u2060S"],
    "é": ["é", "É", "e\u0301", "E\u0301", "e\u00ad\u0301"],
    "i̇": ["İ", "i\u0307", "I\u0307"],
    "12": ["12", "１２", "¹²", "⑫", "1\ufe0e2"],
    "が": ["が", "か\u3099", "か\u200c\u3099"],
    "ガ": ["ガ", "ｶﾞ", "カﾞ"],
    "한": ["한", "\u1112\u1161\u11ab", "하\u11ab"],
    "数": ["数", "数\ufe00", "数\U000e0100"],
    "_": ["_", "＿", "﹏"],
}
WORDS = ["fi", "ss", "café", "i̇f", "12", "が", "ガ", "한", "数", "a_12", "fiss", "aé12"]
PARTS = sorted(OTHERWISE, key=len, reverse=True)


def spell(word: str, choose: Any) -> str:
    """The word, each of its parts written in one of the ways that count as the same."""
    spelt = ""
    while word:
        part = next((part for part in PARTS if word.startswith(part)), word[0])
        spelt += choose(OTHERWISE.get(part, [part]))
        word = word[len(part) :]
    return spelt


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_places_are_those_of_the_shared_run_whatever_it_is_written_in(tmp_path: Path, data: st.DataObject) -> None:
    prompt = data.draw(st.lists(st.sampled_from(WORDS), min_size=12, max_size=20))
    reference = Prompt("odd", "1", " ".join(prompt))
    actions.load_reference(name="odd", prompts=[reference], source="odd", by=None, now=NOW)
    separators = st.sampled_from([" ", "\n", ", ", "\u3000", " \u200b", " 😀\u200d\ufe0f ", "…", "\x00", "\ud800"])
    before, after = (data.draw(st.sampled_from(["", "ﬃx ", "½。", "\ufeff", "😀", "ßtra "])) for _ in range(2))
    written = [spell(word, lambda ways: data.draw(st.sampled_from(ways))) for word in prompt]
    run_ = written[0] + "".join(data.draw(separators) + word for word in written[1:])
    text = f"{before}{' ' if before else ''}{run_}{' ' if after else ''}{after}"
    code, (row,) = run(texts(tmp_path / "texts.jsonl", text), tmp_path, "--cjk-weight", "1")
    assert code == 1
    whole = [match for match in row["matches"] if match["words"] == len(prompt) and match["reference"] == "odd"]
    assert whole
    (match,) = whole
    assert words.tokens(text[match["start"] : match["end"]]) == prompt
    assert text[match["start"] : match["end"]] == run_.strip("\u00ad\u200b\u200d\ufe0e\ufe0f\ufe00\U000e0100\u2060")
