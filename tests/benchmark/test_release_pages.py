"""The lead's pages: what would be frozen, what was, why an item is out, and the download."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmark import actions, bundle, proposal
from benchmark.models import Release
from benchmark.progress import ReleaseCounts, release_counts
from tests.benchmark.conftest import PROMPT, make_reference
from tests.factories import NOW, make_campaign, make_lead
from tests.team import Team


@pytest.fixture
def lead(client: Client, team: Team) -> Client:
    client.force_login(team.lead)
    return client


def url(team: Team, name: str, *arguments: object) -> str:
    return reverse(f"benchmark:{name}", args=[team.campaign.slug, *arguments])


def test_the_lead_first_sees_what_would_be_in_and_out(lead: Client, team: Team) -> None:
    team.mixed()
    page = lead.post(url(team, "look"))
    text = page.content.decode()
    assert len(page.context["proposal"].items) == 3
    assert {name: count for name, _label, count in page.context["reasons"]} == {
        "in_review": 1, "rejected": 1, "returned": 1, "withdrawn": 1,
    }  # fmt: skip
    assert "fewer valid votes than the quorum" in text
    assert "No references are loaded" in text
    assert not Release.objects.exists()


def test_freezing_shows_the_release_and_again_changes_nothing(lead: Client, team: Team) -> None:
    team.mixed()
    first = lead.post(url(team, "freeze"), follow=True)
    assert first.redirect_chain == [(url(team, "release", 1), 302)]
    assert "Release 1 is frozen." in first.content.decode()
    assert "Nothing has changed since release 1" in lead.post(url(team, "look")).content.decode()
    again = lead.post(url(team, "freeze"), follow=True)
    assert "Nothing has changed since release 1." in again.content.decode()
    assert Release.objects.get().created_by == team.lead


def test_before_anything_is_computed_the_lead_sees_what_is_cheap_to_count(
    lead: Client, team: Team, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.mixed()
    team.freeze()
    monkeypatch.setattr(proposal, "refusals", None)  # a GET computes no release
    with django_assert_num_queries(7):  # session, user, campaign, roles; newest, statuses, references
        page = lead.get(url(team, "freeze"))
    text = page.content.decode()
    assert {status: items for status, _label, items in page.context["outlook"].statuses} == {
        "accepted": 3, "rejected": 1, "in_review": 1, "returned": 1, "withdrawn": 1,
    }  # fmt: skip
    assert "Release 1 holds 3 items." in text
    assert "Freeze release 2" in text
    assert "No references are loaded" in text
    for _ in range(5):
        team.item(True, True, True, True)
    with django_assert_num_queries(7):
        lead.get(url(team, "freeze"))


def test_a_release_that_is_overtaken_each_time_is_told_of(
    lead: Client, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.item(True, True, True, True)
    monkeypatch.setattr(actions, "_PASSES", 0)
    answer = lead.post(url(team, "freeze"), follow=True)
    assert "changed each time the release was computed" in answer.content.decode()


def test_where_nothing_is_agreed_on_nothing_is_frozen(lead: Client, team: Team) -> None:
    team.item(True)
    assert "there is nothing to freeze" in lead.get(url(team, "freeze")).content.decode()
    answer = lead.post(url(team, "freeze"), follow=True)
    assert "no item has its quorum" in answer.content.decode()
    assert not Release.objects.exists()


def test_the_release_page_tells_why_each_item_is_out(lead: Client, team: Team) -> None:
    items = team.mixed()
    leak = team.item(True, True, True, True, query=f"Please: {PROMPT}! Thanks.")
    make_reference()
    team.freeze()
    text = lead.get(url(team, "release", 1)).content.decode()
    assert f"<mark>{PROMPT}</mark>" in text
    assert "16 words with toy 1" in text
    assert "2 valid of 4 votes; 3 of 4 are needed" in text
    for item in (leak, items["rejected"]):
        assert reverse("review:item", args=[team.campaign.slug, item.pk]) in text
    only = lead.get(url(team, "release", 1), {"reason": "leak"})
    assert [row.item_id for row in only.context["page"]] == [leak.pk]
    assert lead.get(url(team, "release", 1), {"reason": "unheard-of"}).status_code == 200


def test_a_query_cannot_put_markup_on_the_release_page(lead: Client, team: Team) -> None:
    team.item(True, True, True, True)
    team.item(True, True, False, False, query="<script>alert(1)</script> what is this?")
    team.freeze()
    assert "<script>alert" not in lead.get(url(team, "release", 1)).content.decode()


def test_the_download_is_the_bundle_and_always_the_same(lead: Client, team: Team) -> None:
    team.mixed()
    release = team.freeze()
    first, again = (lead.get(url(team, "download", 1)) for _ in range(2))
    assert first.content == again.content
    assert first["Content-Disposition"] == f'attachment; filename="{team.campaign.slug}-release-1.zip"'
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        files = {name.split("/")[1]: archive.read(name) for name in archive.namelist()}
    assert files == actions.build(release)
    assert json.loads(files["manifest.json"])["release"] == 1


def test_a_broken_release_is_not_downloaded(lead: Client, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.mixed()
    team.freeze()
    monkeypatch.setattr(bundle, "mapping", lambda facts: {})
    answer = lead.get(url(team, "download", 1), follow=True)
    assert "its rows no longer give the bundle that was frozen" in answer.content.decode()


def test_releases_are_for_leads_of_the_campaign_only(client: Client, team: Team) -> None:
    team.mixed()
    team.freeze()
    pages = [url(team, "releases"), url(team, "freeze"), url(team, "release", 1), url(team, "download", 1)]
    stranger = make_lead(make_campaign())
    for user, status in ((team.lead, 200), (team.author, 403), (team.reviewers[0], 403), (stranger, 404), (None, 302)):
        client.logout()
        if user is not None:
            client.force_login(user)
        assert [client.get(page).status_code for page in pages] == [status] * 4
        if user is not team.lead:
            assert client.post(url(team, "freeze")).status_code == status
    assert Release.objects.count() == 1


def test_a_release_of_another_campaign_is_not_found(lead: Client, team: Team) -> None:
    team.mixed()
    assert lead.get(url(team, "release", 1)).status_code == 404
    assert lead.get(url(team, "download", 1)).status_code == 404


def test_the_release_pages_ask_the_database_no_more_for_more_items(
    lead: Client, team: Team, django_assert_max_num_queries: Any
) -> None:
    team.item(True, True, True, True)
    for _ in range(4):
        team.item(True, True, False, False)
    team.freeze()
    for page in (url(team, "releases"), url(team, "release", 1)):
        with django_assert_max_num_queries(8):
            assert lead.get(page).status_code == 200


def test_the_set_up_page_gets_its_counts(team: Team) -> None:
    assert release_counts(team.campaign).releases == 0
    team.mixed()
    release = team.freeze()
    counts = release_counts(team.campaign)
    assert (counts.releases, counts.items, counts.excluded, counts.newest) == (1, 3, 4, release)


def test_drafts_are_on_no_page_and_count_for_nothing(lead: Client, team: Team) -> None:
    Release.objects.create(campaign=team.campaign, number=1, created_at=NOW)
    assert release_counts(team.campaign) == ReleaseCounts(0, 0, 0, None)
    assert "None yet." in lead.get(url(team, "releases")).content.decode()
    assert [lead.get(url(team, page, 1)).status_code for page in ("release", "download")] == [404, 404]
    team.item(True, True, True, True)
    assert "Freeze release 1" in lead.get(url(team, "freeze")).content.decode()
