"""The centres of a clustering, as a file named by its digest: written when clusters are made, read when documents that
came later are assigned to them.
"""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class BrokenCentres(Exception):
    """The file is missing, cut short, or not what its digest says."""


def path_of(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.npy"


def write(folder: Path, centres: NDArray[np.float32]) -> str:
    """Keep the centres (one row each) in the folder; returns the digest of the file."""
    buffer = io.BytesIO()
    np.save(buffer, centres.astype("<f4", copy=False), allow_pickle=False)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{digest}.{os.getpid()}.{id(buffer)}"
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path_of(folder, digest))
    finally:
        aside.unlink(missing_ok=True)
    return digest


def read(folder: Path, digest: str) -> NDArray[np.float32]:
    """Raises BrokenCentres."""
    path = path_of(folder, digest)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BrokenCentres(f"{path}: there is no such file of centres to assign documents to") from error
    except OSError as error:
        raise BrokenCentres(f"{path}: cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BrokenCentres(f"{path}: its content is not what its digest says")
    centres: NDArray[np.float32] = np.load(io.BytesIO(content), allow_pickle=False)
    return centres
