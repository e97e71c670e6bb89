from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.models import Campaign, Role
from config import demo, env


class Command(BaseCommand):
    help = "Print the demo's address and a login for each role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        password = env.kept_secret(settings.DATA_DIR / "demo_password", length=9)
        campaign = Campaign.objects.get(slug=demo.SLUG)
        self.stdout.write(f"\nhttp://127.0.0.1:{options['port']}/   (Ctrl+C stops it)\n")
        for role in Role:
            self.stdout.write(f"  {role.value:<10} {demo.members(campaign, role)[0].username:<18} {password}")
        self.stdout.write("")
