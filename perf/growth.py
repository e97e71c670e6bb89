"""How time and memory grow with the number of documents and of prompts; each size in a process of its own."""

import multiprocessing
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from decontamination.leaks import Index
from perf import texts
from perf.report import Scale, progress, publish, table

_SCANNED = 20_000  # documents, for each number of prompts

T = TypeVar("T")


def compare(scale: Scale) -> None:
    """Print the tables and keep them as growth.md."""
    parts = [
        f"Texts as in the comparison of contamination ({texts.source()}). Seconds are of one processor; memory is the "
        "most that the process ever held resident, Python and numpy included.",
        _documents(scale),
        _prompts(scale),
    ]
    publish("growth", "Finding contamination: growth", parts, scale)


def _documents(scale: Scale) -> str:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        alone(_build, scale.prompts, path)
        for count in scale.growth:
            progress(f"{count:,} documents")
            seconds, memory, before = alone(_scan, path, count)
            rows.append([f"{count:,}", f"{seconds:,.1f}", f"{count / seconds:,.0f}", f"{seconds / count * 1e6:.1f}"])
            rows[-1] += [f"{memory:,.0f}", f"{memory - before:,.0f}"]
    head = ["documents", "seconds", "documents/s", "µs a document", "peak memory, MB", "of it by the scan"]
    return f"{scale.prompts:,} prompts; the documents are a stream, never held whole:\n\n" + table(head, rows, left=0)


def _prompts(scale: Scale) -> str:
    rows = []
    for count in scale.prompt_growth:
        progress(f"{count:,} prompts")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            build, build_memory, of_prompts = alone(_build, count, path)
            load, memory, checks = alone(_load, path)
            seconds, scan_memory, _ = alone(_scan, path, _SCANNED)
            size = path.stat().st_size / 1e6
        rows.append([f"{count:,}", f"{build:,.1f}", f"{build_memory:,.0f}", f"{of_prompts:,.0f}"])
        rows[-1] += [f"{size:,.1f}", f"{load * 1e3:.1f}"]
        rows[-1] += [f"{memory:,.0f}", f"{checks:,.2f}", f"{_SCANNED / seconds:,.0f}", f"{scan_memory:,.0f}"]
    head = ["prompts", "build, s", "build, MB", "before it, MB", "file, MB", "load, ms", "loaded, MB", "check whole, s"]
    head += ["documents/s", "scan, MB"]
    return f"The index is built once and mapped from its file; {_SCANNED:,} documents:\n\n" + table(head, rows, left=0)


def alone(work: Callable[..., T], *given: Any) -> T:
    """The work's answer, from a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def _build(count: int, path: Path) -> tuple[float, float, float]:
    prompts = texts.prompts(count)
    before = peak_memory()
    start = time.process_time()
    index = Index.build(prompts)
    seconds = time.process_time() - start
    index.save(path)
    return seconds, peak_memory(), before


def _load(path: Path) -> tuple[float, float, float]:
    start = time.perf_counter()
    index = Index.load(path)
    seconds = time.perf_counter() - start
    index.matches("one text, as a web worker checks it")
    memory = peak_memory()
    start = time.perf_counter()
    Index.load(path, check=True)
    return seconds, memory, time.perf_counter() - start


def _scan(path: Path, count: int) -> tuple[float, float, float]:
    index = Index.load(path)
    list(texts.documents(1))  # what the making of texts holds is not the scan's
    before, making = peak_memory(), 0.0

    def timed() -> Iterator[str]:
        nonlocal making
        documents = texts.documents(count)
        while True:
            start = time.process_time()
            text = next(documents, None)
            making += time.process_time() - start
            if text is None:
                return
            yield text

    start = time.process_time()
    index.scan(timed())
    return time.process_time() - start - making, peak_memory(), before


def peak_memory() -> float:
    """In MB. Of this program: where it can be told, not of the one that started it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / 1e6 if sys.platform == "darwin" else most / 1e3
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else float("nan")
