import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sampling.embedding import model
from sampling.embedding.model import CannotLoad, Means, Model
from sampling.embedding.transformer import batches, processor_has_bfloat16

HOME = Path("unused")
MINILM = "embedded:all-MiniLM-L6-v2"
EXACT = Means(HOME, number_format="float32")


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2000))
def test_batches_hold_every_text_once_and_keep_to_the_budget(lengths: list[int], tokens: int) -> None:
    made = list(batches(lengths, tokens))
    assert sorted(at for batch in made for at in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[at] for at in batch) <= tokens for batch in made)


def encoded(found: Model, texts: list[str]) -> NDArray[np.float32]:
    places: list[int] = []
    rows: list[NDArray[np.float32]] = []
    for positions, batch in found.encode(texts):
        places += positions
        rows.append(batch)
    assert sorted(places) == list(range(len(texts)))  # each text once
    vectors = np.concatenate(rows)[np.argsort(places)]
    assert vectors.dtype == np.float32
    return vectors


TEXTS = [
    "How do I reverse a list in Python?",
    "Reversing a list in Python",
    "Why does my PostgreSQL index not get used? " * 12,
    "",
]


@pytest.mark.parametrize(("number_format", "least"), [("float32", 0.999999), ("bfloat16", 0.999)])
def test_the_embedded_model_encodes_like_plain_sentence_transformers(number_format: str, least: float) -> None:
    from sentence_transformers import SentenceTransformer

    found = Model(MINILM, Means(HOME, number_format=number_format))
    vectors = encoded(found, TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.8 > 0.4 > vectors[0] @ vectors[2]
    plain = SentenceTransformer(str(model.embedded_files(MINILM)))
    wanted = plain.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert (vectors * wanted).sum(axis=1).min() > least
    assert found.key == f"all-MiniLM-L6-v2@53aa51172d14-{number_format}"


def test_linear_layers_that_onednn_computes_otherwise_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def broken(*_arguments: object) -> object:
        raise RuntimeError("not on this processor")

    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", broken)
    vectors = encoded(Model(MINILM, EXACT), TEXTS)
    monkeypatch.undo()
    assert (vectors * encoded(Model(MINILM, EXACT), TEXTS)).sum(axis=1).min() > 0.999999


def test_the_format_is_the_processors_unless_somebody_says_otherwise() -> None:
    auto = "bfloat16" if processor_has_bfloat16() else "float32"
    assert Means(HOME).chosen_format == auto
    assert Means(HOME, backend="onnx").chosen_format == "float32"
    assert Model(MINILM, Means(HOME, backend="onnx")).key.endswith("-float32-onnx")
    assert EXACT.chosen_format == "float32"


def test_a_static_model_is_distilled_once_and_knows_words_of_a_topic(tmp_path: Path) -> None:
    means = Means(tmp_path / "models")
    found = Model(f"static:{MINILM}", means)
    vectors = encoded(found, TEXTS)
    assert vectors.shape == (4, 256)
    assert vectors[0] @ vectors[1] > 0.7 > vectors[0] @ vectors[2]
    assert not vectors[3].any()  # an empty text says nothing
    [folder] = (tmp_path / "models").iterdir()
    assert folder.name == found.key == "static256-all-MiniLM-L6-v2@53aa51172d14-float32"
    made = folder.stat().st_mtime_ns
    assert np.array_equal(encoded(Model(f"static:{MINILM}", means), TEXTS), vectors)
    assert folder.stat().st_mtime_ns == made


CHINESE = [f"如何在数据库中查询第{number}个用户的订单" for number in range(10)]
CHINESE += [f"手机界面的按钮颜色怎样设置为方案{number}" for number in range(10)]


def test_a_lexical_model_learns_a_corpus_and_tells_chinese_topics_apart(tmp_path: Path) -> None:
    means = Means(tmp_path / "models")
    found = Model("lexical:qa", means)
    assert found.learns_from == "qa"
    with pytest.raises(CannotLoad, match="lexical:qa: nothing is learnt from corpus qa yet; run embed_corpus qa first"):
        _ = found.key
    found.learn(CHINESE)
    assert found.learns_from == ""
    vectors = encoded(found, CHINESE)
    close = vectors @ vectors.T
    assert close[:10, :10].min() > close[:10, 10:].max()
    key = found.key
    again = Model("lexical:qa", Means(tmp_path / "again"))
    again.learn(CHINESE)
    assert again.key == key  # the same texts, the same model
    assert np.array_equal(encoded(again, CHINESE), vectors)
    path = tmp_path / "again" / "lexical-qa.npz"
    whole = path.read_bytes()
    middle = len(whole) // 2
    for damaged in (b"PK damaged", whole[:-9], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
        path.write_bytes(damaged)
        with pytest.raises(CannotLoad, match="cannot be read"):
            encoded(Model("lexical:qa", Means(tmp_path / "again")), CHINESE)
    np.savez(path, terms=np.array(["ab", "cd"]), weights=np.ones(3), axes=np.ones((4, 2)))
    with pytest.raises(CannotLoad, match="cannot be read"):
        encoded(Model("lexical:qa", Means(tmp_path / "again")), CHINESE)


@pytest.mark.parametrize("texts", [[], ["only one"], ["", ""]])
def test_too_few_texts_to_learn_from_are_refused(tmp_path: Path, texts: list[str]) -> None:
    with pytest.raises(CannotLoad, match="too few texts"):
        Model("lexical:qa", Means(tmp_path / "models")).learn(texts)
    assert not (tmp_path / "models").exists()


def test_joined_models_stand_side_by_side(tmp_path: Path) -> None:
    means = Means(tmp_path, number_format="float32")
    joined = Model(f"{MINILM}+lexical:qa", means)
    joined.learn(CHINESE)
    vectors = encoded(joined, CHINESE)
    alone, lexical = encoded(Model(MINILM, means), CHINESE), encoded(Model("lexical:qa", means), CHINESE)
    assert vectors.shape[1] == alone.shape[1] + lexical.shape[1]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    wanted = (alone @ alone.T + 0.25 * (lexical @ lexical.T)) / 1.25
    assert np.allclose(vectors @ vectors.T, wanted, atol=1e-5)
    assert joined.key == f"{Model(MINILM, means).key}+{Model('lexical:qa', means).key}"
    assert joined.unknown(CHINESE) is None  # characters need no vocabulary
    share = Model(MINILM, means).unknown(CHINESE)
    assert share is not None
    assert share > 0.3
    assert Model(MINILM, means).unknown(TEXTS) == 0


def test_other_weights_than_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    package, folder, _digest = model._EMBEDDED["all-MiniLM-L6-v2"]
    monkeypatch.setitem(model._EMBEDDED, "tampered", (package, folder, "0" * 64))
    with pytest.raises(CannotLoad, match="sha256 is 53aa51172d14") as caught:
        _ = Model("embedded:tampered", EXACT).key
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("embedded:unknown", "embedded models are"),
        ("some/hub-model", "QUORUM_EMBEDDING_REVISION"),
        ("static:some/hub-model", "QUORUM_EMBEDDING_REVISION"),
        ("", "expected a model, lexical:CORPUS or static:MODEL"),
        ("+lexical:qa", "expected a model, lexical:CORPUS or static:MODEL"),
        ("static:", "expected a model, lexical:CORPUS or static:MODEL"),
        ("lexical:../etc", "expected a model, lexical:CORPUS or static:MODEL"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(name: str, reason: str) -> None:
    with pytest.raises(CannotLoad, match=reason):
        _ = Model(name, EXACT).key


@pytest.mark.parametrize(
    ("means", "reason"),
    [
        (Means(HOME, number_format="int8"), "QUORUM_EMBEDDING_FORMAT int8: expected auto, float32 or bfloat16"),
        (Means(HOME, backend="jax"), "QUORUM_EMBEDDING_BACKEND jax: expected one of torch, onnx, openvino"),
    ],
)
def test_settings_that_mean_nothing_are_refused(means: Means, reason: str) -> None:
    with pytest.raises(CannotLoad, match=reason):
        Model(MINILM, means)


def test_a_backend_that_is_not_installed_is_named() -> None:
    with pytest.raises(CannotLoad, match=r"embedded:all-MiniLM-L6-v2: .*pip install sentence-transformers\[openvino\]"):
        encoded(Model(MINILM, Means(HOME, backend="openvino")), TEXTS)


def test_a_folder_is_known_by_its_weights(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = Model(str(tmp_path), EXACT).key
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert Model(str(tmp_path), EXACT).key != first


def test_a_web_process_does_not_load_torch() -> None:
    code = (
        "import sys, config.wsgi, config.urls, sampling.queries.progress, sampling.actions; "
        "loaded = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'model2vec'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_folder_without_weights_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(CannotLoad, match="no weights"):
        _ = Model(str(tmp_path)).key
