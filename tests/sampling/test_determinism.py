"""The same input and seed, in two processes whose hashes differ: the same clusters and the same draw, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path

import numpy as np

from sampling.clustering import centres
from sampling.drawing import drawfile
from sampling.clustering import keywords
from sampling.clustering import kmeans
from sampling.drawing.allocation import Candidate

rows, folder = int(sys.argv[1]), Path(sys.argv[2])
random = np.random.default_rng(5)
vectors = random.normal(size=(rows, 24)).astype(np.float32) + np.repeat(random.normal(size=(rows // 20, 24)), 20, 0)
vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
found = kmeans.cluster(vectors, 30, seed=11)
print(found.method, found.labels.tolist(), found.inertia.hex(), found.expected.hex())
print(centres.write(folder, found.centres))
texts = [[f"word{at % 7}", f"word{at % 11}", f"own{label}"] for at, label in enumerate(found.labels)]
print(keywords.keywords(texts, found.labels.tolist(), len(found.centres)))
names = ["security", "cryptography", "databases"]
pool = [
    Candidate(f"key-{at}", names[at % 3], int(label) + 1, int(label) % 20 + 1)
    for at, label in enumerate(found.labels)
]
inputs = drawfile.Inputs(3, "salt", 1, dict.fromkeys(names, 50), {("security", 2): 1}, pool)
print(drawfile.write(folder, inputs))
drawn = [(rank, one.key, one.category, one.cluster) for rank, one in inputs.replay()]
print(drawfile.seed_lines(drawn).decode())
"""


@pytest.mark.parametrize("rows", [400, 5200], ids=["all rounds", "few rounds"])
def test_two_processes_cluster_and_draw_alike(rows: int, tmp_path: Path) -> None:
    told = []
    for number, threads in (("0", "1"), ("4711", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": number, "OMP_NUM_THREADS": threads}
        folder = tmp_path / number
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(rows), str(folder)], env=environment, capture_output=True, text=True
        )
        assert not done.returncode, done.stderr
        told.append((done.stdout, sorted(path.read_bytes() for path in folder.iterdir())))
    assert told[0] == told[1]
    assert told[0][0].count("\n") > 100
