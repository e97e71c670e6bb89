import json
from argparse import ArgumentParser
from typing import Any

from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome
from sampling.drawing.drawfile import BrokenDrawFile
from sampling.queries.replay import UnknownDraw, find_draw, replay_draw


class Command(TerminalCommand):
    help = "Draw again from what a draw recorded, and compare with its seeds byte for byte; changes nothing."
    refusals = (UnknownDraw, BrokenDrawFile)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("draw", metavar="DRAW_ID", type=int)

    def work(self, **options: Any) -> Outcome:
        draw = find_draw(options["draw"])
        replay = replay_draw(draw=draw)
        figures: dict[str, Any] = {
            "draw": draw.pk,
            "campaign": draw.campaign.slug,
            "corpus": draw.corpus.name,
            "inputs": draw.inputs_digest,
            "seeds": len(replay.rows),
            "digest": replay.digest,
            "same": not replay.difference,
        }
        if replay.difference:
            figures["first_difference"] = replay.difference
        rows = [
            {"rank": rank, "document": key, "category": category, "cluster": cluster}
            for rank, key, category, cluster in replay.rows
        ]
        report = json.dumps({**figures, "drawn": rows}, ensure_ascii=False, indent=1) + "\n"
        return Outcome(figures, found=bool(replay.difference), report=report)
