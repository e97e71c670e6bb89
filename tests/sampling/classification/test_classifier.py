import numpy as np
import pytest
from numpy.typing import NDArray

from sampling.classification.classifier import Classifier, TooFewLabels, Training, evaluate


def training(labels: list[str], vectors: NDArray[np.float32], groups: list[int] | None = None) -> Training:
    known = sorted(set(labels))
    described = np.stack(
        [vectors[[at for at, label in enumerate(labels) if label == name]].mean(axis=0) for name in known]
    )
    return Training(
        digests=[f"{at:064x}" for at in range(len(labels))],
        vectors=vectors,
        labels=labels,
        groups=groups or list(range(len(labels))),
        description_digests=[f"{name}-described" for name in known],
        descriptions=described,
        described=known,
    )


def separable(each: int = 20) -> tuple[list[str], NDArray[np.float32]]:
    random = np.random.default_rng(0)
    centres = np.eye(3, 8)
    labels = [name for name in "abc" for _ in range(each)]
    points = centres[[ord(label) - 97 for label in labels]] + random.normal(scale=0.15, size=(3 * each, 8))
    return labels, np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


def test_plain_categories_are_learnt() -> None:
    labels, vectors = separable()
    data = training(labels, vectors)
    classifier = Classifier(data)
    new = np.eye(3, 8, dtype=np.float32)
    scores = classifier.probabilities(["f" * 64, "e" * 64, "d" * 64], new)
    assert [classifier.categories[at] for at in scores.argmax(axis=1)] == ["a", "b", "c"]
    assert np.allclose(scores.sum(axis=1), 1)
    judged = evaluate(classifier, data)
    assert judged.macro_f1 > 0.95
    assert judged.prototype_macro_f1 > 0.95
    assert judged.texts == 60


def test_nothing_votes_on_its_own_category() -> None:
    labels, vectors = separable()
    # Two copies of one text far from its category, wrongly labelled: each is the other's near-duplicate.
    odd = np.eye(1, 8, dtype=np.float32)
    vectors = np.concatenate([vectors, odd, odd])
    groups = [*range(60), 60, 60]
    data = training([*labels, "c", "c"], vectors, groups)
    classifier = Classifier(data)
    own = classifier.probabilities(data.digests[60:], vectors[60:])
    assert {classifier.categories[at] for at in own.argmax(axis=1)} == {"a"}


def test_a_label_for_one_category_alone_teaches_nothing() -> None:
    labels, vectors = separable()
    with pytest.raises(TooFewLabels):
        Classifier(training(["a"] * len(labels), vectors))


def test_the_digest_depends_on_every_label_and_not_on_their_order() -> None:
    labels, vectors = separable(4)
    data = training(labels, vectors)
    turned = Training(
        data.digests[::-1], data.vectors[::-1], data.labels[::-1], data.groups[::-1],
        data.description_digests, data.descriptions, data.described,
    )  # fmt: skip
    assert turned.digest == data.digest
    assert training(["b", *labels[1:]], vectors).digest != data.digest


def test_confusions_are_counted_from_true_to_taken() -> None:
    labels, vectors = separable()
    labels[0] = "b"  # lies among the a
    judged = evaluate(Classifier(data := training(labels, vectors)), data)
    assert ("b", "a", 1) in judged.confusions
