from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from campaigns import actions
from campaigns.models import Campaign, Membership, Role
from tests.factories import NOW, later, make_campaign, make_lead, make_member, make_user, shipped_taxonomy

pytestmark = pytest.mark.django_db


def test_a_campaign_keeps_its_last_lead() -> None:
    campaign = make_campaign()
    lead = make_lead(campaign)
    with pytest.raises(actions.LastLead):
        actions.remove_member(membership=campaign.memberships.get(user=lead), by=lead, now=NOW)
    assert campaign.roles(lead) == {"lead"}


def test_an_invitation_works_once() -> None:
    campaign = make_campaign()
    lead = make_lead(campaign)
    _, secret = actions.invite(campaign=campaign, roles=["annotator", "reviewer"], by=lead, now=NOW)
    guest = make_user()
    actions.accept_invitation(secret=secret, user=guest, now=later(1))
    assert campaign.roles(guest) == {"annotator", "reviewer"}
    with pytest.raises(actions.BadInvitation):
        actions.accept_invitation(secret=secret, user=make_user(), now=later(2))


def test_an_invitation_ends_and_can_be_withdrawn() -> None:
    campaign = make_campaign()
    lead = make_lead(campaign)
    _, late = actions.invite(campaign=campaign, roles=["annotator"], by=lead, now=NOW)
    with pytest.raises(actions.BadInvitation):
        actions.open_invitation(secret=late, now=NOW + timedelta(days=15))
    invitation, withdrawn = actions.invite(campaign=campaign, roles=["annotator"], by=lead, now=NOW)
    actions.withdraw_invitation(invitation=invitation, by=lead, now=NOW)
    with pytest.raises(actions.BadInvitation):
        actions.open_invitation(secret=withdrawn, now=NOW)


def test_only_the_digest_of_an_invitation_is_kept() -> None:
    campaign = make_campaign()
    invitation, secret = actions.invite(campaign=campaign, roles=["annotator"], by=make_lead(campaign), now=NOW)
    assert secret not in str([getattr(invitation, field.attname) for field in invitation._meta.concrete_fields])


def test_one_membership_per_user_and_role() -> None:
    campaign = make_campaign()
    user = make_member(campaign, Role.ANNOTATOR)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(campaign=campaign, user=user, role=Role.ANNOTATOR, since=NOW)


def test_membership_role_known() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(campaign=make_campaign(), user=make_user(), role="owner", since=NOW)


@pytest.mark.parametrize("rules", [{"quorum": 5}, {"quorum": 0}, {"ngram": 4}, {"lease_minutes": 0}])
def test_rules_out_of_range_are_refused_by_action_and_database(rules: dict[str, int]) -> None:
    campaign = make_campaign()
    with pytest.raises(actions.BadRules):
        actions.change_rules(campaign=campaign, rules=rules, by=None, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(**rules)
    campaign.refresh_from_db()
    assert (campaign.reviewers, campaign.quorum, campaign.ngram, campaign.lease_minutes) == (4, 3, 10, 30)


def test_a_guest_makes_an_account_by_following_the_link(client: Client) -> None:
    campaign = make_campaign()
    _, secret = actions.invite(campaign=campaign, roles=["annotator"], by=make_lead(campaign), now=later(days=10_000))
    page = reverse("join", args=[secret])
    assert client.get(page).status_code == 200
    fields = {"username": "newcomer", "password1": "a-long-one-indeed-7", "password2": "a-long-one-indeed-7"}
    assert client.post(page, fields | {"password2": "other"}).status_code == 422
    answer = client.post(page, fields)
    assert answer.status_code == 302
    assert client.get(reverse("home")).context["user"].username == "newcomer"
    assert campaign.memberships.filter(user__username="newcomer", role="annotator").exists()
    assert Client().get(page).status_code == 404


def test_only_installation_leads_start_campaigns(client: Client) -> None:
    shipped_taxonomy()
    client.force_login(make_user())
    assert client.post(reverse("home"), {"name": "Mine", "slug": "mine"}).status_code == 403
    lead = make_user(is_staff=True)
    client.force_login(lead)
    assert client.post(reverse("home"), {"name": "Mine", "slug": "mine"}).status_code == 302
    assert Campaign.objects.get(slug="mine").roles(lead) == {"lead"}
    assert client.post(reverse("home"), {"name": "Mine", "slug": "mine"}).status_code == 422


def test_the_guideline_is_previewed_and_saved(client: Client) -> None:
    campaign = make_campaign()
    client.force_login(make_lead(campaign))
    page = reverse("campaigns:guideline-edit", args=[campaign.slug])
    preview = client.post(page, {"text": "# New *rules*"}, headers={"HX-Request": "true"})
    assert b"<em>rules</em>" in preview.content
    assert b"<html" not in preview.content
    without_script = client.post(page, {"text": "# New *rules*", "preview": "1"})
    assert b"<em>rules</em>" in without_script.content
    campaign.refresh_from_db()
    assert campaign.guideline != "# New *rules*"
    client.post(page, {"text": "# New *rules*"})
    campaign.refresh_from_db()
    assert campaign.guideline == "# New *rules*"
