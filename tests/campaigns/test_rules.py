import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from campaigns import actions
from campaigns.forms import RulesForm
from campaigns.models import Campaign
from campaigns.rules import CHANGEABLE, RULES, rules_of
from tests.factories import NOW, make_campaign, make_lead, shipped_taxonomy

pytestmark = pytest.mark.django_db


def test_what_a_campaign_holds_is_a_rule_or_known_not_to_be_one() -> None:
    columns = {field.name for field in Campaign._meta.concrete_fields}
    assert columns - set(RULES) == {"id", "slug", "name", "taxonomy", "guideline", "is_demo", "created_at"}
    assert list(RulesForm().fields) == list(CHANGEABLE)


def test_the_command_and_the_api_show_every_rule(client: Client, tmp_path: Path) -> None:
    shipped_taxonomy()
    call_command("create_campaign", "mine", json=tmp_path / "out.json")
    figures = json.loads((tmp_path / "out.json").read_text())
    assert [name for name in figures if name in RULES] == list(RULES)
    campaign = Campaign.objects.get(slug="mine")
    client.force_login(make_lead(campaign))
    (row,) = client.get(reverse("api-campaigns")).json()
    assert row["rules"] == {name: figures[name] for name in RULES}


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(actions.BadRules, match="unknown rule: slug"):
        actions.change_rules(campaign=make_campaign(), rules={"slug": "x"}, by=None, now=NOW)


def test_the_page_says_which_rule_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign()
    client.force_login(make_lead(campaign))
    page, form = reverse("campaigns:rules", args=[campaign.slug]), rules_of(campaign, CHANGEABLE)
    shown = client.post(page, form | {"quorum": 5}, follow=True).content.decode()
    assert "The rules are saved" not in shown

    def refused(**given: Any) -> None:
        raise actions.BadRules("as somebody else has changed them")

    monkeypatch.setattr(actions, "change_rules", refused)
    shown = client.post(page, form, follow=True).content.decode()
    assert "as somebody else has changed them" in shown
    assert "The rules are saved" not in shown
