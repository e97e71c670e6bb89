"""Everything that a draw was made from, as a file named by its digest: written at the draw, read by its replay.

JSON Lines, compressed: one line of parameters, then one of [key, category, cluster, group] for each candidate, in the
order of their keys. The digest is that of the lines before compression.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

from foundation.files import aside
from sampling.drawing.allocation import Candidate, Group, pick

_FORMAT = 1


class BrokenDrawFile(Exception):
    """The file is missing, cut short, or not what its digest says."""


@dataclass(frozen=True)
class Inputs:
    seed: int
    salt: str  # digest of the cluster run
    first_rank: int
    wanted: Mapping[str, int]
    held: Mapping[Group, int]
    candidates: list[Candidate]

    def replay(self) -> list[tuple[int, Candidate]]:
        """The drawn documents with their ranks."""
        found = pick(self.candidates, self.wanted, seed=self.seed, salt=self.salt, held=self.held)
        return list(enumerate(found, self.first_rank))

    def lines(self) -> Iterator[bytes]:
        head = {
            "format": _FORMAT,
            "seed": self.seed,
            "salt": self.salt,
            "first_rank": self.first_rank,
            "wanted": list(self.wanted.items()),
            "held": [[*group, count] for group, count in sorted(self.held.items())],
        }
        yield _line(head)
        for one in sorted(self.candidates, key=lambda one: one.key):
            yield _line([one.key, one.category, one.cluster, one.group])


def seed_lines(rows: Iterable[tuple[int, str, str, int]]) -> bytes:
    """(rank, document key, category, cluster) of drawn documents: what a replay is compared by, byte for byte."""
    return b"".join(_line(list(row)) for row in sorted(rows))


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write(folder: Path, inputs: Inputs) -> str:
    """Keep the inputs in the folder; returns their digest."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with aside(folder) as (file, rename):
        with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as packed:
            for line in inputs.lines():
                digest.update(line)
                packed.write(line)
        rename(_path(folder, digest.hexdigest()))
    return digest.hexdigest()


def read(folder: Path, digest: str) -> Inputs:
    """Raises BrokenDrawFile."""
    path = _path(folder, digest)
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as packed:
            content = packed.read()
    except FileNotFoundError as error:
        raise BrokenDrawFile(f"{path}: there is no such file; the draw cannot be replayed without it") from error
    except (OSError, zstandard.ZstdError) as error:
        raise BrokenDrawFile(f"{path}: cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BrokenDrawFile(f"{path}: its content is not what its digest says")
    # Not splitlines: a key may hold one of the other characters that Unicode ends lines with.
    head, *rows = [json.loads(line) for line in content.removesuffix(b"\n").split(b"\n")]
    if head["format"] != _FORMAT:
        raise BrokenDrawFile(f"{path}: of format {head['format']}; this program reads {_FORMAT}")
    return Inputs(
        seed=head["seed"],
        salt=head["salt"],
        first_rank=head["first_rank"],
        wanted=dict(head["wanted"]),
        held={(category, group): count for category, group, count in head["held"]},
        candidates=[Candidate(*row) for row in rows],
    )


def _path(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.jsonl.zst"
