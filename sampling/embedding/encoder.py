"""What an embedding model is to whoever uses one."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from foundation.vectors import Vectors


class NotLoaded(Exception):
    """What is said of a model that cannot be loaded, in one line."""


class Encoder(Protocol):
    """Texts in, unit vectors out."""

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Batches of (positions in `texts`, their vectors), each text once, in any order. Raises NotLoaded."""
