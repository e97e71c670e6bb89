import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from sampling.readers.files import read
from sampling.readers.record import Record, Reject, Unreadable

ROWS = [{"title": 'Quoted, "comma"', "body": "two\nlines 数据"}, {"title": "Zwölf", "body": "x"}]


def fields(path: Path) -> list[object]:
    return [row.fields for row in read(path) if isinstance(row, Record)]


def rejects(path: Path) -> list[Reject]:
    return [row for row in read(path) if isinstance(row, Reject)]


def json_lines(rows: list[dict[str, str]] = ROWS) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(delimiter: str = ",") -> str:
    return f"title{delimiter}body\n" + "".join(
        delimiter.join('"' + value.replace('"', '""') + '"' for value in row.values()) + "\n" for row in ROWS
    )


@pytest.mark.parametrize(
    "content",
    [
        json_lines().encode(),
        gzip.compress(json_lines().encode(), mtime=0),
        zstandard.compress(json_lines().encode()),
        b"\xef\xbb\xbf" + json_lines().encode(),
        json_lines().encode("utf-16"),
        json.dumps(ROWS, indent=1, ensure_ascii=False).encode(),
        json.dumps({"version": 3, "items": ROWS}, indent=1).encode(),
        table().encode(),
        b"\xef\xbb\xbf" + table().encode(),
        table("\t").encode(),
        table(";").encode("utf-16"),
    ],
)
def test_the_format_is_recognised_by_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scrape.dat"
    path.write_bytes(content)
    assert fields(path) == ROWS
    assert rejects(path) == []


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "scrape.csv"  # the name does not matter
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    assert fields(path) == ROWS


def test_other_encodings_than_unicode(tmp_path: Path) -> None:
    chinese = [
        {"title": f"第{number}个问题", "body": "怎样把两个有序数组合并成一个，而且不占用额外的内存空间？"}
        for number in range(30)
    ]
    path = tmp_path / "gb.csv"
    text = "title,body\n" + "".join(f"{row['title']},{row['body']}\n" for row in chinese)
    path.write_bytes(text.encode("gb18030"))
    assert fields(path) == chinese


def test_repeated_column_names_get_a_number(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("id,score,score\n1,5,7\n", encoding="utf-8")
    assert fields(path) == [{"id": "1", "score": "5", "score (2)": "7"}]


def test_a_broken_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "scrape.jsonl"
    good = json.dumps(ROWS[0]).encode()
    path.write_bytes(b"\n".join([good, b'{"title": ', b"[1]", b'{"title": "\xff\xfe"}', good]))
    assert len(fields(path)) == 2
    assert [row.line for row in rejects(path)] == [2, 3, 4]
    assert all(row.reason for row in rejects(path))


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_a_broken_line_of_utf_16_is_named_and_the_others_are_read(tmp_path: Path, order: str) -> None:
    path = tmp_path / "scrape.jsonl"
    good = {"title": "Ċ ਊ \u0a00 数据"}  # letters with the byte of a line feed in them
    line = json.dumps(good, ensure_ascii=False).encode(order) + "\n".encode(order)
    lone = "\ud800".encode(order, "surrogatepass")
    broken = '{"title": "'.encode(order) + lone + '"}\n'.encode(order)
    path.write_bytes("\ufeff".encode(order) + line + broken + line)
    assert fields(path) == [good, good]
    assert [row.line for row in rejects(path)] == [2]


def test_a_huge_line_is_rejected_without_the_rest_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampling.readers.lines.LONGEST", 1000)
    monkeypatch.setattr("sampling.readers.json.LONGEST", 1000)
    path = tmp_path / "scrape.jsonl"
    huge = json.dumps({"body": "x" * 5000})
    path.write_text(f"{json_lines([ROWS[0]])}{huge}\n{json_lines([ROWS[1]])}", encoding="utf-8")
    assert fields(path) == ROWS
    assert [row.line for row in rejects(path)] == [2]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_huge_line_of_a_table_is_never_held_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quote: str
) -> None:
    monkeypatch.setattr("sampling.readers.table.LONGEST", 100_000)
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(f"id,body\n1,fine\n2,{quote}")
        for _piece in range(300):
            file.write("x" * 100_000)
        file.write(f"{quote}\n3,also fine\n")
    tracemalloc.start()
    rows = list(read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.fields["id"] for row in rows if isinstance(row, Record)] == ["1", "3"]
    assert [row.line for row in rows if isinstance(row, Reject)] == [3]
    assert rows[-1] == Record(4, {"id": "3", "body": "also fine"})
    assert peak < 25_000_000


def test_a_row_with_other_columns_than_the_header_is_rejected_by_line(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('id,body\n1,"two\nlines"\n2\n3,x,y\n4,fine\n', encoding="utf-8")
    assert [row["id"] for row in fields(path)] == ["1", "4"]  # type: ignore[index]
    assert [row.line for row in rejects(path)] == [4, 5]


def test_bad_bytes_in_a_table_are_rejected_by_field(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes("id,body\n1,schön\n2,größer\n".encode() + b"3,\xff\xfe\n")
    assert [(row.line, row.field) for row in rejects(path)] == [(4, "body")]
    assert len(fields(path)) == 2


def test_an_array_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "scrape.json"
    path.write_text(json.dumps(ROWS, indent=1)[:-30], encoding="utf-8")
    assert fields(path) == ROWS[:1]
    assert len(rejects(path)) == 1


@pytest.mark.parametrize("indent", [None, 1])
def test_arrays_and_objects_one_after_the_other_are_all_read(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "scrape.json"
    array = json.dumps(ROWS, indent=indent)
    path.write_text(f"{array}\n{array}\n", encoding="utf-8")
    assert (fields(path), rejects(path)) == (ROWS * 2, [])
    whole = json.dumps({"items": ROWS}, indent=1)
    path.write_text(f"{whole}\n{whole}", encoding="utf-8")
    assert (fields(path), rejects(path)) == (ROWS * 2, [])
    path.write_text(f"{array}\noh", encoding="utf-8")
    assert fields(path) == ROWS
    assert [row.line for row in rejects(path)] == [array.count("\n") + 2]


def test_json_that_is_nested_too_deeply_is_rejected_by_line(tmp_path: Path) -> None:
    path = tmp_path / "scrape.jsonl"
    deep = '{"body": ' + "[" * 200_000 + "]" * 200_000 + "}"
    path.write_text(f"{json_lines(ROWS[:1])}{deep}\n{json_lines(ROWS[1:])}", encoding="utf-8")
    assert fields(path) == ROWS
    assert [row.line for row in rejects(path)] == [2]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_one_rejected_line(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(pack(json_lines(ROWS[:1]).encode() + b'{"body": "' + b"x" * 300_000_000 + b'"}\n'))
    tracemalloc.start()
    assert fields(path) == ROWS[:1]
    assert [row.line for row in rejects(path)] == [2]
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


def test_an_array_longer_than_the_buffer_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "scrape.json"
    rows = [{"number": number, "body": "[{,]}" * (number % 3000)} for number in range(500)]
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert fields(path) == rows


@pytest.mark.parametrize(
    "content", [b"", b"   \n", b"just some prose\nand more", b"\x7fELF\x00\x00\x00\x01\x02,\x00", b"PAR1 but not"]
)
def test_a_file_that_is_no_scrape_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.bin"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"odd\.bin"):
        list(read(path))


def test_a_cut_off_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scrape.jsonl.gz"
    path.write_bytes(gzip.compress(json_lines().encode() * 50)[:-20])
    with pytest.raises(Unreadable, match=r"scrape\.jsonl\.gz"):
        list(read(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        list(read(tmp_path / "nowhere.csv"))
