"""A file of named arrays (NumPy's .npz) in; the arrays that it must hold, or one reason why it does not, out."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What a damaged or foreign file comes to: of a bit that says "encrypted" zipfile makes a RuntimeError, of a version a
# NotImplementedError, and of a single array NumPy makes no archive at all.
_DAMAGE = (
    OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error
)  # fmt: skip


class DamagedFile(Exception):
    """In a few words, without the file's name."""


def read(path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
    """The arrays of these names, never unpickled. Raises FileNotFoundError or DamagedFile."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as parts:
            return [parts[name] for name in names]
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise DamagedFile(" ".join(str(error).split()) or type(error).__name__) from error
