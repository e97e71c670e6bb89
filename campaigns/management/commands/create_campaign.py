from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns import actions
from campaigns.models import Campaign, Role, User
from campaigns.queries import UnknownTaxonomy, taxonomy_called
from campaigns.rules import rules_of
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome


class UnknownUser(Exception):
    pass


class Command(TerminalCommand):
    help = "Make a campaign with the paper's rules; running it again changes nothing."
    refusals = (UnknownTaxonomy, ValidationError, UnknownUser)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--name", help="shown on every page (default: the slug)")
        parser.add_argument("--lead", metavar="USERNAME", help="make this person a lead of it")
        parser.add_argument("--taxonomy", metavar="SLUG", default="", help="default: the only one that is loaded")
        parser.add_argument("--demo", action="store_true", help="mark all of it, and its releases, as demo data")

    def work(self, **options: Any) -> Outcome:
        now = timezone.now()
        lead = None
        if options["lead"]:
            lead = User.objects.filter(username=options["lead"]).first()
            if lead is None:
                raise UnknownUser(f"--lead {options['lead']}: there is no such user")
        campaign = Campaign.objects.filter(slug=options["slug"]).first()
        created = campaign is None
        if campaign is None:
            campaign = actions.create_campaign(
                slug=options["slug"],
                name=options["name"] or options["slug"],
                taxonomy=taxonomy_called(options["taxonomy"]),
                is_demo=options["demo"],
                by=None,
                now=now,
            )
        if lead:
            actions.add_member(campaign=campaign, user=lead, role=Role.LEAD, by=None, now=now)
        return Outcome(
            {
                "campaign": campaign.slug,
                "created": created,
                "categories": campaign.taxonomy.categories.count(),
                **rules_of(campaign),
            }
        )
