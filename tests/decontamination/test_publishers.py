"""Each benchmark is read in its authors' shape; what cannot be read is refused with its place."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from decontamination.promptwords import Prompt
from decontamination.publishers import NAMES, BadReference, read_prompts

REFERENCES = Path(
    os.environ.get("QUORUM_REFERENCES", Path(__file__).resolve().parents[3] / "shared" / "data" / "references")
)


def lines(path: Path, *records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def read(path: Path, name: str, **options: str) -> list[tuple[str, str]]:
    found = list(read_prompts(path, name, **options))
    assert {prompt.reference for prompt in found} <= {name}
    return [(prompt.key, prompt.text) for prompt in found]


def test_mbpp_in_its_four_shapes(tmp_path: Path) -> None:
    lines(tmp_path / "mbpp.jsonl", {"text": "Find it.", "code": "...", "task_id": 1})
    (tmp_path / "sanitized-mbpp.json").write_text('[{"prompt": "Find them.", "task_id": 2}]')
    lines(tmp_path / "MbppPlus-v0.1.0.jsonl", {"task_id": "Mbpp/2", "prompt": '"""\nFind them.\n"""\n'})
    lines(tmp_path / "mbpp_x.jsonl", {"prompt": "Sort.", "task_id": "Python/11", "prompt_text_chinese": "排序。"})
    assert read(tmp_path, "mbpp") == [
        ("MbppPlus-v0.1.0/Mbpp/2", '"""\nFind them.\n"""\n'),
        ("mbpp/1", "Find it."),
        ("mbpp_x/Python/11", "Sort."),
        ("mbpp_x/Python/11/prompt_text_chinese", "排序。"),
        ("sanitized-mbpp/2", "Find them."),
    ]


def test_mceval_takes_the_prompt_where_it_has_more_words(tmp_path: Path) -> None:
    same = {
        "task_id": "C/1",
        "instruction": "Write a C function to sort.",
        "prompt": "/* Write a C function to sort. */",
    }
    more = {"task_id": "C/2", "instruction": "Write f.", "prompt": "import x; class S { /* Write f. */ }"}
    assert read(lines(tmp_path / "C.jsonl", same, more), "mceval") == [
        ("C/C/1", same["instruction"]),
        ("C/C/2", more["instruction"]),
        ("C/C/2/prompt", more["prompt"]),
    ]


def test_naturalcodebench_leaves_the_boilerplate(tmp_path: Path) -> None:
    path = lines(tmp_path / "ncb_java_zh.jsonl", {"_id": 131, "prompt": "你的任务是…设计…", "problem": "设计…"})
    assert read(path, "naturalcodebench") == [("ncb_java_zh/131", "设计…")]


def test_humaneval_keeps_both_of_two_equal_files(tmp_path: Path) -> None:
    path = lines(tmp_path / "HumanEval.jsonl", {"task_id": "HumanEval/0", "prompt": "def f(): ...", "name": "no id"})
    (tmp_path / "HumanEval.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read(tmp_path, "humaneval") == [
        ("HumanEval/HumanEval/0", "def f(): ..."),
        ("HumanEval.jsonl.gz/HumanEval/0", "def f(): ..."),
    ]


def test_the_layout_of_the_hub(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    for config in ("cpp", "rs"):
        (tmp_path / config).mkdir()
        table = pa.Table.from_pylist([{"name": "HumanEval_0", "language": config, "prompt": f"// in {config}"}])
        write_table(table, tmp_path / config / "test-00000-of-00001.parquet")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x.json").write_text("not read")
    (tmp_path / "dataset_infos.json").write_text("{}")
    (tmp_path / "README.md").write_text("not read")
    assert read(tmp_path, "multipl-e") == [
        ("cpp/test-00000-of-00001/HumanEval_0", "// in cpp"),
        ("rs/test-00000-of-00001/HumanEval_0", "// in rs"),
    ]


def test_any_other_by_its_field(tmp_path: Path) -> None:
    path = lines(tmp_path / "ours.jsonl", {"q": "One?", "n": "a"}, {"q": "Two?", "n": "b"})
    assert list(read_prompts(path, "ours", field="q")) == [
        Prompt("ours", "ours/1", "One?"),
        Prompt("ours", "ours/2", "Two?"),
    ]
    assert read(path, "ours", field="q", key="n") == [("ours/a", "One?"), ("ours/b", "Two?")]
    (tmp_path / "rows.csv").write_text('\ufeffid,q\n7,"One,\ntwo?"\n\n8,' + "long " * 50_000 + "\n", encoding="utf-8")
    assert read(tmp_path / "rows.csv", "ours", field="q") == [("rows/7", "One,\ntwo?"), ("rows/8", "long " * 50_000)]
    (tmp_path / "rows.tsv.gz").write_bytes(gzip.compress("q\tid\n求和\t7\n".encode()))
    assert read(tmp_path / "rows.tsv.gz", "ours", field="q") == [("rows/7", "求和")]
    (tmp_path / "rows.json").write_text('\ufeff{"version": 1, "data": [{"id": 7, "q": "Q"}]}', encoding="utf-8")
    assert read(tmp_path / "rows.json", "mbpp", field="q") == [("rows/7", "Q")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"prompt": "a"}\n\n{"prompt": \n', "x.jsonl: line 3: not JSON in UTF-8"),
        (b'{"prompt": "a"}\n{"prompt": "\xff"}', "x.jsonl: line 2: not JSON in UTF-8"),
        (b'["prompt"]', "x.jsonl: record 1 is not an object: ['prompt']"),
        (b'{"prompt": "a"}\n{"text": "b", "id": 1}', "x.jsonl: line 2: no field 'prompt', only text, id"),
        (b'{"prompt": null}', "x.jsonl: line 1: field 'prompt' is not a text: None"),
        (b'{"prompt": " "}', "x.jsonl: line 1: field 'prompt' is not a text: ' '"),
        (b'{"prompt": "a"}\n{"prompt": "b\\u0000"}', "x.jsonl: line 2: field 'prompt' holds U+0000"),
        (b'{"prompt": "\\ud83d"}', "x.jsonl: line 1: field 'prompt' holds U+D83D"),
        (b'{"prompt": "a", "id": "\\udead"}', "x.jsonl: line 1: the key holds U+DEAD"),
        (b'{"prompt": "a", "id": "' + b"i" * 200 + b'"}', "has more than 200 characters"),
        (b'{"prompt": "a"}\n' + b"[" * 100_000, "x.jsonl: line 2: not JSON in UTF-8"),
        (b'{"prompt": "a", "n": ' + b"9" * 5_000 + b"}", "x.jsonl: line 1: not JSON in UTF-8"),
        (b'{"prompt": "a", "id": 1}\n{"prompt": "b", "id": 1}', "x.jsonl: line 2: the key 'x/1' was there before"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    refused(path, message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b"{", "x.json: not JSON in UTF-8"),
        ("x.json", b"[" * 100_000, "x.json: not JSON in UTF-8"),
        ("x.csv", b"prompt,id\n", "x.csv: no record in it"),
        ("x.jsonl", b"\n", "x.jsonl: no record in it"),
        ("x.json", b"[]", "x.json: no record in it"),
        ("x.csv", b"prompt,id,prompt\na,1,b", "x.csv: two columns are called 'prompt'"),
        ("x.csv", b"prompt,id\na,1\nb", "x.csv: record 2 has 1 values for 2 columns"),
        ("x.csv", b'prompt,id\na,1\n"b', "x.csv: record 2: not a table in UTF-8"),
        ("x.csv", b"prompt,id\na,1\n\xff,2", "x.csv: record "),
        ("x.csv", b"text,id\na,1", "x.csv: record 1: no field 'prompt', only text, id"),
        (
            "x.csv.gz",
            gzip.compress(b"prompt\n" + os.urandom(9_000).hex().encode())[:-999],
            "x.csv.gz: record 1: not whole",
        ),
        ("x.json", b'{"a": 1}', "x.json: neither a list of records nor"),
        ("x.jsonl.gz", gzip.compress(b'{"prompt": "a"}\n' * 99, mtime=0)[:-9], "x.jsonl.gz: line "),
        ("x.json.gz", b"plain", "x.json.gz: not JSON in UTF-8"),
        ("x.parquet", b"PAR1", "x.parquet: not a Parquet file"),
        ("x.txt", b"", "x.txt: not a file of .jsonl"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, message)


def refused(path: Path, message: str, name: str = "humaneval", **options: str) -> None:
    with pytest.raises(BadReference) as caught:
        list(read_prompts(path, name, **options))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_calls(tmp_path: Path) -> None:
    refused(tmp_path, "no file of .jsonl")
    refused(tmp_path / "none", "none: no such file or folder")
    path = lines(tmp_path / "x.jsonl", {"q": "One?", "n": []})
    refused(path, "ours: say which field holds its prompts (known without: mbpp, multipl-e", name="ours")
    refused(path, "x.jsonl: line 1: no field 'k' for the key, only q, n", name="ours", field="q", key="k")
    refused(path, "x.jsonl: line 1: field 'n' is not a key: []", name="ours", field="q", key="n")


@pytest.mark.skipif(not REFERENCES.is_dir(), reason="the published references are not at hand")
def test_all_that_was_published_is_read() -> None:
    files = {name: Counter[str]() for name in NAMES}
    for name in NAMES:
        for prompt in read_prompts(REFERENCES / name, name):
            files[name][prompt.key.split("/")[0]] += 1
    assert {name: sum(counts.values()) for name, counts in files.items()} == {
        "mbpp": 2800,  # 974 + 427 + 399 + 500 in English and 500 in Chinese
        "multipl-e": 3028,
        "mceval": 2147,  # 2,007 instructions and 140 prompts that have more words
        "naturalcodebench": 280,
        "humaneval": 492,
    }
    assert files["mbpp"] == {"mbpp": 974, "sanitized-mbpp": 427, "MbppPlus-v0.1.0": 399, "mbpp_x": 1000}
    assert files["humaneval"] == {"HumanEval": 164, "HumanEval.jsonl.gz": 164, "humaneval_python_cn": 164}
    assert set(files["naturalcodebench"].values()) == {70}
    assert len(files["multipl-e"]) == 19
    assert len(files["mceval"]) == 40
