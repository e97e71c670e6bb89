"""A scan over several processes: texts in, the same booleans out as from one."""

from __future__ import annotations

import itertools
import multiprocessing
import tempfile
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from decontamination.ngrams import Index

_CHUNK = 4_000  # texts handed to a process at a time

_index: Index | None = None  # of a worker process


def scan(index: Index, texts: Iterable[str], workers: int) -> NDArray[np.bool_]:
    """``index.scan(texts)`` by so many processes. Raises RuntimeError when the index's file is no longer its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = index.path
        if path is None:
            path = Path(folder) / "index"
            index.save(path)
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_open, initargs=(path,))
        source = iter(texts)
        waiting: deque[Future[NDArray[np.bool_]]] = deque()
        leaks = []
        with pool:
            while chunk := list(itertools.islice(source, _CHUNK)):
                if len(waiting) >= 3 * workers:  # so that a stream of texts is never held whole
                    leaks.append(waiting.popleft().result())
                waiting.append(pool.submit(_scan, index.digest, chunk))
            leaks += [future.result() for future in waiting]
    return np.concatenate(leaks) if leaks else np.zeros(0, np.bool_)


def _open(path: Path) -> None:
    from decontamination.ngrams import Index

    global _index
    _index = Index.load(path)


def _scan(digest: str, texts: list[str]) -> NDArray[np.bool_]:
    if _index is None or _index.digest != digest:
        raise RuntimeError("the index's file was replaced by another during the scan")
    return _index.scan(texts)
