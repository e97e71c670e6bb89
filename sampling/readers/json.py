"""JSON Lines, a JSON array or a JSON object in; records out."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sampling.readers.lines import lines
from sampling.readers.record import LONGEST, Record, Reject, Unreadable, checked

_LONGEST_OBJECT = 256 * 1024 * 1024  # characters of a file that is one object, the only kind that is held whole
_SPACE = re.compile("[\ufeff \\t\\r\\n]*")


def is_json_lines(start: str) -> bool:
    first = start.split("\n", 1)[0]
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        # A broken or a huge first line is still a line if the next one opens an object of its own.
        return any(line.startswith("{") and line.rstrip().endswith("}") for line in start.split("\n")[1:20])


def json_lines(stream: io.RawIOBase, encoding: str) -> Iterator[Record | Reject]:
    rows = lines(io.BufferedReader(stream, 1 << 20), encoding)
    encoding = "utf-8" if encoding == "utf-16" else encoding
    for number, line in enumerate(rows, 1):
        if len(line) > LONGEST:
            yield Reject(number, "", f"the line is longer than {LONGEST:,} bytes")
            continue
        if not line.strip():
            continue
        try:
            yield checked(number, json.loads(line.decode(encoding)))
        except UnicodeDecodeError as error:
            yield Reject(number, "", f"not {encoding}: {error.reason} at byte {error.start}")
        except (ValueError, RecursionError) as error:
            yield Reject(number, "", f"not JSON: {error}")


def json_array(stream: io.RawIOBase, encoding: str) -> Iterator[Record | Reject]:
    """The elements of one or more top-level arrays, one at a time."""
    text = io.TextIOWrapper(io.BufferedReader(stream, 1 << 20), encoding, errors="replace")
    decoder = json.JSONDecoder()
    buffer, line, wanted, ended = "", 1, 1 << 16, False
    opened = False
    while True:
        stripped = buffer.lstrip("\ufeff \t\r\n," if opened else "\ufeff \t\r\n")
        line += buffer.count("\n", 0, len(buffer) - len(stripped))
        buffer = stripped
        if not opened and buffer.startswith("["):
            buffer, opened = buffer[1:], True
            continue
        if opened and buffer.startswith("]"):
            buffer, opened = buffer[1:], False
            continue
        if not opened and buffer:
            yield Reject(line, "", "not read from here on: something else follows the array")
            return
        if not opened and ended:
            return
        value, end = None, 0
        if buffer:
            with suppress(ValueError, RecursionError):
                value, end = decoder.raw_decode(buffer)
        # A number may go on in what is not read yet; objects, arrays and strings end where they end.
        if end and (ended or end < len(buffer)):
            yield checked(line, value)
            line += buffer.count("\n", 0, end)
            buffer, wanted = buffer[end:], 1 << 16
            continue
        if ended or len(buffer) > LONGEST:
            yield Reject(line, "", "not JSON from here on" if buffer else "the array is not closed")
            return
        more = text.read(wanted)
        ended, wanted = not more, wanted * 2
        buffer += more


def json_object(path: Path, stream: io.RawIOBase, encoding: str) -> Iterator[Record | Reject]:
    """Objects that each hold the records in a list, such as {"items": [...]}, or that are one record."""
    text = io.TextIOWrapper(io.BufferedReader(stream), encoding).read(_LONGEST_OBJECT + 1)
    if len(text) > _LONGEST_OBJECT:
        raise Unreadable(f"{path}: one JSON object of more than {_LONGEST_OBJECT:,} characters; write its list alone")
    decoder, at, line = json.JSONDecoder(), 0, 1
    while True:
        end = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        line, at = line + text.count("\n", at, end), end
        if at == len(text):
            return
        try:
            data, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if not at:
                raise Unreadable(f"{path}: neither JSON Lines nor JSON: {error}") from error
            yield Reject(line, "", f"not JSON from here on: {error}")
            return
        lists: list[list[Any]] = []
        if isinstance(data, dict):
            lists = [value for value in data.values() if _is_records(value)]
        if lists:
            longest: list[Any] = max(lists, key=len)
            for number, value in enumerate(longest, 1):
                yield checked(number if line == 1 else line, value)
        else:
            yield checked(line, data)
        line, at = line + text.count("\n", at, end), end


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
