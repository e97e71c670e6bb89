"""Accounts: each write is an event, and none tells a password or an address."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from campaigns import accounts, actions
from campaigns.access import NotAllowed
from campaigns.models import Event, User, Verb
from config import demo
from tests.factories import NOW, PASSWORD, make_campaign, make_lead, make_user

pytestmark = pytest.mark.django_db

NEW = "a-long-one-indeed-7"
VERBS = (Verb.ACCOUNT_CREATED, Verb.ACCOUNT_CHANGED, Verb.PASSWORD_CHANGED)


def told() -> list[tuple[str, str, dict[str, Any]]]:
    rows = Event.objects.filter(verb__in=VERBS).order_by("pk")
    assert not rows.exclude(campaign=None).exists()
    return [(row.verb, row.object_id, row.data) for row in rows]


def test_an_account_is_made() -> None:
    user = accounts.create_account(username="ada", password=NEW, first_name="Ada", by=None, now=NOW)
    assert User.objects.get(username="ada").check_password(NEW)
    assert told() == [("account created", str(user.pk), {"staff": False})]


@pytest.mark.parametrize("wrong", [{"username": "a b"}, {"username": "taken"}, {"password": "123"}, {"username": ""}])
def test_a_bad_account_is_refused(wrong: dict[str, Any]) -> None:
    make_user("taken")
    with pytest.raises(accounts.BadAccount):
        accounts.create_account(**({"username": "ada", "password": NEW} | wrong), by=None, now=NOW)
    assert User.objects.count() == 1
    assert told() == []


def test_a_name_that_is_taken_in_between_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_check", lambda user: None)
    make_user("ada")
    with pytest.raises(accounts.BadAccount):
        accounts.create_account(username="ada", password=NEW, by=None, now=NOW)
    assert told() == []


def test_no_account_is_left_where_the_invitation_has_ended() -> None:
    with pytest.raises(actions.BadInvitation):
        accounts.join(secret="x", username="ada", password=NEW, first_name="", last_name="", now=NOW)
    assert not User.objects.exists()
    assert told() == []


def test_people_change_their_own_account_on_its_page(client: Client) -> None:
    user = make_user("ada", email="old@example.org")
    client.force_login(user)
    page = reverse("account")
    fields = {"names": "1", "first_name": "Ada", "last_name": "", "email": "new@example.org"}
    assert client.post(page, fields).status_code == 302
    assert client.post(page, fields).status_code == 302  # nothing changes, nothing is told
    user.refresh_from_db()
    assert (user.first_name, user.email) == ("Ada", "new@example.org")
    form = {"password": "1", "old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post(page, form | {"old_password": "wrong"}).status_code == 422
    assert client.post(page, form).status_code == 302
    assert client.get(page).status_code == 200  # still signed in
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert [verb for verb, _pk, _data in told()] == ["account changed", "password changed"]
    assert told()[0][2] == {"changed": ["first_name", "email"]}
    assert set(Event.objects.filter(verb__in=VERBS).values_list("actor", flat=True)) == {user.pk}


def test_nobody_changes_anothers_account() -> None:
    user, other = make_user(), make_user(is_staff=True)
    with pytest.raises(NotAllowed):
        accounts.change_password(user=user, password=NEW, by=other, now=NOW)
    with pytest.raises(NotAllowed):
        accounts.rename_account(user=user, first_name="x", last_name="", email="", by=other, now=NOW)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert told() == []


def test_bad_changes_are_refused() -> None:
    user = make_user()
    with pytest.raises(accounts.BadAccount):
        accounts.change_password(user=user, password="123", by=user, now=NOW)
    with pytest.raises(accounts.BadAccount):
        accounts.rename_account(user=user, first_name="", last_name="", email="no address", by=user, now=NOW)
    assert told() == []


def test_a_name_taken_while_the_invitation_is_followed_leads_to_the_login(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign()
    _, secret = actions.invite(campaign=campaign, roles=["annotator"], by=make_lead(campaign), now=NOW)
    monkeypatch.setattr("campaigns.views.timezone.now", lambda: NOW)

    def taken(**given: Any) -> User:
        raise accounts.BadAccount("taken")

    monkeypatch.setattr(accounts, "join", taken)
    fields = {"username": "ada", "password1": NEW, "password2": NEW}
    answer = client.post(reverse("join", args=[secret]), fields)
    assert answer.headers["Location"] == reverse("login")


def test_the_first_lead_is_made_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUORUM_LEAD_PASSWORD", "123")
    with pytest.raises(CommandError) as refused:
        call_command("create_lead", "lena")
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)
    monkeypatch.setenv("QUORUM_LEAD_PASSWORD", NEW)
    call_command("create_lead", "lena", stdout=StringIO())
    lead = User.objects.get(username="lena")
    assert lead.is_staff
    assert told() == [("account created", str(lead.pk), {"staff": True})]
    with pytest.raises(CommandError, match="such a user already"):
        call_command("create_lead", "lena")


def test_the_demos_people_are_made_once_and_follow_its_password() -> None:
    campaign = make_campaign()
    people = demo.people(campaign=campaign, password="demo-Xy7-password", now=NOW)
    assert demo.people(campaign=campaign, password="demo-Xy7-password", now=NOW) == people
    assert [verb for verb, _pk, _data in told()] == ["account created"] * len(people)
    demo.people(campaign=campaign, password="demo-Zz8-password", now=NOW)
    assert User.objects.get(pk=people[0].pk).check_password("demo-Zz8-password")
    assert [verb for verb, _pk, _data in told()].count("password changed") == len(people)
