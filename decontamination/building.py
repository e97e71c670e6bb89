"""Builds an index in a process of its own, so that a web worker goes on answering and keeps its memory.

In:  prompts, as lines of JSON on standard input. Out: the index's file, whole or not at all.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from decontamination.leaks import Index
from decontamination.promptwords import Prompt


class NotBuilt(Exception):
    """The process that builds an index did not come to its end; the message is the last line that it said."""


def build_apart(path: Path, prompts: Iterable[Prompt], *, n: int, cjk_weight: float) -> None:
    """Write the index of the prompts to a file. Raises NotBuilt."""
    lines = "".join(json.dumps(prompt) + "\n" for prompt in prompts)
    call = [sys.executable, "-m", __name__, str(path), str(n), str(cjk_weight)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(call, input=lines, cwd=root, capture_output=True, encoding="utf-8", check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise NotBuilt(f"{path.name}: {said[-1]}")


def main() -> None:
    path, n, cjk_weight = sys.argv[1:]
    prompts = (Prompt(*json.loads(line)) for line in sys.stdin)
    Index.build(prompts, n=int(n), cjk_weight=float(cjk_weight)).save(Path(path))


if __name__ == "__main__":
    main()
