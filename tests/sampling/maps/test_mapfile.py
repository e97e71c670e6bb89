import hashlib
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sampling.maps import mapfile
from sampling.maps.mapfile import BrokenMap, Map

ROOT = Path(__file__).resolve().parents[3]
KILLED = """
import os, pathlib, signal, sys
from sampling.maps import mapfile
path = pathlib.Path(sys.argv[1])
os.fsync = lambda _file: os.kill(os.getpid(), signal.SIGKILL)
found = mapfile.read(path)
mapfile.write(path, mapfile.Map(found.method, found.model, 99, found.digests, found.places, 0))
"""


def some_map(texts: int = 5, left_out: int = 0) -> Map:
    digests = mapfile.chosen(hashlib.sha256(bytes([at])).hexdigest() for at in range(texts))
    places = np.arange(2 * texts, dtype=np.uint16).reshape(texts, 2)
    return Map("a method", "a model", 3, digests, places, left_out)


@pytest.mark.parametrize("texts", [0, 1, 5])
def test_a_map_is_read_as_it_was_written(tmp_path: Path, texts: int) -> None:
    path, given = tmp_path / "maps" / "map.npz", some_map(texts, left_out=2)
    mapfile.write(path, given)
    found = mapfile.read(path)
    assert found is not None
    assert replace(found, places=given.places) == given
    assert found.places.tolist() == given.places.tolist()
    assert found.last == (given.digests[-1] if texts else "")
    before = path.read_bytes()
    mapfile.write(path, given)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["map.npz"]


def test_where_there_is_no_file_there_is_no_map(tmp_path: Path) -> None:
    assert mapfile.read(tmp_path / "none.npz") is None


def test_what_is_no_map_is_called_broken(tmp_path: Path) -> None:
    path = tmp_path / "map.npz"
    mapfile.write(path, some_map())
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2], whole[:-1], b"[]"):
        path.write_bytes(content)
        with pytest.raises(BrokenMap, match=r"map\.npz"):
            mapfile.read(path)
    at = whole.index(b"PK\x01\x02")
    for byte, value in ((6, 99), (8, 1), (10, 77)):  # a version, a bit that says "encrypted", a compression
        path.write_bytes(whole[: at + byte] + bytes([value]) + whole[at + byte + 1 :])
        with pytest.raises(BrokenMap, match=r"map\.npz"):
            mapfile.read(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(BrokenMap, match=r"map\.npz"):
        mapfile.read(path)
    np.savez(path, about=np.array('{"format": 2}'), digests=np.zeros((1, 32)), places=np.zeros((1, 2)))
    with pytest.raises(BrokenMap):
        mapfile.read(path)
    np.savez(path, other=np.zeros(1))
    with pytest.raises(BrokenMap):
        mapfile.read(path)
    np.savez(path, about=np.array([{"an": "object"}], dtype=object), allow_pickle=True)
    with pytest.raises(BrokenMap):
        mapfile.read(path)


def test_a_process_killed_while_writing_leaves_the_map_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "map.npz"
    mapfile.write(path, some_map())
    before = path.read_bytes()
    run = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert run.returncode == -signal.SIGKILL
    assert path.read_bytes() == before


def test_of_too_many_texts_the_same_ones_are_always_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapfile, "LARGEST", 3)
    digests = [hashlib.sha256(bytes([at])).hexdigest() for at in range(9)]
    chosen = mapfile.chosen(digests)
    assert chosen == mapfile.chosen([*reversed(digests), *digests])
    assert len(chosen) == 3
    assert set(mapfile.chosen(digests[:6])) >= set(chosen) & set(digests[:6])


def test_numbers_go_there_and_back() -> None:
    places = np.array([[0, 1], [0.25, 0.5]], dtype=np.float32)
    assert np.abs(mapfile.fractions(mapfile.numbers(places)) - places).max() < 1e-4
