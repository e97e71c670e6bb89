"""The centres of a clustering, as a file named by its digest: written when clusters are made, read when documents that
came later are assigned to them.
"""

import hashlib
import io
from pathlib import Path

import numpy as np

from foundation.files import write_bytes
from foundation.vectors import Vectors


class BrokenCentres(Exception):
    """The file is missing, cut short, or not what its digest says."""


def path_of(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.npy"


def write(folder: Path, centres: Vectors) -> str:
    """Keep the centres (one row each) in the folder; returns the digest of the file."""
    buffer = io.BytesIO()
    np.save(buffer, centres.astype("<f4", copy=False), allow_pickle=False)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    write_bytes(path_of(folder, digest), content)
    return digest


def read(folder: Path, digest: str) -> Vectors:
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
    centres: Vectors = np.load(io.BytesIO(content), allow_pickle=False)
    return centres
