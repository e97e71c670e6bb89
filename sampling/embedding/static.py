"""A sentence-transformers model in, distilled on the spot into one vector a token; unit vectors of texts out.

model2vec runs every token of the model's vocabulary through the model once, keeps the 256 strongest directions, and
weights tokens by how common they are (SIF). A text's vector is the mean of its tokens': no attention, no order of
words, and some hundred times as fast. What that costs is in `perf/results/languages.md`.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from foundation.vectors import Vectors, unit
from sampling.embedding.encoder import NotLoaded

DIMENSIONS: Final = 256
_CHUNK: Final = 4096


class Static:
    """`path` and `revision` are those of the model that is distilled; `home` is the folder that keeps the result."""

    def __init__(self, path: str, revision: str, home: Path) -> None:
        self._path, self._revision, self._home = path, revision, home

    @cached_property
    def _table(self) -> Any:
        """Raises NotLoaded."""
        if not self._home.is_dir():
            self._distil()
        from model2vec import StaticModel

        return StaticModel.from_pretrained(str(self._home))

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Batches of (positions in `texts`, their vectors), each text once."""
        for start in range(0, len(texts), _CHUNK):
            chunk = list(texts[start : start + _CHUNK])
            found = self._table.encode(chunk, max_length=None, show_progress_bar=False, use_multiprocessing=False)
            yield list(range(start, start + len(chunk))), unit(found)

    def _distil(self) -> None:
        """Aside, then renamed: two that do it at once make the same, and whoever is later finds it there."""
        from model2vec.distill import distill_from_model
        from transformers import AutoModel, AutoTokenizer

        revision: dict[str, Any] = {} if Path(self._path).is_dir() else {"revision": self._revision}
        try:
            network = AutoModel.from_pretrained(self._path, **revision)
            tokenizer: Any = AutoTokenizer.from_pretrained(self._path, **revision)
        except (OSError, ValueError) as error:
            raise NotLoaded(str(error).strip().splitlines()[0]) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = distill_from_model(network, tokenizer, pca_dims=DIMENSIONS, quantize_to="float32")
        self._home.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{self._home.name}.{os.getpid()}.", dir=self._home.parent))
        try:
            table.save_pretrained(str(aside))
            aside.chmod(0o755)  # as other folders are: who reads it need not be who made it
            if not self._home.is_dir():
                aside.rename(self._home)
        except OSError:
            if not self._home.is_dir():
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
