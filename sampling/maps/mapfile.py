"""Places of texts on a map, as a file: written whole or not at all, read by the page.

A place belongs to a text, by its digest, as a vector does: a document whose words change has no place until the map is
made again. Where a corpus holds more texts than a map does, it shows those whose digests come first, which is a random
choice that stays the same.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation import arrayfile
from foundation.files import whole

LARGEST = 60_000  # texts; more points than a browser moves smoothly, or an eye tells apart
_SCALE = 65_535  # of the numbers that stand for 0 to 1
_DIGEST = 32  # bytes
_FORMAT = 1


class BrokenMap(Exception):
    """The file is not a map."""


@dataclass(frozen=True)
class Map:
    method: str
    model: str  # of the vectors
    seed: int
    digests: list[str]  # of the texts, sorted
    places: NDArray[np.uint16]  # texts × 2
    left_out: int  # texts that there was no room for

    @property
    def last(self) -> str:
        """The digest that texts beyond it have no place by right; empty where all have one."""
        return self.digests[-1] if self.left_out and self.digests else ""


def chosen(digests: Iterable[str]) -> list[str]:
    """Of texts with these digests, those that a map shows, in order."""
    return sorted(set(digests))[:LARGEST]


def numbers(places: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.rint(places * _SCALE).astype(np.uint16)


def fractions(places: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(places / _SCALE, dtype=np.float32)


def write(path: Path, found: Map) -> None:
    """Raises OSError."""
    about = {"format": _FORMAT, "method": found.method, "model": found.model, "seed": found.seed}
    with whole(path) as file:
        np.savez(
            file,
            about=np.array(json.dumps({**about, "left_out": found.left_out})),
            digests=_bytes(found.digests),
            places=found.places,
        )


def read(path: Path) -> Map | None:
    """None where there is no map yet. Raises BrokenMap."""
    try:
        said, digests, places = arrayfile.read(path, ("about", "digests", "places"))
        about = json.loads(str(said))
        if about["format"] != _FORMAT or places.shape != (len(digests), 2) or places.dtype != np.uint16:
            raise BrokenMap(f"{path}: not a map of this form; make it again")
        return Map(
            method=about["method"],
            model=about["model"],
            seed=about["seed"],
            digests=[row.tobytes().hex() for row in digests],
            places=places,
            left_out=int(about["left_out"]),
        )
    except FileNotFoundError:
        return None
    except (arrayfile.DamagedFile, ValueError, LookupError, TypeError, RecursionError) as error:
        raise BrokenMap(f"{path}: not a map: {error}") from error


def _bytes(digests: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(map(bytes.fromhex, digests)), dtype=np.uint8).reshape(len(digests), _DIGEST)
