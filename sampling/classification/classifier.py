"""Which category a text belongs to, learnt from labelled ones: multinomial logistic regression on embeddings.

Beside the labelled texts it learns from the categories' own descriptions, each of which weighs as much as many texts.

Nothing votes on its own category: a text that is itself in the training data is scored by a model that has seen
neither it nor any near-duplicate of it.
"""

import hashlib
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.vectors import Vectors, one_thread, unit

_FOLDS = 5
# Chosen by cross-validation on the demo corpus (520 texts, 40 categories): macro-F1 .46 without descriptions, .56 with.
_STRENGTH = 3.0  # inverse of the regularisation
_DESCRIPTION = 24.0  # how many texts a category's description weighs


@dataclass(frozen=True)
class Training:
    """Labelled texts. Texts of one group (near-duplicates of each other) are never on both sides of a fold."""

    digests: list[str]
    vectors: Vectors
    labels: list[str]
    groups: list[int]
    description_digests: list[str]
    descriptions: Vectors
    described: list[str]  # the category of each

    @property
    def digest(self) -> str:
        """Of everything that a category depends on, beside the text's own vector."""
        rows = sorted(zip(self.digests, self.labels, strict=True))
        rows += sorted(zip(self.description_digests, self.described, strict=True))
        settings = f"logistic regression, C={_STRENGTH}, {_DESCRIPTION}, {_FOLDS} folds\n"
        return hashlib.sha256((settings + "".join(f"{text} {label}\n" for text, label in rows)).encode()).hexdigest()


@dataclass(frozen=True)
class Evaluation:
    """By cross-validation: each text judged by a model trained on the other folds."""

    texts: int
    categories: int
    macro_f1: float
    accuracy: float
    prototype_macro_f1: float  # baseline: the nearest mean vector of a category
    prototype_accuracy: float
    confusions: list[tuple[str, str, int]]  # (true, taken for, how often), commonest first


class TooFewLabels(Exception):
    """There is nothing to learn from."""


class Classifier:
    def __init__(self, training: Training) -> None:
        """Raises TooFewLabels."""
        if len(set(training.labels)) < 2:
            raise TooFewLabels("labelled documents of at least two categories are needed")
        self.categories = sorted(set(training.labels))
        self._out_of_fold = _cross_validated(training, self.categories)
        self._rows = {digest: row for row, digest in enumerate(training.digests)}
        self._fitted = _fit(training, np.arange(len(training.labels)))

    def probabilities(self, digests: Sequence[str], vectors: Vectors) -> NDArray[np.float64]:
        """One row for each text, one column for each of `categories`."""
        if not len(vectors):
            return np.empty((0, len(self.categories)))
        result = _spread(self._fitted, vectors, self.categories)
        for row, digest in enumerate(digests):
            if digest in self._rows:
                result[row] = self._out_of_fold[self._rows[digest]]
        return result


def _fit(training: Training, rows: NDArray[np.int64]) -> Any:
    """Of these rows, and of the descriptions of all categories that occur at all."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        known = set(training.labels)
        described = [at for at, label in enumerate(training.described) if label in known]
        return LogisticRegression(C=_STRENGTH, max_iter=500).fit(
            np.concatenate([training.vectors[rows], training.descriptions[described]]),
            [training.labels[row] for row in rows] + [training.described[at] for at in described],
            sample_weight=np.concatenate([np.ones(len(rows)), np.full(len(described), _DESCRIPTION)]),
        )


def _spread(fitted: Any, vectors: Vectors, categories: list[str]) -> NDArray[np.float64]:
    """Probabilities in the order of `categories`, 0 for those that the fitted model has not seen."""
    result = np.zeros((len(vectors), len(categories)))
    with one_thread():
        result[:, [categories.index(name) for name in fitted.classes_]] = fitted.predict_proba(vectors)
    return result


def _folds(training: Training) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    folds = min(_FOLDS, len(set(training.groups)))
    with warnings.catch_warnings():
        # A category with fewer texts than folds is absent from some; that is what the evaluation should show.
        warnings.simplefilter("ignore", UserWarning)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
        return list(splitter.split(training.vectors, training.labels, training.groups))


def _cross_validated(training: Training, categories: list[str]) -> NDArray[np.float64]:
    result = np.full((len(training.labels), len(categories)), 1 / len(categories))
    for seen, held in _folds(training):
        if len({training.labels[row] for row in seen}) > 1:
            result[held] = _spread(_fit(training, seen), training.vectors[held], categories)
    return result


def evaluate(classifier: Classifier, training: Training) -> Evaluation:
    from sklearn.metrics import accuracy_score, f1_score

    predicted = [classifier.categories[at] for at in classifier._out_of_fold.argmax(axis=1)]
    baseline = list(training.labels)
    for seen, held in _folds(training):
        labels = np.array(training.labels)[seen]
        known = sorted(set(labels.tolist()))
        means = unit(np.stack([training.vectors[seen][labels == name].mean(axis=0) for name in known]))
        for row, at in zip(held, (training.vectors[held] @ means.T).argmax(axis=1), strict=True):
            baseline[row] = known[at]
    mistaken = Counter((true, taken) for true, taken in zip(training.labels, predicted, strict=True) if true != taken)
    return Evaluation(
        texts=len(training.labels),
        categories=len(classifier.categories),
        macro_f1=round(float(f1_score(training.labels, predicted, average="macro", zero_division=0)), 4),
        accuracy=round(float(accuracy_score(training.labels, predicted)), 4),
        prototype_macro_f1=round(float(f1_score(training.labels, baseline, average="macro", zero_division=0)), 4),
        prototype_accuracy=round(float(accuracy_score(training.labels, baseline)), 4),
        confusions=[(*pair, times) for pair, times in sorted(mistaken.items(), key=lambda row: (-row[1], row[0]))],
    )
