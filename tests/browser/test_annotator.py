"""An annotator at work: claim, take the original, write, be refused for a leak, rewrite, hand in; and mishaps."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Dialog, Page, Route, expect

from annotation import leases
from annotation.models import Draft, Item
from campaigns.models import Campaign, Event, User, Verb
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling.models import Seed
from tests.browser.steps import WORDING, expect_message, tab_to, write
from tests.factories import NOW, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignedIn = Callable[..., Page]

SUBMIT = "button[data-key='mod+enter']"
SEED_TEXT = (
    "Our gateway must remember the last hundred requests.\n\n"
    "Which structure keeps the last hundred requests and forgets older ones by itself?\n\n"
    "```python\nrequests = []\nrequests.append(request)\n```"
)
PUBLISHED = "Write a function that returns the sum of all even numbers in a list of integers without using any loop."


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def seeds(campaign: Campaign) -> list[Seed]:
    return make_seeds(campaign, 2, title="Remember the last hundred", text=SEED_TEXT)


@pytest.fixture
def annotator(campaign: Campaign, seeds: list[Seed]) -> User:
    return make_annotator(campaign, first_name="Anna")


@pytest.fixture
def published(transactional_db: None) -> None:
    load_reference(name="puzzles", prompts=[Prompt("puzzles", "17", PUBLISHED)], source="test", by=None, now=NOW)


def home(campaign: Campaign) -> str:
    return f"/c/{campaign.slug}/annotate/"


def claimed(page: Page) -> Page:
    """The page of the seed that the home page gives out."""
    page.locator("form[action$='/claim/'] button").click()
    expect(page.locator("#seed-text")).to_be_visible()
    return page


def test_a_seed_is_claimed_written_and_handed_in_by_keyboard_alone(
    signed_in: SignedIn, campaign: Campaign, annotator: User, seeds: list[Seed]
) -> None:
    page = signed_in(annotator, home(campaign))
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(rf"/annotate/seeds/{seeds[0].pk}/$"))
    expect(page.locator("#seed-text .highlight, #seed-text code span").first).to_be_visible()

    tab_to(page, "#id_original")
    page.keyboard.type(WORDING["original"])
    tab_to(page, "#id_knowledge")
    page.keyboard.type(WORDING["knowledge"])
    tab_to(page, "#id_query")
    page.keyboard.type("Which container drops its oldest entry?")
    page.keyboard.press("Enter")
    page.keyboard.type("Show it with 3 entries.")
    tab_to(page, "input[name=difficulty]")
    page.keyboard.press("3")
    expect(page.locator("input[name=difficulty][value=hard]")).to_be_checked()
    tab_to(page, "input[name=programming_languages][value=JavaScript]")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    expect(page).to_have_url(re.compile(r"/annotate/$"))
    item = Item.objects.select_related("revision").get()
    expect_message(page, f"Submitted: item {item.pk} is in review.")
    assert item.seed == seeds[0]
    assert item.author == annotator
    assert item.revision is not None
    assert item.revision.query == "Which container drops its oldest entry?\nShow it with 3 entries."
    assert item.revision.difficulty == "hard"
    assert item.revision.programming_languages == ["JavaScript", "Python"]  # the seed's own stayed chosen


def test_the_help_opens_by_a_key_and_says_the_keys(signed_in: SignedIn, campaign: Campaign, annotator: User) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("easy, medium, hard")
    page.keyboard.press("1")
    expect(page.locator("input[name=difficulty]:checked")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_text_selected_in_the_seed_becomes_the_original(
    signed_in: SignedIn, campaign: Campaign, annotator: User
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    page.locator("#seed-text p").nth(1).click(click_count=3)
    page.get_by_role("button", name="Take the selected text").click()
    wanted = "Which structure keeps the last hundred requests and forgets older ones by itself?"
    expect(page.locator("#id_original")).to_have_value(wanted)
    expect(page.locator("#id_original")).to_be_focused()
    expect(page.locator("#saved")).to_contain_text("saved")
    assert Draft.objects.get().fields["original"] == wanted


def test_what_is_typed_is_saved_as_a_draft_and_is_there_after_a_reload(
    signed_in: SignedIn, campaign: Campaign, annotator: User
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    until = Seed.objects.get(holder=annotator).lease_expires_at
    write(page, difficulty="hard", programming_languages=["Python", "SQL"], query="  Half a thought, with margins \n")
    expect(page.locator("#saved")).to_contain_text(re.compile(r"saved \d\d:\d\d:\d\d"))
    draft = Draft.objects.get(annotator=annotator)
    assert draft.fields["query"].replace("\r\n", "\n") == "  Half a thought, with margins \n"
    assert draft.fields["difficulty"] == "hard"
    renewed = Seed.objects.get(holder=annotator).lease_expires_at
    assert until is not None
    assert renewed is not None
    assert renewed > until

    page.reload()
    expect(page.locator("#id_query")).to_have_value("  Half a thought, with margins \n")
    expect(page.locator("#id_knowledge")).to_have_value(WORDING["knowledge"])
    expect(page.locator("input[name=difficulty][value=hard]")).to_be_checked()
    expect(page.locator("input[name=programming_languages][value=SQL]")).to_be_checked()
    expect(page.locator("#preview")).to_contain_text("Half a thought, with margins")
    assert not Item.objects.exists()

    # Home offers to go on with it.
    page.goto(home(campaign))
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#id_query")).to_have_value("  Half a thought, with margins \n")


def test_a_leak_is_shown_while_typing_refused_at_submit_and_gone_after_rewriting(
    signed_in: SignedIn,
    campaign: Campaign,
    annotator: User,
    published: None,
    violations: Callable[[Page], list[str]],
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    leaking = f"At work I was asked this: {PUBLISHED} How?"
    write(page, query=leaking)
    preview = page.locator("#preview")
    expect(preview.locator("mark").first).to_have_text(PUBLISHED.removesuffix("."))
    expect(preview).to_contain_text("puzzles · 17")

    with page.expect_response(re.compile("/submit/$")) as answer:
        page.keyboard.press("Control+Enter")
    assert answer.value.status == 422
    expect(page.get_by_role("alert")).to_contain_text("Not handed in yet.")
    expect(page.locator("#wording .errorlist, #wording .errors").first).to_contain_text("puzzles 17")
    expect(page.locator("#id_query")).to_have_value(leaking)
    expect(page.locator("#id_query")).to_be_focused()
    expect(page.locator("#id_original")).to_have_value(WORDING["original"])
    assert not Item.objects.exists()
    assert violations(page) == []

    page.fill("#id_query", "How do I add up the even entries of a list with `filter` in Python?")
    expect(preview.locator("mark")).to_have_count(0)
    expect(preview).to_contain_text("Shares no 10 words in a row with a reference prompt.")
    expect(preview.locator("code")).to_have_text("filter")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/annotate/$"))
    item = Item.objects.select_related("revision").get()
    assert item.revision is not None
    assert item.revision.query == "How do I add up the even entries of a list with `filter` in Python?"
    assert item.revision.difficulty == "medium"


def test_missing_steps_are_named_at_their_fields(signed_in: SignedIn, campaign: Campaign, annotator: User) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    page.fill("#id_query", "Only a query.")
    page.click(SUBMIT)
    expect(page.get_by_role("alert")).to_be_visible()
    for name in ("original", "knowledge"):
        expect(page.locator(f"#id_{name}[aria-invalid=true]")).to_be_visible()
    expect(page.locator("#id_original")).to_be_focused()
    expect(page.locator("#id_query")).to_have_value("Only a query.")
    assert not Item.objects.exists()


def test_submit_and_take_the_next_goes_straight_on(
    signed_in: SignedIn, campaign: Campaign, annotator: User, seeds: list[Seed]
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    write(page)
    page.get_by_role("button", name="Submit and take the next").click()
    expect(page).to_have_url(re.compile(rf"/annotate/seeds/{seeds[1].pk}/$"))
    expect(page.locator("#id_query")).to_have_value("")
    assert Item.objects.get().seed == seeds[0]


def test_a_seed_is_skipped_with_a_reason(
    signed_in: SignedIn, campaign: Campaign, annotator: User, seeds: list[Seed]
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    page.get_by_text("Skip this seed").click()
    page.get_by_role("button", name="Skip", exact=True).click()
    expect_message(page, "Say why nothing can be made of this seed.")
    assert Seed.objects.get(pk=seeds[0].pk).status == Seed.Status.CLAIMED

    page.get_by_text("Skip this seed").click()
    page.get_by_label("not about code").check()
    page.get_by_label("In your words").fill("a complaint about parking")
    page.get_by_role("button", name="Skip and take the next").click()
    expect(page).to_have_url(re.compile(rf"/annotate/seeds/{seeds[1].pk}/$"))
    expect_message(page, "Skipped")
    skipped = Seed.objects.get(pk=seeds[0].pk)
    assert skipped.status == Seed.Status.SKIPPED
    assert skipped.skip_reason == "not about code: a complaint about parking"

    lead = signed_in(make_lead(campaign), f"/c/{campaign.slug}/annotate/skipped/")
    expect(lead.locator("table")).to_contain_text("a complaint about parking")
    lead.get_by_role("button", name="Put back").click()
    expect_message(lead, "waits in the queue again")
    assert Seed.objects.get(pk=seeds[0].pk).status == Seed.Status.DRAWN


def taken_by_another(campaign: Campaign, seed: Seed) -> User:
    """The lease runs out, and somebody else claims the seed."""
    other = make_annotator(campaign)
    Seed.objects.filter(pk=seed.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    taken = leases.claim_next(campaign=campaign, by=other, now=timezone.now())
    assert taken == seed
    return other


def test_a_lost_lease_says_so_and_keeps_the_text(
    signed_in: SignedIn,
    campaign: Campaign,
    annotator: User,
    seeds: list[Seed],
    violations: Callable[[Page], list[str]],
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    page.fill("#id_query", "What I wrote in time.")
    expect(page.locator("#saved")).to_contain_text("saved")
    other = taken_by_another(campaign, seeds[0])

    page.fill("#id_query", "What I wrote too late.")
    expect(page.locator("#saved")).to_contain_text("Not saved: this is no longer yours.")
    expect(page.locator("#id_query")).to_have_value("What I wrote too late.")

    with page.expect_response(re.compile("/submit/$")) as answer:
        page.click(SUBMIT)
    assert answer.value.status == 409
    expect(page.get_by_role("heading", name="This seed is not yours now")).to_be_visible()
    expect(page.locator("#typed")).to_contain_text("What I wrote too late.")
    assert violations(page) == []
    assert not Item.objects.exists()
    assert Seed.objects.get(pk=seeds[0].pk).holder == other
    assert Draft.objects.get(annotator=annotator).fields["query"] == "What I wrote in time."


def test_a_lost_lease_without_javascript(
    signed_in: SignedIn, campaign: Campaign, annotator: User, seeds: list[Seed]
) -> None:
    page = claimed(signed_in(annotator, home(campaign), java_script_enabled=False))
    write(page, query="What I wrote too late.")
    taken_by_another(campaign, seeds[0])
    with page.expect_response(re.compile("/submit/$")) as answer:
        page.click(SUBMIT)
    assert answer.value.status == 409
    expect(page.get_by_role("alert")).to_contain_text("somebody else took it")
    expect(page.locator("#typed")).to_contain_text("What I wrote too late.")
    assert not Item.objects.exists()


def test_the_same_way_without_javascript(
    signed_in: SignedIn, campaign: Campaign, annotator: User, published: None, seeds: list[Seed]
) -> None:
    page = claimed(signed_in(annotator, home(campaign), java_script_enabled=False))
    expect(page.get_by_role("button", name="Take the selected text")).to_be_hidden()
    page.fill("#id_query", "A **first** thought")
    page.get_by_role("button", name="Save draft").click()
    expect_message(page, "Draft saved.")
    expect(page.locator("#id_query")).to_have_value("A **first** thought")

    write(page, query=PUBLISHED, programming_languages=["Python"])
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview mark").first).to_have_text(PUBLISHED.removesuffix("."))
    expect(page.locator("#preview")).to_contain_text("puzzles · 17")
    expect(page.locator("#id_query")).to_have_value(PUBLISHED)

    page.click(SUBMIT)
    expect(page.get_by_role("alert")).to_contain_text("Not handed in yet.")
    expect(page.locator("#id_query")).to_have_value(PUBLISHED)
    expect(page.locator("input[name=difficulty][value=medium]")).to_be_checked()

    page.fill("#id_query", "How do I add up the even entries of a list?")
    page.click(SUBMIT)
    expect(page).to_have_url(re.compile(r"/annotate/$"))
    expect_message(page, "is in review")
    item = Item.objects.select_related("revision").get()
    assert item.seed == seeds[0]
    assert item.revision is not None
    assert item.revision.query == "How do I add up the even entries of a list?"
    assert item.revision.programming_languages == ["Python"]


@pytest.mark.parametrize("script", [True, False], ids=["javascript", "no javascript"])
def test_a_double_click_on_submit_makes_one_item(
    signed_in: SignedIn, campaign: Campaign, annotator: User, script: bool
) -> None:
    page = claimed(signed_in(annotator, home(campaign), java_script_enabled=script))
    write(page)
    page.dblclick(SUBMIT)
    expect(page).to_have_url(re.compile(r"/annotate/$"))
    expect_message(page, "is in review")
    assert Item.objects.count() == 1
    assert Event.objects.filter(verb=Verb.ITEM_SUBMITTED).count() == 1
    assert not Seed.objects.filter(holder=annotator).exists()


def test_typing_up_to_the_moment_of_submitting_is_not_answered_with_a_refusal(
    signed_in: SignedIn, campaign: Campaign, annotator: User
) -> None:
    page = claimed(signed_in(annotator, home(campaign)))
    write(page)
    expect(page.locator("#saved")).to_contain_text("saved")
    refused: list[str] = []
    page.on("response", lambda response: refused.append(response.url) if response.status == 409 else None)

    def slowly(route: Route) -> None:
        page.wait_for_timeout(1_500)  # longer than a draft waits for the next key
        route.continue_()

    page.route("**/submit/", slowly)
    page.locator("#id_query").press_sequentially(" And in C?")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/annotate/$"))
    assert refused == []
    item = Item.objects.select_related("revision").get()
    assert item.revision is not None
    assert item.revision.query.endswith(" And in C?")


HOSTILE = """\
<script>window.hacked = "script"</script>
<img src="x" onerror="window.hacked = 'onerror'">
<a href="javascript:window.hacked='href'">raw link</a> [link](javascript:window.hacked='link')
[upper](JaVaScRiPt:window.hacked='upper') [data](data:text/html,<script>window.hacked=1</script>)
![picture](https://tracker.example.org/pixel.png "x" onerror="window.hacked='picture'")
<iframe srcdoc="<script>parent.hacked = 'iframe'</script>"></iframe><svg onload="window.hacked='svg'"></svg>

```python" onmouseover="window.hacked='code'
print("<script>window.hacked = 'code'</script>")
```
</textarea><script>window.hacked = "textarea"</script>
"""


def harmless(page: Page) -> None:
    """Nothing of the text became markup that acts, runs or loads."""
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.hacked") is None
    assert page.locator("body script, iframe, main img[src*='tracker'], main img[src='x'], main svg").count() == 0
    acting = """[...document.querySelectorAll("body *")].filter(element =>
        [...element.attributes].some(({name, value}) => name.startsWith("on") || name === "style" ||
            ["href", "src", "action", "formaction"].includes(name) && /^\\s*(javascript|data|vbscript):/i.test(value))
    ).map(element => element.outerHTML)"""
    assert page.evaluate(acting) == []


def test_a_hostile_seed_runs_nothing_anywhere(
    signed_in: SignedIn, campaign: Campaign, annotator: User, seeds: list[Seed]
) -> None:
    hostile = make_seeds(
        campaign, title='"><script>window.hacked = "title"</script><img src=x onerror="window.hacked=1">',
        text=HOSTILE, url="javascript:window.hacked='source'", licence="<b onclick=alert(1)>CC</b>",
    )[0]  # fmt: skip
    Seed.objects.exclude(pk=hostile.pk).update(status=Seed.Status.SKIPPED, skip_reason="others first")
    strangers: list[str] = []

    def opened(dialog: Dialog) -> None:
        strangers.append(dialog.message)
        dialog.accept()

    page = signed_in(annotator, home(campaign))
    page.on("request", lambda request: strangers.append(request.url) if "example.org" in request.url else None)
    page.on("dialog", opened)
    claimed(page)
    harmless(page)
    expect(page.locator("#seed-text")).to_contain_text('window.hacked = "script"')  # shown as text

    # The same text as the query: in the preview, after a refusal, on the own item, on the way to lead.
    write(page, original=HOSTILE, knowledge=HOSTILE, query="")
    page.click(SUBMIT)
    expect(page.get_by_role("alert")).to_be_visible()
    page.fill("#id_query", HOSTILE)
    expect(page.locator("#preview .prose")).to_contain_text("window.hacked")
    harmless(page)
    page.click(SUBMIT)
    expect_message(page, "is in review")
    harmless(page)
    page.locator("main table a").first.click()
    page.get_by_text("The seed", exact=True).click()
    harmless(page)
    assert strangers == []

    lead = make_lead(campaign)
    item = Item.objects.get()
    page = signed_in(lead)
    for path in (f"items/{item.pk}/", "items/", f"seeds/{hostile.pk}/", "annotate/skipped/", "events/"):
        page.goto(f"/c/{campaign.slug}/{path}")
        harmless(page)
    reviewer = signed_in(make_reviewer(campaign), f"/c/{campaign.slug}/review/")
    reviewer.keyboard.press("n")
    reviewer.get_by_text("The seed and its source").click()
    expect(reviewer.locator("#seed-text")).to_be_visible()
    harmless(reviewer)
