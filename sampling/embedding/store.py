"""Vectors on disk: appended by one process, mapped into memory by any, found by the digest of their text.

A folder holds `digests` (32 bytes each) and `vectors` (float32, one row each) in the same order. Vectors are written
before digests, and what a killed process left half-written is cut off before anything is appended.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np

from foundation.files import write_text
from foundation.vectors import Vectors

_DIGEST = 32
_NUMBER = 4


class BrokenStore(Exception):
    """The folder holds something other than vectors of this form."""


class VectorStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._digests, self._vectors, self._about = folder / "digests", folder / "vectors", folder / "about.json"

    @cached_property
    def dimension(self) -> int:
        """0 while nothing has been written."""
        try:
            return int(json.loads(self._about.read_text(encoding="utf-8"))["dimension"])
        except FileNotFoundError:
            return 0
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenStore(f"{self._about}: {error!r}; remove {self.folder} and embed again") from error

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        if not self.dimension or not self._digests.exists() or not self._vectors.exists():
            return {}
        content = self._digests.read_bytes()
        count = min(len(content) // _DIGEST, self._vectors.stat().st_size // (_NUMBER * self.dimension))
        return {content[row * _DIGEST : (row + 1) * _DIGEST]: row for row in range(count)}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, digest: str) -> bool:
        return bytes.fromhex(digest) in self._rows

    def get(self, digests: Sequence[str]) -> Vectors:
        """One row for each digest. Raises KeyError for one that is not there."""
        rows = [self._rows[bytes.fromhex(digest)] for digest in digests]
        if not rows:
            return np.empty((0, self.dimension), dtype=np.float32)
        mapped = np.memmap(self._vectors, dtype="<f4", mode="r").reshape(-1)
        whole = mapped[: mapped.size // self.dimension * self.dimension].reshape(-1, self.dimension)
        return np.asarray(whole[rows], dtype=np.float32)

    @contextmanager
    def writing(self, about: dict[str, str]) -> Iterator["Writer"]:
        """One writer at a time; a second one waits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.__dict__.pop("_rows", None)
            self.__dict__.pop("dimension", None)
            with self._digests.open("ab") as digests, self._vectors.open("ab") as vectors:
                count = len(self)
                digests.truncate(count * _DIGEST)
                vectors.truncate(count * _NUMBER * self.dimension)
                yield Writer(self, about, digests, vectors)

    def start(self, about: dict[str, str], dimension: int) -> None:
        write_text(self._about, json.dumps({**about, "dimension": dimension}, indent=1))
        self.__dict__.pop("dimension", None)


class Writer:
    def __init__(self, store: VectorStore, about: dict[str, str], digests: IO[bytes], vectors: IO[bytes]) -> None:
        self._store, self._about, self._digests, self._vectors = store, about, digests, vectors

    def append(self, digests: Sequence[str], vectors: Vectors) -> None:
        if not self._store.dimension:
            self._store.start(self._about, vectors.shape[1])
        if vectors.shape != (len(digests), self._store.dimension):
            raise BrokenStore(
                f"{self._store.folder}: {vectors.shape[1]} numbers to a vector where there were {self._store.dimension}"
            )
        for file, content in (
            (self._vectors, vectors.astype("<f4", copy=False).tobytes()),
            (self._digests, b"".join(map(bytes.fromhex, digests))),
        ):
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        rows = self._store._rows
        for digest in digests:
            rows[bytes.fromhex(digest)] = len(rows)
