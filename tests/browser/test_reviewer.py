"""A reviewer at work: judge blind, by keys or by mouse, be refused without a rationale, and see what was decided."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation import actions as annotation
from annotation.models import Item
from review import actions as review
from review.models import Decision, Vote
from tests.browser.steps import WORDING, cast, choose_vote, expect_message, hand_in
from tests.factories import make_annotator, make_campaign, make_lead, make_reviewer
from tests.team import Team

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignedIn = Callable[..., Page]

NAMES = ["Rosalind", "Ravindra", "Ranveer", "Ruthanne"]
VOTE = "button[data-key='mod+enter']"


def queue(team: Team) -> str:
    return f"/c/{team.campaign.slug}/review/"


@pytest.fixture
def team(transactional_db: None) -> Team:
    campaign = make_campaign()
    author = make_annotator(campaign, username="secret-author", first_name="Agatha", last_name="Hidden")
    reviewers = [make_reviewer(campaign, username=f"judge-{name.lower()}", first_name=name) for name in NAMES]
    return Team(campaign, make_lead(campaign), author, reviewers)


@pytest.fixture
def item(team: Team) -> Item:
    return hand_in(team.campaign, team.author)


def judging(page: Page) -> Page:
    """The wording that the queue gives out."""
    page.get_by_role("button", name="Judge the next").click()
    expect(page.locator("#judging form")).to_be_visible()
    return page


def test_two_queries_are_judged_by_keys_alone(signed_in: SignedIn, team: Team, item: Item) -> None:
    second = hand_in(team.campaign, team.author, query="How do I read a CSV file with 40 columns in R?")
    page = signed_in(team.reviewers[0], queue(team))
    page.keyboard.press("n")
    expect(page.locator("#judging .prose").first).to_contain_text("newest five hundred lines")
    for key in "123a":
        page.keyboard.press(key)
    expect(page.locator("#judging input[value=yes]:checked")).to_have_count(4)
    page.keyboard.press("Control+Enter")

    expect(page.locator("#judging .prose").first).to_contain_text("40 columns in R")
    expect(page).to_have_url(re.compile(rf"/review/{second.revision_id}/$"))
    expect_message(page, "Recorded: valid.")
    expect(page.locator("#judging input:checked")).to_have_count(0)
    expect(page.locator("#judging h1")).to_be_focused()

    # A key pressed again turns the answer round; the second query is voted down.
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("input[name=clear][value=no]")).to_be_checked()
    for key in "23r":
        page.keyboard.press(key)
    page.locator("#id_rationale").focus()
    page.keyboard.type("Which 40 columns? 1, 2, 3 or a?")  # here these keys are only letters
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/review/$"))
    expect_message(page, "Nothing waits for you at the moment.")
    first_vote, second_vote = Vote.objects.order_by("pk")
    assert (first_vote.revision_id, first_vote.valid) == (item.revision_id, True)
    assert (second_vote.revision_id, second_vote.valid, second_vote.clear) == (second.revision_id, False, False)
    assert second_vote.rationale == "Which 40 columns? 1, 2, 3 or a?"
    expect(page.locator("main table")).to_contain_text("not decided yet")


def test_an_invalid_vote_needs_a_rationale_and_says_so_at_the_field(
    signed_in: SignedIn, team: Team, item: Item, violations: Callable[[Page], list[str]]
) -> None:
    page = judging(signed_in(team.reviewers[0], queue(team)))
    choose_vote(page, valid=False)
    with page.expect_response(re.compile("/vote/$")) as answer:
        page.click(VOTE)
    assert answer.value.status == 422
    expect(page.locator("#rationale-error")).to_have_text("Say what makes it invalid: its author will read this.")
    field = page.locator("#id_rationale")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert "rationale-error" in (field.get_attribute("aria-describedby") or "")
    expect(field).to_be_focused()
    expect(page.locator("input[name=clear][value=no]")).to_be_checked()
    expect(page.locator("input[name=valid][value=no]")).to_be_checked()
    assert not Vote.objects.exists()
    assert violations(page) == []

    page.keyboard.type("It names no input.")
    page.keyboard.press("Control+Enter")
    expect_message(page, "Recorded: invalid.")
    assert Vote.objects.get().rationale == "It names no input."


def test_a_question_left_open_is_asked_again_and_keeps_the_rest(signed_in: SignedIn, team: Team, item: Item) -> None:
    page = judging(signed_in(team.reviewers[0], queue(team)))
    page.keyboard.press("1")
    page.keyboard.press("a")
    page.fill("#id_rationale", "Good one.")
    page.click(VOTE)
    expect(page.get_by_role("alert")).to_contain_text("Not recorded yet.")
    expect(page.locator("#ethical-error")).to_have_text("Answer this.")
    expect(page.locator("#clear-error")).to_have_count(0)
    expect(page.locator("#id_rationale")).to_have_value("Good one.")
    assert not Vote.objects.exists()


def test_neither_the_author_nor_the_votes_of_others_are_anywhere_in_the_page(
    signed_in: SignedIn, team: Team, item: Item
) -> None:
    cast(item, (team.reviewers[1], False), (team.reviewers[2], True))
    secrets = ["Agatha", "Hidden", "secret-author", "Ravindra", "Ranveer", "judge-ravindra", "judge-ranveer", "UNCLEAR"]
    page = signed_in(team.reviewers[0], queue(team))
    seen = {"queue": page.content()}
    judging(page)
    seen["judging"] = page.content()
    choose_vote(page, valid=True)
    page.click(VOTE)
    expect_message(page, "Recorded: valid.")
    seen["queue after the vote"] = page.content()
    page.get_by_role("link", name="See your vote").click()
    expect(page.locator("#judging")).to_contain_text("3 of 4 votes are in.")
    seen["own vote"] = page.content()
    page.goto(f"/c/{team.campaign.slug}/dashboard/")
    seen["dashboard"] = page.content()
    assert {(where, secret) for where, text in seen.items() for secret in secrets if secret in text} == set()


def test_a_wording_that_changed_meanwhile_is_said_and_the_rationale_kept(
    signed_in: SignedIn, team: Team, item: Item
) -> None:
    page = judging(signed_in(team.reviewers[0], queue(team)))
    choose_vote(page, valid=False, rationale="It names no structure.")
    review.send_back(item=item, note="Name one.", by=make_lead(team.campaign), now=timezone.now())
    item.refresh_from_db()
    fields = {**WORDING, "query": "How do I keep the newest 500 lines in a ring buffer in Go?"}
    revised = annotation.revise(item=item, fields=fields, by=team.author, now=timezone.now())

    with page.expect_response(re.compile("/vote/$")) as answer:
        page.click(VOTE)
    assert answer.value.status == 409
    expect(page.get_by_role("alert")).to_have_text("The wording changed while you read. Your vote was not recorded.")
    expect(page.locator("#typed")).to_have_text("It names no structure.")
    assert not Vote.objects.exists()

    # The new wording is in the queue as any other.
    page.get_by_role("button", name="Judge the next").click()
    expect(page).to_have_url(re.compile(rf"/review/{revised.pk}/$"))
    expect(page.locator("#judging .prose").first).to_contain_text("ring buffer in Go")
    expect(page.locator("#judging input:checked")).to_have_count(0)


@pytest.mark.parametrize(
    ("before", "last", "outcome", "count"),
    [((True, True, False), True, "accepted", "3/4"), ((True, False, True), False, "rejected", "2/4")],
)
def test_the_last_of_four_votes_decides_and_the_outcome_is_shown(
    signed_in: SignedIn, team: Team, item: Item, before: tuple[bool, ...], last: bool, outcome: str, count: str
) -> None:
    cast(item, *zip(team.reviewers[:3], before, strict=True))
    assert item.status == Item.Status.IN_REVIEW
    page = judging(signed_in(team.reviewers[3], queue(team)))
    choose_vote(page, valid=last, rationale="" if last else "There is no goal in it.")
    page.click(VOTE)
    expect(page).to_have_url(re.compile(r"/review/$"))
    row = page.locator("main table tbody tr")
    expect(row).to_contain_text(outcome)
    expect(row).to_contain_text(count)
    decision = Decision.objects.get()
    assert (decision.outcome, decision.valid_votes, decision.votes) == (outcome, int(count[0]), 4)
    item.refresh_from_db()
    assert item.status == outcome

    # Now the votes are open, though not the names; the author reads the reasons.
    row.get_by_role("link").click()
    expect(page.locator("#judging .votes").last.locator("li")).to_have_count(4)
    expect(page.locator("#judging")).to_contain_text("SECRET-RATIONALE")
    assert not {*NAMES[:3], "Agatha"} & set(page.locator("main").inner_text().split())
    own = signed_in(team.author, f"/c/{team.campaign.slug}/annotate/items/{item.pk}/")
    expect(own.locator("main .votes li")).to_have_count(4)
    expect(own.locator("main .votes")).to_contain_text("SECRET-RATIONALE")
    assert not set(NAMES) & set(own.locator("main").inner_text().split())


def test_four_reviewers_judge_the_same_query_in_four_windows(signed_in: SignedIn, team: Team, item: Item) -> None:
    pages = [judging(signed_in(reviewer, queue(team))) for reviewer in team.reviewers]
    late = make_reviewer(team.campaign)
    fifth = signed_in(late, queue(team))
    expect(fifth.locator(".notice")).to_contain_text("Nothing waits for you")  # every seat is taken
    for page, valid in zip(pages, (True, True, False, True), strict=True):
        choose_vote(page, valid=valid, rationale="" if valid else "Not for me.")
        page.click(VOTE)
        expect_message(page, "Recorded")
    item.refresh_from_db()
    assert item.status == Item.Status.ACCEPTED
    assert Vote.objects.count() == 4
    pages[0].reload()
    expect(pages[0].locator("main table")).to_contain_text("accepted")


def test_the_same_way_without_javascript(signed_in: SignedIn, team: Team, item: Item) -> None:
    cast(item, *((reviewer, True) for reviewer in team.reviewers[:3]))
    page = judging(signed_in(team.reviewers[3], queue(team), java_script_enabled=False))
    choose_vote(page, valid=False)
    page.click(VOTE)
    expect(page.locator("#rationale-error")).to_contain_text("Say what makes it invalid")
    expect(page.locator("input[name=valid][value=no]")).to_be_checked()
    choose_vote(page, valid=False, rationale="There is no goal in it.")
    page.click(VOTE)
    expect_message(page, "Recorded: invalid.")
    expect(page.locator("main table")).to_contain_text("accepted")
    item.refresh_from_db()
    assert item.status == Item.Status.ACCEPTED


@pytest.mark.parametrize("script", [True, False], ids=["javascript", "no javascript"])
def test_a_double_click_casts_one_vote(signed_in: SignedIn, team: Team, item: Item, script: bool) -> None:
    page = judging(signed_in(team.reviewers[0], queue(team), java_script_enabled=script))
    choose_vote(page, valid=True)
    page.dblclick(VOTE)
    expect_message(page, "Recorded: valid.")
    assert Vote.objects.count() == 1


def test_who_wrote_an_item_is_not_asked_to_judge_it(signed_in: SignedIn, team: Team, item: Item) -> None:
    both = make_annotator(team.campaign)
    team.campaign.memberships.create(user=both, role="reviewer", since=timezone.now())
    own = hand_in(team.campaign, both, query="How do I rotate a matrix in place in C?")
    page = judging(signed_in(both, queue(team)))
    expect(page.locator("#judging .prose").first).to_contain_text("newest five hundred lines")
    page.goto(f"{queue(team)}{own.revision_id}/")
    expect(page.get_by_role("heading", name="No entry")).to_be_visible()
    expect(page.locator("main")).to_contain_text("You wrote this item: others judge it.")
