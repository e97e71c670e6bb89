"""Files that are there whole or not at all: written aside, brought to the disk, then renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO


@contextmanager
def whole(path: Path, *, make_folder: bool = True) -> Iterator[BinaryIO]:
    """A file to write `path` into. Whoever reads meanwhile sees the old one; if an error ends the block, so it stays.

    What a killed process leaves beside it begins with a dot, and is nobody's. Raises OSError.
    """
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    with aside(path.parent, f".{path.name}.") as (file, rename):
        yield file
        rename(path)


class _Aside:
    """Gives the file its name, once it is on the disk."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path

    def __call__(self, path: Path) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(path)
        _sync(path.parent)


@contextmanager
def aside(folder: Path, prefix: str = ".aside.") -> Iterator[tuple[BinaryIO, _Aside]]:
    """A file of no name yet and what names it, for a content whose name follows from it. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=folder)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)  # who reads it need not be who made it
            yield file, _Aside(file, path)
    finally:
        path.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Raises OSError."""
    with whole(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Raises OSError, also where there is no such folder."""
    with whole(path, make_folder=False) as file:
        file.write(text.encode())


def _sync(folder: Path) -> None:
    """The new name, too, outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
