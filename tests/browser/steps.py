"""What people do in the browser, in the words of the journeys; and items made for them beforehand."""

from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation.models import Item
from campaigns.models import Campaign, User
from tests import team
from tests.factories import make_seeds
from tests.team import wording, write_item

WORDING = wording(
    original="Which structure keeps the last hundred requests?",
    knowledge="A ring buffer overwrites its oldest entry.",
    query="My log viewer should keep only the newest five hundred lines in memory. How do I write that in Go?",
    difficulty="medium",
    programming_languages=["Go"],
)


def hand_in(campaign: Campaign, author: User, **changes: Any) -> Item:
    """An item handed in a moment ago, from a new seed."""
    make_seeds(campaign)
    return write_item(campaign, author, now=timezone.now(), **{**WORDING, **changes})


def cast(item: Item, *ballots: tuple[User, bool]) -> None:
    """Votes of people who need no browser for them."""
    item.refresh_from_db()
    for reviewer, valid in ballots:
        team.cast(item, reviewer, valid, now=timezone.now())
    item.refresh_from_db()


def tab_to(page: Page, selector: str, limit: int = 80) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{page.url}: {selector} is not reached by {limit} presses of Tab")


def write(page: Page, **changes: Any) -> None:
    """Fill the four steps and the tags with the mouse and the keyboard."""
    fields = {**WORDING, **changes}
    for name in ("original", "knowledge", "query"):
        page.fill(f"#id_{name}", fields[name])
    page.check(f"input[name=difficulty][value={fields['difficulty']}]")
    for box in page.locator("input[name=programming_languages]:checked").all()[::-1]:
        if box.get_attribute("value") not in fields["programming_languages"]:
            box.uncheck()
    for name in fields["programming_languages"]:
        page.check(f"input[name=programming_languages][value='{name}']")
    page.select_option("#id_natural_language", fields["natural_language"])
    page.select_option("#id_category", fields["category"])


def choose_vote(page: Page, *, valid: bool, rationale: str = "") -> None:
    """Answer the checklist and choose the vote with the mouse; a query that is not valid is not clear."""
    answers = {"clear": valid, "ethical": True, "solvable": True, "valid": valid}
    for name, answer in answers.items():
        page.check(f"input[name={name}][value={'yes' if answer else 'no'}]")
    if rationale:
        page.fill("#id_rationale", rationale)


def expect_message(page: Page, text: str) -> None:
    expect(page.locator("#messages")).to_contain_text(text)
