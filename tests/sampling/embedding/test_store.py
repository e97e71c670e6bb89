from pathlib import Path

import numpy as np
import pytest

from sampling.embedding.store import BrokenStore, VectorStore

DIGESTS = [f"{number:064x}" for number in range(10)]
VECTORS = np.arange(40, dtype=np.float32).reshape(10, 4)


def filled(folder: Path, count: int = 10) -> VectorStore:
    store = VectorStore(folder)
    with store.writing({"model": "fake"}) as writer:
        writer.append(DIGESTS[:count], VECTORS[:count])
    return store


def test_vectors_are_found_by_the_digest_of_their_text(tmp_path: Path) -> None:
    filled(tmp_path)
    store = VectorStore(tmp_path)
    assert len(store) == 10
    assert DIGESTS[3] in store
    assert "f" * 64 not in store
    assert store.get([DIGESTS[7], DIGESTS[2]]).tolist() == VECTORS[[7, 2]].tolist()
    with pytest.raises(KeyError):
        store.get(["f" * 64])


def test_an_empty_store_reads_as_empty(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "none")
    assert len(store) == 0
    assert DIGESTS[0] not in store


@pytest.mark.parametrize(("digests", "vectors"), [(32 * 6 + 5, 16 * 10), (32 * 10, 16 * 6 + 3), (32 * 6, 16 * 6)])
def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path: Path, digests: int, vectors: int) -> None:
    filled(tmp_path)
    for name, length in (("digests", digests), ("vectors", vectors)):
        with (tmp_path / name).open("ab") as file:
            file.truncate(length)
    store = VectorStore(tmp_path)
    assert len(store) == 6
    with store.writing({"model": "fake"}) as writer:
        missing = [digest for digest in DIGESTS if digest not in store]
        assert missing == DIGESTS[6:]
        writer.append(missing, VECTORS[6:])
    undisturbed = filled(tmp_path / "undisturbed")
    for name in ("digests", "vectors"):
        assert (tmp_path / name).read_bytes() == (undisturbed.folder / name).read_bytes()
    assert VectorStore(tmp_path).get(DIGESTS).tolist() == VECTORS.tolist()


def test_a_second_writer_sees_what_the_first_wrote(tmp_path: Path) -> None:
    first = VectorStore(tmp_path)
    assert len(first) == 0
    filled(tmp_path, 4)
    with first.writing({"model": "fake"}) as writer:
        assert len(first) == 4
        writer.append(DIGESTS[4:], VECTORS[4:])
    assert len(VectorStore(tmp_path)) == 10


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with store.writing({}) as writer, pytest.raises(BrokenStore, match="5 numbers"):
        writer.append(["f" * 64], np.ones((1, 5), dtype=np.float32))


def test_a_damaged_description_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "about.json").write_text("{", encoding="utf-8")
    with pytest.raises(BrokenStore, match=r"about\.json"):
        len(VectorStore(tmp_path))
