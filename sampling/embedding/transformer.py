"""Texts in, unit vectors of a sentence-transformers model out, as fast as the machine allows.

Texts are sorted by length and cut into batches by a budget of tokens, so that little is padding and a batch stays in
the processor's cache. Where the processor multiplies bfloat16, matrix products are done in it and sums, norms and
softmax in float32 (`torch.autocast`). In exact float32, linear layers go through oneDNN: MKL, which torch takes
otherwise, uses a fraction of what processors that are not Intel's can do.

torch and sentence-transformers are imported when the first text is encoded, so that a process which only reads
vectors, such as a web worker, never loads them.
"""

import importlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from foundation.vectors import Vectors, unit
from sampling.embedding.encoder import NotLoaded

FLOAT32: Final = "float32"
BFLOAT16: Final = "bfloat16"
FORMATS: Final = (FLOAT32, BFLOAT16)
# What sentence-transformers loads of its other backends' packages.
_PACKAGES: Final = {
    "onnx": ("optimum.onnxruntime", "ORTModelForFeatureExtraction"),
    "openvino": ("optimum.intel", "OVModelForFeatureExtraction"),
}
BACKENDS: Final = ("torch", *_PACKAGES)

_CHUNK: Final = 2048  # texts that are sorted by length together
# Tokens of a batch, padding counted. The best of 256 to 8,192 on 2 cores; a graphics processor wants many at once.
_TOKENS: Final = {FLOAT32: 1024, BFLOAT16: 2048}
_TOKENS_OF_A_DEVICE: Final = 65_536
_READ: Final = 256  # tokens of a text that are looked at
_SAME: Final = 0.9999  # cosine from which two ways of computing a vector count as the same
_PROBES: Final = (
    "How do I reverse a list?",
    "def f(x):\n    return x + 1\n" * 8,
    "编写一个函数，返回列表中最大的数。",
)


@cache
def processor_has_bfloat16() -> bool:
    """As Linux tells it; elsewhere no."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = next((set(line.split()) for line in lines if line.startswith(("flags", "Features"))), set())
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


class Transformer:
    """`path` is a folder, or a name on the hub with its `revision`."""

    def __init__(self, path: str, revision: str, number_format: str, backend: str) -> None:
        self._path, self._revision = path, revision
        self._format, self._backend = number_format, backend

    @cached_property
    def _network(self) -> Any:
        """Raises NotLoaded."""
        if self._backend in _PACKAGES:
            package, name = _PACKAGES[self._backend]
            try:
                getattr(importlib.import_module(package), name)  # what loads only when it is asked for
            except (ImportError, AttributeError, RuntimeError) as error:
                needed = f"pip install sentence-transformers[{self._backend}]"
                raise NotLoaded(f"the backend's packages are missing or do not go together: {needed}") from error
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        import transformers
        from sentence_transformers import SentenceTransformer

        chatter: Any = transformers.utils.logging
        chatter.set_verbosity_error()
        chatter.disable_progress_bar()
        local = Path(self._path).is_dir()
        revision = None if local else self._revision
        try:
            network = SentenceTransformer(
                self._path,
                revision=revision,
                local_files_only=local,
                backend=self._backend,  # type: ignore[arg-type]
            )
        except (OSError, ValueError, ImportError) as error:
            raise NotLoaded(str(error).strip().splitlines()[0]) from error
        if self._backend == "torch" and self._format == FLOAT32 and network.device.type == "cpu":
            _through_onednn(network)
        return network

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Batches of (positions in `texts`, their vectors), each text once, in an order that wastes no padding."""
        on_processor = self._network.device.type == "cpu"
        tokens = _TOKENS[self._format] if on_processor else _TOKENS_OF_A_DEVICE
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            for batch in batches(self._lengths(chunk), tokens):
                with self._precision():
                    yield [start + at for at in batch], self._encode([chunk[at] for at in batch])

    def _precision(self) -> AbstractContextManager[Any]:
        if self._format == FLOAT32 or self._backend != "torch":
            return nullcontext()
        import torch

        return torch.autocast(self._network.device.type, dtype=torch.bfloat16)

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
        return unit(vectors)


def unknown(path: str, revision: str, texts: Sequence[str]) -> float | None:
    """The share of these texts' tokens that a model has no word for; None where it cannot be told. Raises NotLoaded."""
    from transformers import AutoTokenizer

    revisions: dict[str, Any] = {} if Path(path).is_dir() else {"revision": revision}
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, **revisions)
    except (OSError, ValueError) as error:
        raise NotLoaded(str(error).strip().splitlines()[0]) from error
    if tokenizer.unk_token_id is None:
        return None
    rows = tokenizer(list(texts), truncation=True, max_length=_READ, add_special_tokens=False)["input_ids"]
    tokens = sum(map(len, rows))
    return sum(row.count(tokenizer.unk_token_id) for row in rows) / tokens if tokens else None


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


def _through_onednn(network: Any) -> None:
    """Let oneDNN multiply in all linear layers; where that cannot be done, or gives other vectors, all stays as it was.

    The operator is the one that torch's own compiler calls for linear layers on a processor.
    """
    import torch

    class Linear(torch.nn.Module):
        def __init__(self, plain: Any) -> None:
            super().__init__()
            self.weight, self.bias = plain.weight, plain.bias
            self.in_features, self.out_features = plain.in_features, plain.out_features

        def forward(self, rows: Any) -> Any:
            return torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, "none", [], "")

    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return
    places = [
        (parent, name, child)
        for parent in list(network.modules())
        for name, child in parent.named_children()
        if type(child) is torch.nn.Linear and child.weight.dtype == torch.float32
    ]

    def probe() -> Vectors:
        return unit(network.encode(list(_PROBES), show_progress_bar=False))

    plain = probe()
    try:
        for parent, name, child in places:
            setattr(parent, name, Linear(child))
        same = bool(((plain * probe()).sum(axis=1) >= _SAME).all())
    except (RuntimeError, AttributeError, NotImplementedError):
        same = False
    if not same:
        for parent, name, child in places:
            setattr(parent, name, child)
