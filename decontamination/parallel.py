"""A scan over several processes: texts in, the same booleans out as from one."""

import itertools
import multiprocessing
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from decontamination.leaks import Index

_CHUNK = 4_000  # texts sent to a process at a time
_SHARE = 1_000  # texts that a process takes at a time of those it has inherited

_index: Index  # of a worker process, by its initializer
_texts: Sequence[str]


def scan(index: Index, texts: Iterable[str], workers: int) -> NDArray[np.bool_]:
    """``index.scan(texts)`` by so many processes, 2 or more.

    A list of texts they inherit where that is safe, index and all; else the texts are sent to them as they come, and
    each maps the index from its file (an index without one writes it to a temporary folder for the while).
    Raises RuntimeError when the index's file is no longer its own.
    """
    # Texts in memory are inherited by forked processes: sending them costs a quarter of the work of scanning them,
    # and a new interpreter as much as scanning 20,000. Forking is safe where no other thread may hold a lock.
    if isinstance(texts, Sequence) and sys.platform == "linux" and threading.active_count() == 1:
        return _forked(index, texts, workers)
    return _spawned(index, texts, workers)


def _forked(index: Index, texts: Sequence[str], workers: int) -> NDArray[np.bool_]:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=_inherit, initargs=(index, texts)) as pool:
        leaks = list(pool.map(_scan_inherited, range(0, len(texts), _SHARE)))
    return np.concatenate(leaks) if leaks else np.zeros(0, np.bool_)


def _inherit(index: Index, texts: Sequence[str]) -> None:
    global _index, _texts
    _index, _texts = index, texts


def _scan_inherited(start: int) -> NDArray[np.bool_]:
    return _index.scan(_texts[start : start + _SHARE])


def _spawned(index: Index, texts: Iterable[str], workers: int) -> NDArray[np.bool_]:
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
                waiting.append(pool.submit(_scan_sent, index.digest, chunk))
            leaks += [future.result() for future in waiting]
    return np.concatenate(leaks) if leaks else np.zeros(0, np.bool_)


def _open(path: Path) -> None:
    global _index
    _index = Index.load(path)


def _scan_sent(digest: str, texts: list[str]) -> NDArray[np.bool_]:
    if _index.digest != digest:
        raise RuntimeError("the index's file was replaced by another during the scan")
    return _index.scan(texts)
