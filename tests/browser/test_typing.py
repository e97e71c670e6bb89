"""Whatever is typed is heard and kept: while an answer is under way, as soon as it stands, before the script runs."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from annotation import leases
from annotation.models import Draft
from campaigns.models import Campaign, User
from tests.browser.steps import write
from tests.factories import NOW, make_annotator, make_campaign, make_seeds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SUBMIT = "button[data-key='mod+enter']"

SignedIn = Callable[..., Page]


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def annotator(campaign: Campaign) -> User:
    make_seeds(campaign)
    return make_annotator(campaign)


@pytest.fixture
def workplace(campaign: Campaign, annotator: User) -> str:
    seed = leases.claim_next(campaign=campaign, by=annotator, now=NOW)
    assert seed is not None
    return f"/c/{campaign.slug}/annotate/seeds/{seed.pk}/"


def expect_heard(page: Page, query: str) -> None:
    """The text stands in its field, in the preview and in the draft."""
    expect(page.locator("#id_query")).to_have_value(query)
    expect(page.locator("#preview .prose")).to_have_text(query)
    for _ in range(200):
        if Draft.objects.filter(fields__query=query).exists():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the draft is {Draft.objects.values_list('fields__query', flat=True)}, not {query!r}")


def test_what_is_typed_the_moment_a_refused_form_stands_is_heard(
    signed_in: SignedIn, annotator: User, workplace: str
) -> None:
    page = signed_in(annotator, workplace)
    write(page, query="")
    # Types as soon as the answer is in the page: before any timer that was set along with it.
    page.evaluate(
        """() => new MutationObserver((_changes, observer) => {
            if (!document.querySelector("#wording [role=alert]")) return;
            observer.disconnect();
            const field = document.getElementById("id_query");
            field.value = "At once";
            field.dispatchEvent(new Event("input", {bubbles: true}));
        }).observe(document.body, {childList: true, subtree: true})"""
    )
    page.click(SUBMIT)
    expect(page.get_by_role("alert")).to_be_visible()
    expect_heard(page, "At once")


def test_what_is_typed_while_a_refusal_is_under_way_is_kept(
    signed_in: SignedIn, annotator: User, workplace: str
) -> None:
    page = signed_in(annotator, workplace)
    write(page, knowledge="", query="Before")

    def meanwhile(route: Route) -> None:
        page.locator("#id_query").press_sequentially(" and after")
        route.continue_()

    page.route("**/submit/", meanwhile)
    page.click(SUBMIT)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#id_knowledge[aria-invalid=true]")).to_be_visible()
    expect_heard(page, "Before and after")


def test_what_is_typed_before_the_script_runs_is_heard(signed_in: SignedIn, annotator: User, workplace: str) -> None:
    page = signed_in(annotator)

    def late(route: Route) -> None:
        page.fill("#id_query", "Sooner than the script")
        route.continue_()

    page.route("**/htmx*.js", late)
    page.goto(workplace)
    expect_heard(page, "Sooner than the script")
