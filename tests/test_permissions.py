"""Every URL, for every kind of visitor, by the table of permissions. A URL that is not listed here fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotation import actions as annotation
from annotation import leases
from campaigns.access import GRANTED, Permission, may
from campaigns.models import Campaign, Role, User
from decontamination import actions as decontamination
from decontamination import waivers
from decontamination.checks import current_check
from decontamination.leaks import Prompt
from tests.factories import NOW, make_annotator, make_campaign, make_member, make_seeds, make_user

ANYBODY = {"visitor", "stranger", *Role.values}
SIGNED_IN = ANYBODY - {"visitor"}
SEE, WRITE, JUDGE, SET_UP, SAMPLE, WAIVE, OVERSEE, RELEASE, MANAGE_MEMBERS = Permission

# name: (method, what it takes inside a campaign, or who gets in outside, names of the arguments after the campaign)
PAGES: dict[str, tuple[str, Permission | set[str], tuple[str, ...]]] = {
    "home": ("get", SIGNED_IN, ()),
    "login": ("get", ANYBODY, ()),
    "logout": ("post", ANYBODY, ()),
    "account": ("get", SIGNED_IN, ()),
    "join": ("get", ANYBODY, ("secret",)),
    "setup": ("get", SET_UP, ()),
    "api-campaigns": ("get", SIGNED_IN, ()),
    "api-check": ("post", SEE, ()),
    "campaigns:overview": ("get", SEE, ()),
    "campaigns:rules": ("post", SET_UP, ()),
    "campaigns:members": ("get", MANAGE_MEMBERS, ()),
    "campaigns:invite": ("post", MANAGE_MEMBERS, ()),
    "campaigns:remove-member": ("post", MANAGE_MEMBERS, ("pk",)),
    "campaigns:withdraw-invitation": ("post", MANAGE_MEMBERS, ("pk",)),
    "campaigns:guideline": ("get", SEE, ()),
    "campaigns:guideline-edit": ("get", SET_UP, ()),
    "campaigns:events": ("get", OVERSEE, ()),
    "decontamination:references": ("get", SET_UP, ()),
    "decontamination:reference": ("get", SET_UP, ("reference",)),
    "decontamination:retire": ("post", SET_UP, ("reference",)),
    "decontamination:waivers": ("get", WAIVE, ()),
    "decontamination:check": ("post", WAIVE, ()),
    "decontamination:waive": ("post", WAIVE, ()),
    "decontamination:withdraw-waiver": ("post", WAIVE, ("waiver",)),
    "decontamination:decline-waiver": ("post", WAIVE, ("request",)),
    "sampling:clusters": ("get", SAMPLE, ()),
    "sampling:cluster": ("get", SAMPLE, ("number",)),
    "sampling:overrule": ("post", SAMPLE, ("number",)),
    "sampling:rename": ("post", SAMPLE, ("number",)),
    "sampling:exclude": ("post", SAMPLE, ("number",)),
    "sampling:merge": ("post", SAMPLE, ("number",)),
    "sampling:map": ("get", SAMPLE, ()),
    "sampling:map-points": ("get", SAMPLE, ("pk",)),
    "sampling:map-document": ("get", SAMPLE, ("pk",)),
    "sampling:leaks": ("get", SAMPLE, ()),
    "sampling:draw": ("post", SAMPLE, ()),
    "sampling:draws": ("get", SAMPLE, ()),
    "sampling:draw-page": ("get", SAMPLE, ("draw",)),
    "sampling:draw-chart": ("get", SAMPLE, ("draw",)),
    "sampling:seed": ("get", SAMPLE, ("seed",)),
    "annotation:home": ("get", WRITE, ()),
    "annotation:claim": ("post", WRITE, ()),
    "annotation:work": ("get", WRITE, ("seed",)),
    "annotation:draft": ("post", WRITE, ("seed",)),
    "annotation:preview": ("post", WRITE, ("seed",)),
    "annotation:submit": ("post", WRITE, ("seed",)),
    "annotation:skip": ("post", WRITE, ("seed",)),
    "annotation:release": ("post", WRITE, ("seed",)),
    "annotation:reopen": ("post", OVERSEE, ("seed",)),
    "annotation:skipped": ("get", OVERSEE, ()),
    "annotation:item": ("get", WRITE, ("item",)),
    "annotation:item-draft": ("post", WRITE, ("item",)),
    "annotation:item-preview": ("post", WRITE, ("item",)),
    "annotation:revise": ("post", WRITE, ("item",)),
    "review:queue": ("get", JUDGE, ()),
    "review:claim": ("post", JUDGE, ()),
    "review:revision": ("get", JUDGE, ("revision",)),
    "review:vote": ("post", JUDGE, ("revision",)),
    "review:pass": ("post", JUDGE, ("revision",)),
    "review:dashboard": ("get", SEE, ()),
    "review:chart": ("get", SEE, ("chart",)),
    "review:items": ("get", OVERSEE, ()),
    "review:item": ("get", OVERSEE, ("item",)),
    "review:return": ("post", OVERSEE, ("item",)),
    "review:withdraw": ("post", OVERSEE, ("item",)),
    "benchmark:releases": ("get", RELEASE, ()),
    "benchmark:freeze": ("post", RELEASE, ()),
    "benchmark:look": ("post", RELEASE, ()),
    "benchmark:release": ("get", RELEASE, ("number",)),
    "benchmark:download": ("get", RELEASE, ("number",)),
}
ASKS_FIRST = {"benchmark:freeze"}  # shows on GET what a POST would do
OUTSIDE = {name for name, (_method, who, _names) in PAGES.items() if not isinstance(who, Permission)}
INSTALLATION = {"decontamination:retire"}  # takes the installation's lead, besides


def welcome(page: str) -> set[str]:
    who = PAGES[page][1]
    if not isinstance(who, Permission):
        return who
    return set() if page in INSTALLATION else set(GRANTED[who])


def address_of(page: str, campaign: Campaign, arguments: dict[str, Any]) -> str:
    names = PAGES[page][2]
    inside = page not in OUTSIDE
    return reverse(page, args=[*([campaign.slug] if inside else []), *(arguments[name] for name in names)])


def named(resolver: URLResolver, prefix: str = "", inside: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Name and view of every address, and whether it lies inside a campaign."""
    for entry in resolver.url_patterns:
        within = inside or "<slug:slug>" in str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from named(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix, within)
        elif isinstance(entry, URLPattern):
            assert entry.name, entry
            yield prefix + entry.name, entry.callback, within


def test_every_url_is_listed() -> None:
    assert {name for name, _view, _inside in named(get_resolver())} == set(PAGES)


def test_every_view_inside_a_campaign_names_its_permission() -> None:
    for name, view, inside in named(get_resolver()):
        assert inside == (name not in OUTSIDE), name
        if inside and not name.startswith("api-"):
            assert getattr(view, "permission", None) == PAGES[name][1], name


def test_every_role_has_its_part() -> None:
    assert set(GRANTED) == set(Permission)
    of = {role: {permission for permission in Permission if may({role}, permission)} for role in Role}
    assert of[Role.ANNOTATOR] == {SEE, WRITE}
    assert of[Role.REVIEWER] == {SEE, JUDGE}
    assert of[Role.LEAD] == set(Permission) - {WRITE, JUDGE}
    assert not any(may(set(), permission) for permission in Permission)


@pytest.fixture(scope="module")
def campaign(kept_rows: None) -> Campaign:
    return make_campaign()


@pytest.fixture(scope="module")
def visitors(campaign: Campaign) -> dict[str, User | None]:
    return {
        "visitor": None,
        "stranger": make_member(make_campaign(), *Role.values),
        "annotator": make_member(campaign, Role.ANNOTATOR),
        "reviewer": make_member(campaign, Role.REVIEWER),
        "lead": make_member(campaign, Role.LEAD),
    }


@pytest.fixture(scope="module")
def arguments(campaign: Campaign, visitors: dict[str, User | None]) -> dict[str, Any]:
    """Real objects where there is one, so that "no entry" is not mistaken for "not found"."""
    _, unclaimed = make_seeds(campaign, 2)
    author = visitors["annotator"]
    assert author
    seed = leases.claim_next(campaign=campaign, by=author, now=NOW)
    assert seed
    fields = {
        "original": "the need", "knowledge": "lists", "query": "How is a list of numbers sorted in place?",
        "difficulty": "easy", "programming_languages": ["Python"], "natural_language": "en",
        "category": "data-structures",
    }  # fmt: skip
    item = annotation.submit(seed=seed, token=seed.lease_token, fields=fields, by=author, now=NOW)
    reference, _ = decontamination.load_reference(
        name="toy", prompts=[Prompt("toy", "1", "six words make a short prompt")], source="x", by=None, now=NOW
    )
    lead = visitors["lead"]
    assert lead
    run = "six words make a short prompt"
    (match,) = current_check(campaign).leaks(run)
    request = waivers.ask(campaign=campaign, match=match, note="", by=author, now=NOW)
    waiver = waivers.waive(campaign=campaign, run=run, reason="a test", by=lead, now=NOW)
    return {
        "request": request.pk, "waiver": waiver.pk,
        "secret": "nothing", "pk": 0, "number": 0, "chart": "funnel", "seed": unclaimed.pk, "item": item.pk,
        "draw": unclaimed.draw_id,
        "revision": item.revision_id, "reference": reference.pk,
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("page", sorted(PAGES))
@pytest.mark.parametrize("who", sorted(ANYBODY))
def test_entry(
    page: str, who: str, campaign: Campaign, visitors: dict[str, User | None], arguments: dict[str, Any], client: Client
) -> None:
    method, _who, names = PAGES[page]
    if user := visitors[who]:
        client.force_login(user)
    answer = getattr(client, method)(address_of(page, campaign, arguments))
    if who in welcome(page):
        assert answer.status_code != 403
        assert "/login/" not in answer.get("Location", "") or page == "logout"
        if method == "get" and not {"number", "pk", "secret", "seed"} & set(names):
            assert answer.status_code in {200, 302}
    elif who == "visitor":
        assert answer.status_code == 403 if page.startswith("api") else "/login/" in answer["Location"]
    elif who == "stranger":
        assert answer.status_code == 404
    else:
        assert answer.status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", sorted(name for name, (method, *_) in PAGES.items() if method == "post" and name not in ASKS_FIRST)
)
def test_what_changes_something_takes_no_get(
    page: str, campaign: Campaign, visitors: dict[str, User | None], arguments: dict[str, Any], client: Client
) -> None:
    everything = make_member(campaign, *Role.values, is_staff=True)
    client.force_login(everything)
    assert client.get(address_of(page, campaign, arguments)).status_code == 405


@pytest.mark.parametrize("page", sorted(set(PAGES) - OUTSIDE))
def test_who_may_not_enter_learns_nothing_of_the_methods(
    page: str, campaign: Campaign, visitors: dict[str, User | None], arguments: dict[str, Any], client: Client
) -> None:
    address = address_of(page, campaign, arguments)
    answer = client.delete(address)
    assert answer.status_code == 403 if page.startswith("api-") else "/login/" in answer["Location"]
    permission = PAGES[page][1]
    assert isinstance(permission, Permission)
    for who, user in visitors.items():
        if user is None or may({who}, permission):
            continue
        client.force_login(user)
        assert client.delete(address).status_code == (404 if who == "stranger" else 403), who


@pytest.mark.django_db
def test_forms_need_their_token(campaign: Campaign) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_annotator(campaign))
    assert strict.post(reverse("annotation:claim", args=[campaign.slug])).status_code == 403


@pytest.mark.django_db
def test_an_annotator_does_not_open_another_ones_work(
    campaign: Campaign, arguments: dict[str, Any], client: Client
) -> None:
    client.force_login(make_annotator(campaign))
    for page, pk in (("annotation:item", arguments["item"]), ("annotation:work", arguments["seed"])):
        answer = client.get(reverse(page, args=[campaign.slug, pk]))
        assert answer.status_code in {302, 403, 404, 409}
        assert b"How is a list of numbers sorted in place?" not in answer.content


@pytest.mark.django_db
def test_every_answer_carries_the_security_policy(client: Client, campaign: Campaign) -> None:
    client.force_login(make_user())
    policy = client.get(reverse("home"))["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert client.get("/no-such-page")["Content-Security-Policy"] == policy
