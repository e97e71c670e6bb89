"""Every URL, for every kind of visitor. A URL that is not listed here fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotation import actions as annotation
from annotation import leases
from campaigns.models import Campaign, Role, User
from decontamination import actions as decontamination
from decontamination import waivers
from decontamination.checks import current_check
from decontamination.leaks import Prompt
from tests.factories import NOW, make_annotator, make_campaign, make_member, make_seeds, make_user

ANYBODY = {"visitor", "stranger", "annotator", "reviewer", "lead"}
SIGNED_IN = ANYBODY - {"visitor"}
MEMBERS = SIGNED_IN - {"stranger"}
LEAD, ANNOTATOR, REVIEWER = {"lead"}, {"annotator"}, {"reviewer"}

# name: (method, who gets in, names of the arguments after the campaign)
PAGES: dict[str, tuple[str, set[str], tuple[str, ...]]] = {
    "home": ("get", SIGNED_IN, ()),
    "login": ("get", ANYBODY, ()),
    "logout": ("post", ANYBODY, ()),
    "account": ("get", SIGNED_IN, ()),
    "join": ("get", ANYBODY, ("secret",)),
    "setup": ("get", LEAD, ()),
    "api-campaigns": ("get", SIGNED_IN, ()),
    "api-check": ("post", MEMBERS, ()),
    "campaigns:overview": ("get", MEMBERS, ()),
    "campaigns:rules": ("post", LEAD, ()),
    "campaigns:members": ("get", LEAD, ()),
    "campaigns:invite": ("post", LEAD, ()),
    "campaigns:remove-member": ("post", LEAD, ("pk",)),
    "campaigns:withdraw-invitation": ("post", LEAD, ("pk",)),
    "campaigns:guideline": ("get", MEMBERS, ()),
    "campaigns:guideline-edit": ("get", LEAD, ()),
    "campaigns:events": ("get", LEAD, ()),
    "decontamination:references": ("get", LEAD, ()),
    "decontamination:reference": ("get", LEAD, ("reference",)),
    "decontamination:retire": ("post", set(), ("reference",)),
    "decontamination:waivers": ("get", LEAD, ()),
    "decontamination:check": ("post", LEAD, ()),
    "decontamination:waive": ("post", LEAD, ()),
    "decontamination:withdraw-waiver": ("post", LEAD, ("waiver",)),
    "decontamination:decline-waiver": ("post", LEAD, ("request",)),
    "sampling:clusters": ("get", LEAD, ()),
    "sampling:cluster": ("get", LEAD, ("number",)),
    "sampling:overrule": ("post", LEAD, ("number",)),
    "sampling:rename": ("post", LEAD, ("number",)),
    "sampling:exclude": ("post", LEAD, ("number",)),
    "sampling:merge": ("post", LEAD, ("number",)),
    "sampling:map": ("get", LEAD, ()),
    "sampling:map-points": ("get", LEAD, ("pk",)),
    "sampling:map-document": ("get", LEAD, ("pk",)),
    "sampling:leaks": ("get", LEAD, ()),
    "sampling:draw": ("post", LEAD, ()),
    "sampling:draws": ("get", LEAD, ()),
    "sampling:draw-page": ("get", LEAD, ("draw",)),
    "sampling:draw-chart": ("get", LEAD, ("draw",)),
    "sampling:seed": ("get", LEAD, ("seed",)),
    "annotation:home": ("get", ANNOTATOR, ()),
    "annotation:claim": ("post", ANNOTATOR, ()),
    "annotation:work": ("get", ANNOTATOR, ("seed",)),
    "annotation:draft": ("post", ANNOTATOR, ("seed",)),
    "annotation:preview": ("post", ANNOTATOR, ("seed",)),
    "annotation:submit": ("post", ANNOTATOR, ("seed",)),
    "annotation:skip": ("post", ANNOTATOR, ("seed",)),
    "annotation:release": ("post", ANNOTATOR, ("seed",)),
    "annotation:reopen": ("post", LEAD, ("seed",)),
    "annotation:skipped": ("get", LEAD, ()),
    "annotation:item": ("get", ANNOTATOR, ("item",)),
    "annotation:item-draft": ("post", ANNOTATOR, ("item",)),
    "annotation:item-preview": ("post", ANNOTATOR, ("item",)),
    "annotation:revise": ("post", ANNOTATOR, ("item",)),
    "review:queue": ("get", REVIEWER, ()),
    "review:claim": ("post", REVIEWER, ()),
    "review:revision": ("get", REVIEWER, ("revision",)),
    "review:vote": ("post", REVIEWER, ("revision",)),
    "review:pass": ("post", REVIEWER, ("revision",)),
    "review:dashboard": ("get", MEMBERS, ()),
    "review:chart": ("get", MEMBERS, ("chart",)),
    "review:items": ("get", LEAD, ()),
    "review:item": ("get", LEAD, ("item",)),
    "review:return": ("post", LEAD, ("item",)),
    "review:withdraw": ("post", LEAD, ("item",)),
    "benchmark:releases": ("get", LEAD, ()),
    "benchmark:freeze": ("post", LEAD, ()),
    "benchmark:look": ("post", LEAD, ()),
    "benchmark:release": ("get", LEAD, ("number",)),
    "benchmark:download": ("get", LEAD, ("number",)),
}
ASKS_FIRST = {"benchmark:freeze"}  # shows on GET what a POST would do
OUTSIDE = {"home", "login", "logout", "account", "join", "api-campaigns"}  # of any campaign


def named(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from named(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        elif isinstance(entry, URLPattern):
            assert entry.name, entry
            yield prefix + entry.name


def test_every_url_is_listed() -> None:
    assert set(named(get_resolver())) == set(PAGES)


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
    method, welcome, names = PAGES[page]
    inside = page not in OUTSIDE
    address = reverse(page, args=[*([campaign.slug] if inside else []), *(arguments[name] for name in names)])
    if user := visitors[who]:
        client.force_login(user)
    answer = getattr(client, method)(address)
    if who in welcome:
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
    inside = page not in OUTSIDE
    names = PAGES[page][2]
    address = reverse(page, args=[*([campaign.slug] if inside else []), *(arguments[name] for name in names)])
    assert client.get(address).status_code == 405


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
