"""``python -m perf`` runs the comparisons, ``python -m perf NAME ...`` those that are named."""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from perf import chinese, clustering, contamination, drawing, embedding, growth, importing, languages, near
from perf.report import Scale

COMPARISONS: dict[str, Callable[[Scale], None]] = {
    "contamination": contamination.compare,
    "chinese": chinese.compare,
    "embedding": embedding.compare,
    "languages": languages.compare,
    "importing": importing.compare,
    "near": near.compare,
    "clustering": clustering.compare,
    "drawing": drawing.compare,
    "growth": growth.compare,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m perf", description="Side-by-side benchmarks of Quorum.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(COMPARISONS)} (default: all but growth)")
    parser.add_argument("--documents", type=int, default=Scale.documents, help="documents to scan (%(default)s)")
    parser.add_argument("--prompts", type=int, default=Scale.prompts, help="reference prompts (%(default)s)")
    parser.add_argument("--growth", action="store_true", help="also up to 1,000,000 documents and 500,000 prompts")
    parser.add_argument("--results", type=Path, default=Scale.results, help="folder for the pages (%(default)s)")
    given = parser.parse_args()
    names = given.names or [name for name in COMPARISONS if name != "growth"]
    if unknown := [name for name in names if name not in COMPARISONS]:
        parser.error(f"no comparison {', '.join(unknown)}; there are {', '.join(COMPARISONS)}")
    scale = dataclasses.replace(Scale(), documents=given.documents, prompts=given.prompts, results=given.results)
    if given.growth:
        scale = dataclasses.replace(
            scale, imported=scale.growth, candidates=scale.growth, vectors=(10_000, 100_000)
        )  # fmt: skip
    for name in [*names, *(["growth"] if given.growth and "growth" not in names else [])]:
        COMPARISONS[name](scale)


if __name__ == "__main__":
    main()
