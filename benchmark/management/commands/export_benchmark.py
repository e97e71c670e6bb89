from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from benchmark import actions, folder
from benchmark.models import Release
from campaigns.queries import UnknownCampaign, campaign_called
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class NoSuchRelease(Exception):
    pass


class Command(TerminalCommand):
    help = "Freeze what is agreed on and clean, if it is not frozen yet, and write it as a folder that can be verified."
    refusals = (
        UnknownCampaign,
        NoSuchRelease,
        actions.NothingToRelease,
        actions.Overtaken,
        folder.Occupied,
        OSError,
    )

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", metavar="SLUG", required=True)
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="made, or an older bundle replaced")
        parser.add_argument("--release", metavar="N", type=int, help="write this frozen release again; freeze nothing")

    def work(self, **options: Any) -> Outcome:
        slug, number = options["campaign"], options["release"]
        campaign = campaign_called(slug)
        if number is None:
            release = actions.freeze(campaign=campaign, by=None, now=timezone.now())
        else:
            found = Release.objects.frozen().filter(campaign=campaign, number=number).first()
            if found is None:
                raise NoSuchRelease(f"--release {number}: {slug} has no such release")
            release = found
        try:
            written = actions.write_bundle(release, options["out"])
        except actions.BrokenRelease as error:
            raise CommandError(str(error), returncode=1) from error
        excluded = release.facts["statistics"]["excluded"]
        return Outcome(
            {
                "campaign": slug,
                "release": release.number,
                "items": release.size,
                "excluded": release.left_out,
                **{f"excluded_{reason}": count for reason, count in sorted(excluded.items())},
                "demo": release.facts["demo"],
                "digest": release.digest,
                "written": written,
                "out": str(options["out"]),
            }
        )
