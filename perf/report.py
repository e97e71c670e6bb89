"""What every comparison prints and keeps: a Markdown page with its tables and the machine they were measured on."""

import datetime
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Scale:
    """How much is measured, and where the pages go."""

    documents: int = 100_000
    prompts: int = 30_000
    repeats: int = 3
    texts: int = 400  # of the embedding
    labelled: int = 100  # texts of a topic, for what embedding models make of languages
    imported: tuple[int, ...] = (10_000, 100_000)
    titles: int = 10_000  # embedded, to be clustered
    near: int = 1_000  # questions embedded, to be found again in edited copies
    vectors: tuple[int, ...] = (10_000,)
    candidates: tuple[int, ...] = (10_000, 100_000)
    growth: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    prompt_growth: tuple[int, ...] = (5_000, 50_000, 500_000)
    results: Path = RESULTS


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first ``left`` columns are texts, the others numbers."""
    marks = [":--" if column < left else "--:" for column in range(len(head))]
    lines = [head, marks, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def publish(name: str, title: str, parts: Sequence[str], scale: Scale) -> None:
    """Print a page and keep it as ``<name>.md``."""
    page = "\n\n".join([f"# {title}", *parts, machine()]) + "\n"
    print(page)
    scale.results.mkdir(parents=True, exist_ok=True)
    (scale.results / f"{name}.md").write_text(page, encoding="utf-8")


def machine() -> str:
    """The facts that a reader needs to compare a run with another."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"Measured {datetime.datetime.now(datetime.UTC):%Y-%m-%d} on {_processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, numpy {np.__version__}; load of the machine over the last "
        f"1, 5 and 15 minutes: {load}."
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def processor_seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Seconds of one processor that the work takes, at best. Other programs on the machine count little."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def progress(line: str) -> None:
    """What is being done, for whoever waits."""
    print(line, file=sys.stderr, flush=True)
