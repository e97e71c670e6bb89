from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from campaigns import actions
from campaigns.models import Campaign
from config import demo, env
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class Command(TerminalCommand):
    help = "Run the whole pipeline on the shipped demo corpus; running it again changes nothing."

    def work(self, **options: Any) -> Outcome:
        started = monotonic()
        password = env.kept_secret(settings.DATA_DIR / "demo_password", length=9)
        of = ("--taxonomy", demo.TAXONOMY)
        self._stage("taxonomy", "load_taxonomy")
        self._stage("campaign", "create_campaign", demo.SLUG, "--name", "Demo campaign", "--demo", *of)
        campaign = Campaign.objects.get(slug=demo.SLUG)
        demo.people(campaign=campaign, password=password, now=timezone.now())
        rules = {"seeds_per_category": demo.PER_CATEGORY}
        actions.change_rules(campaign=campaign, rules=rules, by=None, now=timezone.now())
        self._stage("import", "import_corpus", demo.FOLDER / "corpus.jsonl", "--corpus", demo.CORPUS, "--demo", *of)
        self._stage("references", "load_references", "demo-puzzles", "--field", "prompt", "--from", demo.FOLDER)
        self._stage("embed", "embed_corpus", demo.CORPUS)
        self._stage("cluster", "cluster_corpus", demo.CORPUS, *of)
        self._stage("classify", "classify_clusters", demo.CORPUS, *of)
        self._stage("map", "map_corpus", demo.CORPUS)
        self._stage("draw", "draw_seeds", demo.SLUG, "--corpus", demo.CORPUS)
        self._replay("annotate", demo.annotate, demo.HANDLED, campaign)
        self._replay("vote", demo.judge, None, campaign)
        # A benchmark published after the queries were accepted: the export has to find what overlaps it.
        self._stage(
            "references published later", "load_references", "demo-late", "--field", "prompt", "--from", demo.FOLDER
        )
        bundle: Path = settings.DATA_DIR / "exports" / demo.SLUG
        bundle.parent.mkdir(exist_ok=True)
        self._stage("export", "export_benchmark", "--campaign", demo.SLUG, "--out", bundle)
        self._stage("verify", "verify_benchmark", bundle)
        self._title("done")
        return Outcome({"bundle": str(bundle), "seconds": round(monotonic() - started, 1)})

    def _title(self, title: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"\n── {title}"))

    def _stage(self, title: str, command: str, *arguments: object) -> None:
        self._title(title)
        call_command(command, *map(str, arguments), stdout=self.stdout, stderr=self.stderr)

    def _replay(
        self, title: str, replay: Callable[..., Iterable[object]], total: int | None, campaign: Campaign
    ) -> None:
        """Recorded decisions, one by one, with the counts that this run added."""
        self._title(title)
        steps = replay(campaign=campaign, now=timezone.now())
        count = sum(1 for _ in self.progress(steps, what=title, total=total))
        self.stdout.write(f"replayed now  {count:,}")
        for status, number in sorted(demo.tally(campaign, title).items()):
            self.stdout.write(f"{status:<12}  {number:,}")
