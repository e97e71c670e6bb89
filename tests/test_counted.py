"""Practice and planted items count nowhere: every figure, queue and release is what it is without them."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from annotation.models import Item, Purpose
from annotation.progress import own_counts, work_stage
from benchmark.proposal import propose
from review import seen, statistics
from tests.factories import NOW
from tests.team import Team

APPS = ("annotation", "review", "benchmark", "config")
# Reads of items, votes and decisions that go through no door are of single ones, or of those that were chosen before.
RAW = re.compile(r"\b(?:Item\.objects|campaign\.items|Vote\.objects|Decision\.objects)(?!\.counted\(\))[.(]")
SINGLE = re.compile(
    r"Item\.objects\.(?:create|with_work|select_for_update|filter\((?:pk|seed|$))"
    r"|campaign\.items\.new_in_review"  # counted itself
    r"|(?:Vote|Decision)\.objects\.(?:create|revealed|all|order_by|filter\(revision(?:__item)?(?:__in)?=)"
)


def test_reads_of_items_go_through_one_door() -> None:
    raw = [
        f"{path.relative_to(settings.BASE_DIR)}: {line.strip()}"
        for app in APPS
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py"))
        if "migrations" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if RAW.search(line) and not SINGLE.search(line)
    ]
    assert raw == []


def figures(team: Team) -> dict[str, Any]:
    campaign = team.campaign
    votes = statistics.vote_table(campaign)
    funnel = statistics.funnel(campaign)
    return {
        "funnel": (funnel.queries, funnel.decided, funnel.accepted, funnel.clean),
        "votes": statistics.vote_distribution(campaign),
        "table": votes.to_dict("records"),
        "majors": statistics.difficulty_by_major(campaign, "queries"),
        "languages": statistics.programming_languages(campaign, "accepted"),
        "annotators": statistics.annotators(campaign),
        "reviewers": statistics.reviewers(campaign, votes),
        "listed": list(seen.listed(campaign=campaign).values_list("pk", flat=True)),
        "own votes": list(seen.votes_of(campaign=campaign, by=team.reviewers[0]).values_list("pk", flat=True)),
        "own items": own_counts(campaign=campaign, user=team.author, now=NOW),
        "work": [fact for fact in work_stage(campaign).facts if "seed" not in fact],
        "release": [row.uid for row in propose(campaign=campaign, by=None, now=NOW).items],
    }


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", [Purpose.PRACTICE, Purpose.PLANTED])
def test_what_is_not_real_counts_nowhere(team: Team, client: Client, purpose: Purpose) -> None:
    team.item(True, True, True, True)
    team.item(True)
    before = figures(team)
    for votes in ((True, True, True, True), (False, False, True, True), ()):
        other = team.item(*votes)
        Item.objects.filter(pk=other.pk).update(purpose=purpose)
    assert figures(team) == before
    client.force_login(team.author)
    assert client.get(reverse("annotation:home", args=[team.campaign.slug])).context["counts"].total == 2
