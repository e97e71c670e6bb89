"""A progress bar for work that comes in batches."""

import sys
from collections.abc import Callable, Iterable, Iterator

from tqdm import tqdm


def watch(what: str) -> Callable[[Iterable[int], int], Iterator[int]]:
    """Batches given by their sizes, with a bar that counts what is in them."""

    def watched(batches: Iterable[int], total: int) -> Iterator[int]:
        with tqdm(desc=what, total=total, file=sys.stderr, mininterval=0.5, disable=None, dynamic_ncols=True) as bar:
            for count in batches:
                bar.update(count)
                yield count

    return watched
