"""Which prompt a text resembles, and from what cosine on that means something."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from foundation.vectors import Vectors
from sampling.actions.resemblance import NothingToCompare, calibrate_similarity
from sampling.queries.resemblance import calibration_of
from sampling.similarity.calibration import Pair, calibrate, known_pairs
from sampling.similarity.nearest import nearest
from tests.factories import NOW


def unit(*rows: list[float]) -> Vectors:
    vectors = np.array(rows, np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_pairs_are_found_by_their_published_keys() -> None:
    names = [
        ("mbpp", "mbpp/11"), ("mbpp", "sanitized-mbpp/11"), ("mbpp", "mbpp_x/Python/11/prompt_text_chinese"),
        ("mbpp", "mbpp/12"), ("mbpp", "sanitized-mbpp/12"), ("mbpp", "sanitized-mbpp/13"),
        ("humaneval", "HumanEval/HumanEval/0"), ("humaneval", "humaneval_python_cn/Python/0"),
        ("multipl-e", "humaneval-rs/HumanEval_0_has_close_elements"), ("mine", "mbpp/11"),
    ]  # fmt: skip
    texts = ["sum", "Sum!", "求和", "same", "same ", "no original", "close", "close zh", "close rs", "sum"]
    found = known_pairs(names, texts)
    assert found == [
        Pair("edited by hand (MBPP)", "mbpp", 1, 0),
        Pair("in Chinese (MBPP)", "mbpp", 2, 0),
        Pair("in Chinese, with code (HumanEval)", "humaneval", 7, 6),
        Pair("for Rust (HumanEval)", "humaneval", 8, 6),
    ]


def test_the_nearest_prompt_of_another_benchmark() -> None:
    prompts = unit([1, 0, 0], [0.9, 0.1, 0], [0, 0, 1])
    texts = unit([1, 0.02, 0])
    places, cosines = nearest(texts, prompts)
    assert (places.tolist(), round(float(cosines[0]), 3)) == ([0], 1.0)
    places, cosines = nearest(texts, prompts, (np.array([0]), np.array([0, 0, 1])))
    assert (places.tolist(), abs(float(cosines[0])) < 0.01) == ([2], True)
    assert nearest(texts, prompts, (np.array([0]), np.array([0, 0, 0])))[1].tolist() == [-2.0]


def test_the_threshold_is_the_least_cosine_that_is_precise_enough() -> None:
    # Originals a0 (benchmark a) and b0 (benchmark b) at 0 and 90 degrees; variants of both at growing angles.
    angles = [0.0, 90.0, 20.0, 40.0, 70.0, 60.0]
    vectors = unit(*[[float(np.cos(np.radians(each))), float(np.sin(np.radians(each)))] for each in angles])
    pairs = [Pair("near", "a", 2, 0), Pair("near", "a", 3, 0), Pair("far", "b", 4, 1), Pair("far", "b", 5, 1)]
    found = calibrate(pairs, vectors)
    # cos 20, 40, 20 and 30 degrees to their own; to the other's cos 70, 50, 70 and 60 degrees, the nearest .64.
    assert found.threshold is not None
    assert 0.64 <= found.threshold <= 0.66
    assert [(row.kind, row.pairs, row.found, row.false_alarms) for row in found.rows] == [
        ("", 4, 4, 0), ("near", 2, 2, 0), ("far", 2, 2, 0),
    ]  # fmt: skip
    assert (found.rows[0].precision, found.rows[0].recall) == (1.0, 1.0)


def test_where_no_cosine_is_precise_enough_the_figures_are_undefined() -> None:
    vectors = unit([1, 0], [0, 1], [0, 1], [1, 0])  # each variant lies on the other's original
    found = calibrate([Pair("crossed", "a", 2, 0), Pair("crossed", "b", 3, 1)], vectors)
    assert found.threshold is None
    assert (found.rows[0].precision, found.rows[0].recall) == (None, 0.0)
    empty = calibrate([], vectors)
    assert (empty.threshold, empty.rows[0].precision, empty.rows[0].recall) == (None, None, None)


def load(name: str, **prompts: str) -> None:
    rows = [Prompt(name, key.replace("__", "/"), text) for key, text in prompts.items()]
    load_reference(name=name, source=f"{name}.jsonl", prompts=rows, by=None, now=NOW)


@pytest.mark.django_db
def test_a_model_is_calibrated_on_the_references_in_force(
    fake_model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NothingToCompare, match="published twice"):
        calibrate_similarity(by=None, now=NOW)
    topics = ["sort numbers by size", "reverse every word of text", "count vowels in names", "merge two trees"]
    for name, stem, variant in (("mbpp", "mbpp", "sanitized-mbpp"), ("humaneval", "HumanEval__HumanEval", "")):
        prompts = {f"{stem}__{at}": f"{topic} {name} {at}" for at, topic in enumerate(topics)}
        if variant:
            prompts |= {f"{variant}__{at}": f"please {topic} {name} {at}" for at, topic in enumerate(topics)}
        else:
            prompts |= {f"humaneval_python_cn__Python__{at}": f"now {t} {name} {at}" for at, t in enumerate(topics)}
        load(name, **prompts)
    call_command("calibrate_similarity")
    said = capsys.readouterr().out
    assert "8 pairs, precision" in said
    assert "edited by hand (MBPP)" in said
    made = calibrate_similarity(by=None, now=NOW)
    assert calibration_of(made.model) is not None
    assert calibration_of("another model") is None
    assert len(made.references) == 2
    assert len(fake_model) == 16  # each text once, though measured twice


@pytest.mark.django_db
def test_the_command_refuses_in_one_line(fake_model: list[str]) -> None:
    with pytest.raises(CommandError, match="published twice") as refused:
        call_command("calibrate_similarity")
    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_pairs_of_one_benchmark_alone_do_not_tell_what_is_near_by_chance(fake_model: list[str]) -> None:
    load("mbpp", mbpp__1="sort numbers", **{"sanitized-mbpp__1": "please sort numbers"})
    with pytest.raises(NothingToCompare, match="known pairs of mbpp only"):
        calibrate_similarity(by=None, now=NOW)
    assert fake_model == []
