"""A file that may be packed in; its bytes, or its lines of JSON, out. Packing is told by content, never by a name."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any, Final

import zstandard

DAMAGE: Final = (OSError, EOFError, zlib.error, zstandard.ZstdError)
PIECE: Final = 64 * 1024  # bytes read at a time: what is lost in front of a damage
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class BadLine(Exception):
    """`line 3: not JSON in UTF-8 (…)`."""


def unpacked(file: io.BufferedReader) -> io.BufferedReader:
    """What gzip or zstd holds, or the file itself."""
    head = file.peek(len(_ZSTD))[: len(_ZSTD)]
    if head.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=file), PIECE)
    if head.startswith(_ZSTD):
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True), PIECE)
    return file


def lines(file: io.BufferedReader) -> Iterator[tuple[int, bytes]]:
    """Numbered from 1. Raises BadLine where the packing is damaged."""
    number, stream = 0, unpacked(file)
    try:
        for number, line in enumerate(stream, 1):
            yield number, line
    except DAMAGE as error:
        raise BadLine(f"line {number + 1}: {damage(error)}") from error
    finally:
        if stream is not file:  # which is its opener's to close
            stream.close()


def damage(error: BaseException) -> str:
    """What an error of reading says, in a few words."""
    return getattr(error, "strerror", None) or f"not whole gzip or zstd ({error})"


def value(number: int, line: bytes) -> Any:
    """The JSON of a line. Raises BadLine."""
    try:
        return json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadLine(f"line {number}: not JSON in UTF-8 ({error})") from error
