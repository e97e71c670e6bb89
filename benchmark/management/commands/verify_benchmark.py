from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from benchmark.audit import audit
from benchmark.verify import NotABundle
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = "Check a bundle: files, digests, counts, votes, wordings, and overlaps with the references in force here."
    refusals = (NotABundle,)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def work(self, **options: Any) -> Outcome:
        done = audit(options["folder"])
        for finding in done.findings:
            self.stdout.write(finding)
        manifest = done.report.manifest
        return Outcome(
            {
                "items": len(done.report.rows["benchmark.jsonl"]),
                "excluded": len(done.report.rows["excluded.jsonl"]),
                "demo": bool(manifest.get("demo")),
                "digest": done.report.digest,
                "frozen_here": done.known,
                "contamination_rechecked": done.rechecked,
                "references_in_force": done.references,
                "broken": len(done.findings),
                "findings": done.findings,
            },
            found=bool(done.findings),
        )
