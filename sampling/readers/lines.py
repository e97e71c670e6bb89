"""A binary stream in; its lines out, whatever the encoding and however long they are."""

import io
from collections.abc import Iterator

from sampling.readers.record import LONGEST


def lines(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    """Lines; of one that is too long only its start, just long enough to show that it is. UTF-16 becomes UTF-8."""
    if encoding != "utf-16":
        return _short_lines(stream)
    order = "utf-16-be" if stream.peek(2)[:2] == b"\xfe\xff" else "utf-16-le"
    return (_utf_8(line, order) for line in _wide_lines(stream, "\n".encode(order)))


def _short_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    while line := stream.readline(LONGEST + 1):
        if len(line) > LONGEST and not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        yield line


def _utf_8(line: bytes, encoding: str) -> bytes:
    try:
        return line.decode(encoding).lstrip("\ufeff").encode()
    except UnicodeDecodeError:
        return b"\xff"  # which is no UTF-8 either: whoever reads the line will say so


def _wide_lines(stream: io.BufferedReader, newline: bytes) -> Iterator[bytes]:
    """Lines of UTF-16, where the byte of a line feed may also be half of another letter."""
    line = bytearray()
    while piece := stream.readline(LONGEST):
        line += piece
        if len(line) % 2:
            line += stream.read(1)
        if line.endswith(newline):
            yield bytes(line)
            line.clear()
        elif len(line) > 2 * LONGEST:
            del line[LONGEST + 2 :]
    if line:
        yield bytes(line)
