"""A corpus's own texts in; a plain model of which words and characters stand together, and texts' unit vectors, out.

Latent semantic analysis: TF-IDF of runs of two to four characters, which need no dictionary of any language, reduced
by a truncated singular value decomposition (Deerwester et al. 1990). It knows no meaning beyond the corpus it was
learnt from; for languages that an embedding model has no words for, that is more than the model knows.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from foundation import arrayfile
from foundation.files import write_bytes
from foundation.vectors import Vectors, one_thread, unit
from sampling.embedding.encoder import NotLoaded

DIMENSIONS: Final = 384
MOST_TEXTS: Final = 20_000  # that are learnt from; more change little
_TERMS: Final = 50_000
_LONGEST: Final = 2_000  # characters of a text: what comes later is mostly code and logs
_NGRAMS: Final = (2, 4)
_CHUNK: Final = 2048


class Lexical:
    """What was learnt lies in the file `path`; there is nothing to encode with before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_learnt(self) -> bool:
        return self.path.is_file()

    @cached_property
    def digest(self) -> str:
        """Raises NotLoaded."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise NotLoaded(f"{self.path}: {error.strerror}") from error

    def learn(self, texts: Sequence[str]) -> None:
        """From at most MOST_TEXTS of them, evenly spaced; the same texts give the same model. Raises NotLoaded."""
        from sklearn.decomposition import TruncatedSVD

        sample = list(texts)
        if len(texts) > MOST_TEXTS:
            sample = [texts[at * len(texts) // MOST_TEXTS] for at in range(MOST_TEXTS)]
        counter = _counter(min_df=2, max_features=_TERMS)
        try:
            table = counter.fit_transform([_cut(text) for text in sample])
        except ValueError as error:
            raise NotLoaded("too few texts to learn words from") from error
        # Fewer terms or texts than dimensions: as many as there can be.
        size = min(DIMENSIONS, *(count - 1 for count in table.shape))
        if size < 1:
            raise NotLoaded("too few texts to learn words from")
        with one_thread():
            axes = TruncatedSVD(size, random_state=0).fit(table).components_
        content = io.BytesIO()
        terms = np.array(counter.get_feature_names_out(), dtype=str)
        np.savez(content, terms=terms, weights=counter.idf_, axes=axes.astype(np.float32))
        write_bytes(self.path, content.getvalue())
        self.__dict__.pop("digest", None)
        self.__dict__.pop("_learnt", None)

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
        """Batches of (positions in `texts`, their vectors), each text once. A text without a known term is all 0."""
        counter, axes = self._learnt
        for start in range(0, len(texts), _CHUNK):
            chunk = [_cut(text) for text in texts[start : start + _CHUNK]]
            yield list(range(start, start + len(chunk))), unit(counter.transform(chunk) @ axes.T)

    @cached_property
    def _learnt(self) -> tuple[Any, Vectors]:
        try:
            terms, weights, axes = arrayfile.read(self.path, ("terms", "weights", "axes"))
            counter = _counter(vocabulary={str(term): at for at, term in enumerate(terms)})
            counter.idf_ = weights  # raises ValueError where there are not as many
            if axes.shape[1:] != terms.shape:
                raise ValueError(f"axes of {axes.shape[1:]} for {terms.shape} terms")
        except (OSError, arrayfile.DamagedFile, ValueError, TypeError) as error:
            raise NotLoaded(f"{self.path}: cannot be read; remove it and embed the corpus again") from error
        return counter, axes


def _cut(text: str) -> str:
    return text[:_LONGEST]


def _counter(**options: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer="char", ngram_range=_NGRAMS, sublinear_tf=True, dtype=np.float32, **options)
