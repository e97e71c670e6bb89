"""One file of named arrays: written aside and renamed, read by mapping it into memory, never unpickled.

The form: a first line that says what it is; the length and the CRC-32 of the header (two little-endian
64-bit numbers); the header (JSON: what the writer wants kept, the arrays' names, types, places and lengths,
the size of the whole file, the SHA-256 of all after the header); then the arrays, each at a multiple of 64 bytes.
"""

import hashlib
import json
import mmap
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foundation.files import whole

Array = NDArray[Any]

_FIRST_LINE = b"quorum n-gram index 1\n"
_LENGTHS = struct.Struct("<QQ")
_TYPES: dict[str, np.dtype[Any]] = {name: np.dtype(f"<{name}") for name in ("u1", "u4", "u8")}
_ALIGNMENT = 64


class _Entry(NamedTuple):
    """An array of the file: its place is counted from the first array's."""

    name: str
    type: str
    at: int
    length: int


class CorruptIndex(ValueError):
    """A file that is not a whole index of this form; the message is one line and names the file."""


def save(path: Path, kept: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write ``kept`` (what JSON can hold) and the arrays (of types u1, u4, u8) to one file.

    Whoever reads ``path`` meanwhile sees the old file or the new one, whole. Raises OSError.
    """
    table, end, body = list[_Entry](), 0, hashlib.sha256()
    for name, array in arrays.items():
        at = end + -end % _ALIGNMENT
        table.append(_Entry(name, array.dtype.str[1:], at, len(array)))
        body.update(array.data)
        end = at + array.nbytes
    header = json.dumps({"kept": kept, "arrays": table, "bytes": end, "sha256": body.hexdigest()}).encode()
    start = _body(len(header))
    with whole(path) as file:
        file.write(_FIRST_LINE + _LENGTHS.pack(len(header), zlib.crc32(header)) + header)
        for entry, array in zip(table, arrays.values(), strict=True):
            file.write(bytes(start + entry.at - file.tell()))
            file.write(array.data)


def load(path: Path, check: bool = False) -> tuple[dict[str, Any], dict[str, Array]]:
    """What ``save`` was given; the arrays are read-only views of the mapped file.

    ``check`` also reads the whole file and compares its SHA-256 (about a second for each gigabyte).
    Raises CorruptIndex for anything but a whole file of this form, OSError when it cannot be opened.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        first = file.read(len(_FIRST_LINE))
        if first != _FIRST_LINE:
            raise CorruptIndex(f"{path}: not an n-gram index of this version (begins with {first[:24]!r})")
        lengths = file.read(_LENGTHS.size)
        if len(lengths) < _LENGTHS.size:
            raise CorruptIndex(f"{path}: ends within its header")
        length, crc = _LENGTHS.unpack(lengths)
        header = file.read(min(length, size))
        if len(header) < length:
            raise CorruptIndex(f"{path}: ends within its header")
        if zlib.crc32(header) != crc:
            raise CorruptIndex(f"{path}: its header is damaged")
        content = json.loads(header)
        start = _body(length)
        if size != start + content["bytes"]:
            raise CorruptIndex(f"{path}: has {size:,} bytes where its header says {start + content['bytes']:,}")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    entries = [_Entry(*entry) for entry in content["arrays"]]
    arrays = {each.name: np.frombuffer(mapped, _TYPES[each.type], each.length, start + each.at) for each in entries}
    if check:
        body = hashlib.sha256()
        for array in arrays.values():
            body.update(array.data)
        if body.hexdigest() != content["sha256"]:
            raise CorruptIndex(f"{path}: its content is damaged")
    return content["kept"], arrays


def _body(header: int) -> int:
    """Where the arrays start in a file whose header has so many bytes."""
    before = len(_FIRST_LINE) + _LENGTHS.size + header
    return before + -before % _ALIGNMENT
