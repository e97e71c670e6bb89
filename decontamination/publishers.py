"""Reads benchmarks in the shapes in which their authors publish them: a file or a folder in, prompts out.

Of each record the problem as a person would read it is taken, not what a harness wraps around it:

=================  ===========================================================================================
mbpp               ``text`` or ``prompt`` (MBPP, sanitized, MBPP+, MBPP-X); and ``prompt_text_chinese`` (MBPP-X)
multipl-e          ``prompt``, whole: the comment with the problem and the signature below or above it
mceval             ``instruction``; and ``prompt`` where that has more words
naturalcodebench   ``problem``; ``prompt`` adds the same boilerplate and the tests to each
humaneval          ``prompt``, whole; the same of its translations
any other          the field that is named
=================  ===========================================================================================

Files: .jsonl, .json (a list of objects, or an object whose one list holds them), .csv and .tsv (in UTF-8, with a
first line of names), all also with .gz, and .parquet. A folder is read with all below it, sorted; hidden files and
the hub's ``dataset_info`` files are not prompts. A key is the file's name without suffix (in a folder, its path from
there), the record's own id, and the field where it is not the first: ``humaneval-cpp/HumanEval_23_strlen``,
``mbpp_x/Python/11/prompt_text_chinese``. Of two files that differ in their suffix only, the later keeps its suffix.
Equal prompts under several keys are kept.
"""

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, NamedTuple

from decontamination import words
from decontamination.promptwords import Prompt
from foundation import packed

_PLAIN: Final = (".jsonl", ".json", ".csv", ".tsv")
SUFFIXES: Final = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN), ".parquet")
_NOT_PROMPTS: Final = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")  # NUL and halves of characters: no database keeps them
LONGEST_KEY: Final = 200
_IDS: Final = ("task_id", "_id", "id", "question_id", "uid", "name")


class BadReference(ValueError):
    """A file that cannot be read as prompts; one line that names the file, the line or record, and the field."""


class _Fields(NamedTuple):
    first: tuple[str, ...]  # the first of these that a record has is its prompt; it must have one
    more: tuple[str, ...] = ()  # taken too where a record has them
    longer: tuple[str, ...] = ()  # taken too where they have more words than the prompt


_FIELDS: Final = {
    "mbpp": _Fields(("text", "prompt"), more=("prompt_text_chinese",)),
    "multipl-e": _Fields(("prompt",)),
    "mceval": _Fields(("instruction",), longer=("prompt",)),
    "naturalcodebench": _Fields(("problem",)),
    "humaneval": _Fields(("prompt",)),
}
NAMES: Final = tuple(_FIELDS)


def read_prompts(path: Path, name: str, field: str | None = None, key: str | None = None) -> Iterator[Prompt]:
    """The prompts of a benchmark, in the order of files and records, with keys unique among them.

    ``field`` holds the prompt and ``key`` its id in each record; without them they are what ``name`` is known
    for, and the first of task_id, _id, id, question_id, uid and name, or the record's number if it has none.
    Raises BadReference for anything that cannot be read whole: nothing is skipped in silence.
    """
    yield from prompts_of(_read(path), name, field, key)


class Record(NamedTuple):
    """A record as it was read: where from, what its key begins with, its number there and its fields."""

    where: str
    stem: str
    number: int
    fields: dict[str, Any]


def prompts_of(
    records: Iterable[Record], name: str, field: str | None = None, key: str | None = None
) -> Iterator[Prompt]:
    """The prompts in records from anywhere, as `read_prompts` takes them from files. Raises BadReference."""
    if field is None and name not in _FIELDS:
        raise BadReference(f"{name}: say which field holds its prompts (known without: {', '.join(_FIELDS)})")
    fields = _FIELDS[name] if field is None else _Fields((field,))
    seen = set[str]()
    for where, stem, number, record in records:
        identity = f"{stem}/{_identity(record, key, number, where)}"
        for used, text in _texts(record, fields, where):
            unique = identity if used in fields.first else f"{identity}/{used}"
            if len(unique) > LONGEST_KEY:
                raise BadReference(f"{where}: the key {unique!r:.60} has more than {LONGEST_KEY} characters")
            _storable(unique, "the key", where)
            if unique in seen:
                raise BadReference(f"{where}: the key {unique!r} was there before (field {key or 'of its id'})")
            seen.add(unique)
            yield Prompt(name, unique, text)


def _read(path: Path) -> Iterator[Record]:
    for file, stem in _files(path):
        number = 0
        for number, record in _records(file):
            yield Record(f"{file}: {'line' if '.jsonl' in file.name else 'record'} {number}", stem, number, record)
        if not number:
            raise BadReference(f"{file}: no record in it")


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The files to read and what their keys begin with."""
    if path.is_file():
        if not path.name.endswith(SUFFIXES):
            raise BadReference(f"{path}: not a file of {', '.join(SUFFIXES)}")
        yield path, path.name.removesuffix(_suffix(path.name))
        return
    if not path.is_dir():
        raise BadReference(f"{path}: no such file or folder")
    seen = set[str]()
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path).as_posix()
        if any(part.startswith(".") for part in inside.split("/")) or file.name in _NOT_PROMPTS or not file.is_file():
            continue
        if not file.name.endswith(SUFFIXES):
            continue
        stem = inside.removesuffix(_suffix(inside))
        if stem in seen:
            stem = inside
        seen.add(stem)
        yield file, stem
    if not seen:
        raise BadReference(f"{path}: no file of {', '.join(SUFFIXES)} in this folder")


def _suffix(name: str) -> str:
    return next(suffix for suffix in SUFFIXES if name.endswith(suffix))


def _identity(record: dict[str, Any], key: str | None, number: int, where: str) -> str:
    if key is not None and key not in record:
        raise BadReference(f"{where}: no field {key!r} for the key, only {', '.join(record)}")
    for name in _IDS if key is None else (key,):
        value = record.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return str(value)
        if key is not None:
            raise BadReference(f"{where}: field {name!r} is not a key: {value!r:.40}")
    return str(number)


def _texts(record: dict[str, Any], fields: _Fields, where: str) -> Iterator[tuple[str, str]]:
    """The fields of a record that are prompts, with their texts."""
    first = next((name for name in fields.first if name in record), None)
    if first is None:
        raise BadReference(f"{where}: no field {' or '.join(map(repr, fields.first))}, only {', '.join(record)}")
    prompt = _text(record, first, where)
    yield first, prompt
    for name in fields.more:
        if name in record:
            yield name, _text(record, name, where)
    for name in fields.longer:
        if name in record:
            text = _text(record, name, where)
            if len(words.tokens(text)) > len(words.tokens(prompt)):
                yield name, text


def _text(record: dict[str, Any], name: str, where: str) -> str:
    value = record[name]
    if not isinstance(value, str) or not value.strip():
        raise BadReference(f"{where}: field {name!r} is not a text: {value!r:.40}")
    return _storable(value, f"field {name!r}", where)


def _storable(text: str, what: str, where: str) -> str:
    if found := _UNSTORABLE.search(text):
        raise BadReference(f"{where}: {what} holds U+{ord(found.group()):04X}, which is no character of a text")
    return text


def _records(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of a file, numbered from one (by line where it has lines)."""
    if file.name.endswith(".parquet"):
        rows: Iterator[tuple[int, Any]] = enumerate(_parquet(file), 1)
    elif ".jsonl" in _suffix(file.name):
        rows = _lines(file)
    elif ".csv" in _suffix(file.name) or ".tsv" in _suffix(file.name):
        rows = enumerate(_table(file, "," if ".csv" in _suffix(file.name) else "\t"), 1)
    else:
        rows = enumerate(_list(file), 1)
    for number, row in rows:
        if not isinstance(row, dict):
            raise BadReference(f"{file}: record {number} is not an object: {row!r:.40}")
        yield number, row


def _lines(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        with file.open("rb") as stream:
            for number, line in packed.lines(stream):
                if line.strip():
                    yield number, packed.value(number, line)
    except packed.BadLine as error:
        raise BadReference(f"{file}: {error}") from error


def _table(file: Path, delimiter: str) -> Iterator[dict[str, str]]:
    number, allowed = 0, csv.field_size_limit(sys.maxsize)
    try:
        with file.open("rb") as stream, packed.unpacked(stream) as whole:
            rows = csv.reader(TextIOWrapper(whole, "utf-8-sig", newline=""), delimiter=delimiter, strict=True)
            names = next(rows, [])
            if twice := {name for name in names if names.count(name) > 1}:
                raise BadReference(f"{file}: two columns are called {min(twice)!r}")
            for number, row in enumerate(filter(None, rows), 1):
                if len(row) != len(names):
                    raise BadReference(f"{file}: record {number} has {len(row)} values for {len(names)} columns")
                yield dict(zip(names, row, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadReference(f"{file}: record {number + 1}: not a table in UTF-8 ({error})") from error
    except packed.DAMAGE as error:
        raise BadReference(f"{file}: record {number + 1}: {packed.damage(error)}") from error
    finally:
        csv.field_size_limit(allowed)


def _list(file: Path) -> list[Any]:
    try:
        with file.open("rb") as stream, packed.unpacked(stream) as whole:
            content = json.loads(whole.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadReference(f"{file}: not JSON in UTF-8 ({error})") from error
    except packed.DAMAGE as error:
        raise BadReference(f"{file}: {packed.damage(error)}") from error
    lists = [content] if isinstance(content, list) else []
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise BadReference(f"{file}: neither a list of records nor an object with one list of them")
    return list(lists[0])


def _parquet(file: Path) -> Iterator[Any]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise BadReference(f"{file}: reading Parquet needs pyarrow") from error
    try:
        for batch in ParquetFile(file).iter_batches():
            yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        raise BadReference(f"{file}: not a Parquet file ({str(error).splitlines()[0]})") from error
