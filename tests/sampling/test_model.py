import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from sampling import model
from sampling.model import CannotLoad, Model, batches


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2000))
def test_batches_hold_every_text_once_and_keep_to_the_budget(lengths: list[int], tokens: int) -> None:
    made = list(batches(lengths, tokens))
    assert sorted(at for batch in made for at in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[at] for at in batch) <= tokens for batch in made)


def test_the_embedded_model_encodes_like_plain_sentence_transformers() -> None:
    found = Model("embedded:all-MiniLM-L6-v2")
    texts = [
        "How do I reverse a list in Python?",
        "Reversing a list in Python",
        "Why does my PostgreSQL index not get used? " * 12,
        "",
    ]
    vectors = np.zeros((len(texts), 384), dtype=np.float32)
    places = []
    for positions, batch in found.encode(texts):
        vectors[positions] = batch
        places += positions
    assert sorted(places) == [0, 1, 2, 3]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.8 > 0.4 > vectors[0] @ vectors[2]
    plain = found._network.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert (vectors * plain).sum(axis=1).min() > 0.9999
    assert found.key == "all-MiniLM-L6-v2@53aa51172d14-float32"


def test_other_weights_than_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    package, folder, _digest = model._EMBEDDED["all-MiniLM-L6-v2"]
    monkeypatch.setitem(model._EMBEDDED, "tampered", (package, folder, "0" * 64))
    with pytest.raises(CannotLoad, match="sha256 is 53aa51172d14") as caught:
        _ = Model("embedded:tampered").key
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("embedded:unknown", "embedded models are"), ("some/hub-model", "QUORUM_EMBEDDING_REVISION")],
)
def test_what_cannot_be_loaded_is_said_in_one_line(name: str, reason: str) -> None:
    with pytest.raises(CannotLoad, match=reason):
        _ = Model(name).key


def test_a_folder_is_known_by_its_weights(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = Model(str(tmp_path)).key
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert Model(str(tmp_path)).key != first


def test_a_web_process_does_not_load_torch() -> None:
    code = (
        "import sys, config.wsgi, config.urls, sampling.progress, sampling.actions; "
        "loaded = {'torch', 'transformers', 'sentence_transformers', 'sklearn'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
