import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sampling.embedding.legibility import Reading, alike, poorly_read


@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_alike_is_the_mean_cosine_of_all_pairs(count: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [float(vectors[one] @ vectors[other]) for one in range(count) for other in range(one)]
    found = alike(vectors)
    assert found is not None
    assert abs(found - sum(pairs) / len(pairs)) < 1e-3


def test_a_language_is_poorly_read_where_its_texts_look_alike_or_its_words_are_unknown() -> None:
    readings = {
        "en": Reading(900, 0.03, 0.0),
        "es": Reading(30, 0.24, 0.0),
        "ru": Reading(30, 0.2, 0.0),
        "zh": Reading(400, 0.1, 0.5),
        "ko": Reading(2, 0.9, 0.9),  # too few to tell
        "ja": Reading(20, None, None),
    }
    assert poorly_read(readings) == ["es", "zh"]
    assert poorly_read({"zh": Reading(500, 0.4, None)}) == []  # nothing to compare it with, nothing known of its words
    assert poorly_read({}) == []
