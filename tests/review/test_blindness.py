"""Nothing anywhere tells how anybody voted before the decision."""

import re
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from review import statistics
from review.models import Vote
from tests.team import Team

pytestmark = pytest.mark.django_db

# Tokens against forgery, and the ids of votes: PostgreSQL counts on after a rollback.
_INCIDENTAL = r'"X-CSRFToken": "\w+"|value="\w{64}"|\bvote \d+'
CHARTS = ["funnel", "votes", "difficulty", "programming-languages", "natural-languages"]


def pages(team: Team, item: Any) -> dict[str, str]:
    """Every page of this app as each person sees it, without what differs from one request to the next."""
    found = {}
    for user in (team.lead, team.author, team.reviewers[3]):
        client = Client()
        client.force_login(user)
        names = {"queue": [], "revision": [item.revision_id], "items": [], "item": [item.pk], "dashboard": []}
        addresses = [reverse(f"review:{name}", args=[team.campaign.slug, *args]) for name, args in names.items()]
        addresses += [reverse("review:chart", args=[team.campaign.slug, name]) for name in CHARTS]
        addresses += [reverse("annotation:item", args=[team.campaign.slug, item.pk])]
        addresses += [reverse("campaigns:events", args=[team.campaign.slug])]
        for address in addresses:
            response = client.get(address)
            if response.status_code == 200:
                content = response.content.decode()
                found[f"{user.username} {address}"] = re.sub(_INCIDENTAL, "", content)
    return found


def test_every_page_is_the_same_however_the_votes_were_cast(team: Team) -> None:
    item = team.item()
    seen = []
    for votes in product([True, False], repeat=2):
        with transaction.atomic():
            team.votes(item, votes)
            seen.append(pages(team, item))
            transaction.set_rollback(True)
    assert len(seen[0]) > 20
    for other in seen[1:]:
        assert [address for address in seen[0] if other[address] != seen[0][address]] == []
    assert not [address for address, content in seen[-1].items() if "SECRET-RATIONALE" in content]


def test_after_the_decision_rationales_are_shown_and_only_leads_see_names(team: Team) -> None:
    item = team.item(True, True, False, True)
    found = {address: content for address, content in pages(team, item).items() if "SECRET-RATIONALE" in content}
    people = {address.split()[0] for address in found}
    assert people == {team.lead.username, team.author.username, team.reviewers[3].username}
    for address, content in found.items():
        assert ("Rev3" in content) is address.startswith(team.lead.username)


def test_the_dashboard_does_not_move_with_the_votes_on_undecided_items(team: Team) -> None:
    decided = team.item(True, True, False, True)
    assert decided.status == "accepted"
    item = team.item()
    before = statistics.agreement_of(statistics.vote_table(team.campaign)), statistics.vote_distribution(team.campaign)
    rows = [(row.valid_share, row.agreement) for row in _reviewers(team)]
    team.vote(item, team.reviewers[0], False)
    team.vote(item, team.reviewers[1], True)
    after = statistics.agreement_of(statistics.vote_table(team.campaign)), statistics.vote_distribution(team.campaign)
    assert after == before
    assert [(row.valid_share, row.agreement) for row in _reviewers(team)] == rows
    assert [row.votes for row in _reviewers(team)] == [2, 2, 1, 1]


def test_revealed_votes_are_those_on_decided_wordings(team: Team) -> None:
    team.item()
    decided = team.item(True, True, True, False)
    team.item(False, True)
    assert {vote.revision_id for vote in Vote.objects.revealed()} == {decided.revision_id}
    assert Vote.objects.revealed().count() == 4


def _reviewers(team: Team) -> list[statistics.ReviewerRow]:
    return statistics.reviewers(team.campaign, statistics.vote_table(team.campaign))
