"""A draw in; the seeds that its recorded inputs give, beside those that are stored, out."""

import hashlib
from dataclasses import dataclass
from itertools import zip_longest

from django.conf import settings

from sampling.drawing import drawfile
from sampling.models import Draw


class UnknownDraw(Exception):
    """There is no draw of this number."""


@dataclass(frozen=True)
class Replay:
    """`difference` is one line, empty where the drawn seeds are those that the recorded inputs give, byte for byte."""

    rows: list[tuple[int, str, str, int]]  # rank, document key, category, cluster: as replayed
    digest: str
    difference: str


def find_draw(pk: int) -> Draw:
    """Raises UnknownDraw."""
    draw = Draw.objects.select_related("campaign", "corpus", "run").filter(pk=pk).first()
    if draw is None:
        raise UnknownDraw(f"{pk}: there is no such draw")
    return draw


def replay_draw(*, draw: Draw) -> Replay:
    """Draw again from what was recorded at the time, whatever has become of the corpus since; writes nothing.

    Raises BrokenDrawFile.
    """
    inputs = drawfile.read(settings.DATA_DIR / "draws", draw.inputs_digest)
    again = [(rank, one.key, one.category, one.cluster) for rank, one in inputs.replay()]
    fields = ("rank", "document__key", "category__slug", "cluster__number")
    stored = sorted(draw.seeds.values_list(*fields))
    difference = ""
    if drawfile.seed_lines(again) != drawfile.seed_lines(stored):
        pairs = zip_longest(again, stored)
        first = next(((new, old) for new, old in pairs if new != old))
        difference = f"stored {_shown(first[1])}, replayed {_shown(first[0])}"
    elif (inputs.seed, inputs.salt) != (draw.seed, draw.run.digest):
        difference = f"stored seed {draw.seed} of run {draw.run.digest}, replayed {inputs.seed} of {inputs.salt}"
    return Replay(again, hashlib.sha256(drawfile.seed_lines(again)).hexdigest(), difference)


def _shown(row: tuple[int, str, str, int] | None) -> str:
    return "nothing" if row is None else f"rank {row[0]}: {row[1]} of {row[2]}, cluster {row[3]}"
