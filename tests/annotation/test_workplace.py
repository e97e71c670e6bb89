import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation import actions, leases
from annotation.models import Draft, Item
from campaigns.models import Campaign, User
from decontamination import evidence, overlaps, waivers
from decontamination.actions import load_reference
from decontamination.checks import current_check
from decontamination.leaks import Prompt
from decontamination.models import WaiverRequest
from decontamination.overlaps import Piece
from review import actions as review
from review.ballot import Ballot
from sampling.models import Seed
from tests.factories import NOW, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds
from tests.team import wording, write_item

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"headers": {"hx-request": "true"}}
PROMPT = "Given a list of integers return the largest product of any three distinct positions in linear time."
HOSTILE = """<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) </textarea><b>out</b>"""


def url(name: str, campaign: Campaign, *rest: int) -> str:
    return reverse(f"annotation:{name}", args=[campaign.slug, *rest])


@pytest.fixture
def mine(campaign: Campaign, annotator: User) -> Seed:
    """A seed in the annotator's hand, by the clock on the wall, as the pages use it."""
    make_seeds(campaign)
    held = leases.claim_next(campaign=campaign, by=annotator, now=timezone.now())
    assert held is not None
    return held


def sent(seed: Seed, **changes: Any) -> dict[str, Any]:
    return wording(**changes) | {"token": seed.lease_token}


def taken_by_somebody_else(seed: Seed) -> None:
    Seed.objects.filter(pk=seed.pk).update(lease_expires_at=NOW)
    other = make_annotator(seed.campaign)
    assert leases.claim_next(campaign=seed.campaign, by=other, now=timezone.now()) == seed


# who may come in


@pytest.mark.parametrize(
    ("method", "name", "numbered"),
    [
        ("get", "home", False),
        ("post", "claim", False),
        ("get", "work", True),
        *(("post", name, True) for name in ("draft", "preview", "submit", "skip", "release")),
        ("get", "item", True),
        *(("post", name, True) for name in ("item-draft", "item-preview", "revise")),
    ],
)
def test_only_annotators_enter(client: Client, campaign: Campaign, method: str, name: str, numbered: bool) -> None:
    path = url(name, campaign, *([1] if numbered else []))
    assert getattr(client, method)(path).status_code == 302
    for user, status in (
        (make_reviewer(campaign), 403),
        (make_lead(campaign), 403),
        (make_annotator(make_campaign()), 404),
    ):
        client.force_login(user)
        assert getattr(client, method)(path).status_code == status


@pytest.mark.parametrize(("method", "name"), [("get", "skipped"), ("post", "reopen")])
def test_only_leads_put_seeds_back(browser: Client, campaign: Campaign, seed: Seed, method: str, name: str) -> None:
    path = url(name, campaign, *([seed.pk] if name == "reopen" else []))
    assert getattr(browser, method)(path).status_code == 403
    browser.force_login(make_reviewer(campaign))
    assert getattr(browser, method)(path).status_code == 403


@pytest.mark.parametrize("name", ["claim", "draft", "preview", "submit", "skip", "release", "item-draft", "revise"])
def test_writes_are_posts(browser: Client, campaign: Campaign, name: str) -> None:
    path = url(name, campaign, *([] if name == "claim" else [1]))
    assert browser.get(path).status_code == 405


def test_anothers_item_is_not_there(browser: Client, campaign: Campaign) -> None:
    make_seeds(campaign)
    item = write_item(campaign, make_annotator(campaign))
    assert browser.get(url("item", campaign, item.pk)).status_code == 404
    assert browser.post(url("revise", campaign, item.pk), wording()).status_code == 404


def test_a_seed_of_another_campaign_is_not_there(browser: Client, campaign: Campaign) -> None:
    (foreign,) = make_seeds(make_campaign())
    assert browser.get(url("work", campaign, foreign.pk)).status_code == 404
    assert browser.post(url("submit", campaign, foreign.pk), wording()).status_code == 404


# home


def test_claiming_opens_the_seed_and_again_the_same(browser: Client, campaign: Campaign) -> None:
    first, _second = make_seeds(campaign, 2)
    for _ in range(2):
        response = browser.post(url("claim", campaign))
        assert response.headers["Location"] == url("work", campaign, first.pk)


def test_an_empty_queue_says_so(browser: Client, campaign: Campaign) -> None:
    response = browser.post(url("claim", campaign), follow=True)
    assert "No seed is waiting" in response.content.decode()


def test_home_counts_own_items_only(browser: Client, campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, 3)
    write_item(campaign, annotator, query="One of mine")
    write_item(campaign, make_annotator(campaign), query="Somebody else's")
    page = browser.get(url("home", campaign)).content.decode()
    assert "One of mine" in page
    assert "Somebody else" not in page
    assert re.search(r"<strong>1</strong><span>written in all", page)
    assert re.search(r"<strong>0</strong><span>written today", page)
    assert "1 seed is waiting" in page


def test_home_takes_the_same_queries_for_any_number_of_items(
    browser: Client, campaign: Campaign, annotator: User, django_assert_num_queries: Any
) -> None:
    make_seeds(campaign, 9)
    lead, reviewer = make_lead(campaign), make_reviewer(campaign)
    for number in range(6):
        item = write_item(campaign, annotator, query=f"Query {number}")
        if number % 2:
            vote(item, reviewer)
            review.send_back(item=item, note="Longer.", by=lead, now=NOW)
    browser.get(url("home", campaign))  # fills the caches that outlive a request
    # session, user, campaign, roles; counts, seed in hand, seeds drawn, seeds left behind; items sent back;
    # wordings, votes, decisions; recent
    with django_assert_num_queries(13):
        browser.get(url("home", campaign))


# the page of a seed


def test_the_work_page_shows_the_seed_and_an_empty_form(browser: Client, campaign: Campaign, mine: Seed) -> None:
    page = browser.get(url("work", campaign, mine.pk)).content.decode()
    assert mine.document.title in page
    assert mine.document.licence in page
    assert f'href="{mine.document.url}"' in page
    assert f'name="token" value="{mine.lease_token}"' in page
    assert re.search(r'value="Python" checked', page)
    assert re.search(r'<option value="data-structures" selected>', page)
    assert re.search(r'<optgroup label="Databases and Data Handling">', page)


def test_a_hostile_seed_shows_as_text(browser: Client, campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, title=HOSTILE, text=HOSTILE, url="javascript:alert(1)", licence=HOSTILE, created="<b>now</b>")
    seed = leases.claim_next(campaign=campaign, by=annotator, now=timezone.now())
    assert seed is not None
    actions.save_draft(
        seed=seed,
        token=seed.lease_token,
        fields={"query": HOSTILE, "original": HOSTILE},
        by=annotator,
        now=timezone.now(),
    )
    page = browser.get(url("work", campaign, seed.pk)).content.decode()
    assert "alert(1)" in page
    for harm in ("<script>alert", "<img src=x", 'href="javascript', "<b>out", "<b>now"):
        assert harm not in page


def test_anothers_seed_is_not_shown(browser: Client, campaign: Campaign) -> None:
    make_seeds(campaign, text="SECRET-TEXT")
    other = leases.claim_next(campaign=campaign, by=make_annotator(campaign), now=timezone.now())
    assert other is not None
    response = browser.get(url("work", campaign, other.pk))
    assert response.status_code == 409
    assert "SECRET-TEXT" not in response.content.decode()
    assert other.lease_token not in response.content.decode()


def test_a_draft_is_saved_without_script(browser: Client, campaign: Campaign, mine: Seed) -> None:
    response = browser.post(url("draft", campaign, mine.pk), sent(mine, query="half a sen", difficulty=""), follow=True)
    assert response.redirect_chain == [(url("work", campaign, mine.pk), 302)]
    page = response.content.decode()
    assert "Draft saved" in page
    assert "half a sen</textarea>" in page


def test_a_draft_is_saved_as_it_is_typed(browser: Client, campaign: Campaign, mine: Seed) -> None:
    response = browser.post(url("draft", campaign, mine.pk), sent(mine, query="half a sen"), **HTMX)
    assert response.status_code == 200
    assert "saved" in response.content.decode()
    assert "<form" not in response.content.decode()
    assert "quorum:saved" in json.loads(response.headers["HX-Trigger"])
    assert Draft.objects.get().fields["query"] == "half a sen"
    assert Draft.objects.get().fields["programming_languages"] == ["Python"]


@pytest.mark.parametrize("options", [{}, HTMX])
def test_the_preview_is_rendered_with_the_leaks_beside_it(
    browser: Client, campaign: Campaign, mine: Seed, options: dict[str, Any]
) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "T/7", PROMPT)], source="test", by=None, now=NOW)
    query = "**Now**: given a list of integers return the largest product of any three numbers."
    page = browser.post(url("preview", campaign, mine.pk), sent(mine, query=query), **options).content.decode()
    assert "<strong>Now</strong>" in page
    assert "toy · T/7" in page
    shared = "<mark>given a list of integers return the largest product of any three</mark>"
    assert shared in page
    assert shared.replace("given", "Given") + " distinct positions" in page
    assert ("<textarea" in page) is not bool(options)
    if not options:
        assert Draft.objects.get().fields["query"] == query


def test_of_a_text_that_repeats_a_header_of_many_prompts_a_few_stretches_are_shown_and_all_counted(
    browser: Client, campaign: Campaign, mine: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [Prompt("toy", str(at), f"{PROMPT} Number {at}.") for at in range(40)]
    load_reference(name="toy", prompts=prompts, source="test", by=None, now=NOW)
    excerpts: list[int] = []
    excerpt = overlaps.excerpt

    def counted(parts: list[Piece], around: int) -> list[Piece]:
        excerpts.append(len(parts))
        return excerpt(parts, around)

    monkeypatch.setattr(evidence, "excerpt", counted)
    times = 15_000 // len(PROMPT)
    query = f"{PROMPT}\n" * times
    assert len(current_check(campaign).leaks(query)) == 40 * times
    page = browser.post(url("preview", campaign, mine.pk), sent(mine, query=query), **HTMX).content.decode()
    assert f"{times} stretches of words stand in published benchmarks" in page
    assert page.count("stands in 40 prompts") == page.count("Ask a lead to let it stay") == 20
    assert f"{times - 20} more stretches leak and are not shown" in page
    assert len(excerpts) == 2 * 20
    assert browser.post(url("submit", campaign, mine.pk), sent(mine, query=query)).status_code == 422


def test_a_clean_preview_says_so(browser: Client, campaign: Campaign, mine: Seed) -> None:
    page = browser.post(url("preview", campaign, mine.pk), sent(mine), **HTMX).content.decode()
    assert "Shares no 10 words in a row" in page
    assert "<mark>" not in page


def test_submitting_goes_home_and_says_so(browser: Client, campaign: Campaign, mine: Seed) -> None:
    response = browser.post(url("submit", campaign, mine.pk), sent(mine), follow=True)
    assert response.redirect_chain == [(url("home", campaign), 302)]
    assert f"item {Item.objects.get().pk} is in review" in response.content.decode()


def test_submitting_with_htmx_tells_the_browser_where_to_go(browser: Client, campaign: Campaign, mine: Seed) -> None:
    response = browser.post(url("submit", campaign, mine.pk), sent(mine), **HTMX)
    assert response.headers["HX-Redirect"] == url("home", campaign)
    assert Item.objects.count() == 1


def test_submitting_can_take_the_next(browser: Client, campaign: Campaign, mine: Seed) -> None:
    (second,) = make_seeds(campaign)
    response = browser.post(url("submit", campaign, mine.pk), sent(mine) | {"then": "next"})
    assert response.headers["Location"] == url("work", campaign, second.pk)
    second.refresh_from_db()
    again = browser.post(url("submit", campaign, second.pk), sent(second) | {"then": "next"})
    assert again.headers["Location"] == url("home", campaign)


def test_the_same_form_sent_twice_makes_one_item(browser: Client, campaign: Campaign, mine: Seed) -> None:
    for _ in range(2):
        assert browser.post(url("submit", campaign, mine.pk), sent(mine)).status_code == 302
    assert Item.objects.count() == 1


@pytest.mark.parametrize("options", [{}, HTMX])
def test_errors_stand_at_their_fields_and_the_text_is_kept(
    browser: Client, campaign: Campaign, mine: Seed, options: dict[str, Any]
) -> None:
    bad = sent(mine, knowledge="", difficulty="", programming_languages=["general", "Zig"], query="KEPT")
    response = browser.post(url("submit", campaign, mine.pk), bad, **options)
    assert response.status_code == 422
    page = response.content.decode()
    assert page.count("This field is needed.") == 2
    assert 'id="id_knowledge_error"' in page
    assert "choose it alone" in page
    assert "KEPT</textarea>" in page
    assert re.search(r'value="Zig" checked', page)
    assert ("<html" in page) is not bool(options)


@pytest.mark.parametrize("options", [{}, HTMX])
def test_a_leak_is_refused_at_the_query(
    browser: Client, campaign: Campaign, mine: Seed, options: dict[str, Any]
) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "T/7", PROMPT)], source="test", by=None, now=NOW)
    response = browser.post(url("submit", campaign, mine.pk), sent(mine, query=PROMPT), **options)
    assert response.status_code == 422
    page = response.content.decode()
    assert "The query shares words with: toy T/7" in page
    assert "<mark>" in page
    assert not Item.objects.exists()


@pytest.mark.parametrize("options", [{}, HTMX])
def test_a_lead_is_asked_beside_the_leak_and_the_answer_shows(
    browser: Client, campaign: Campaign, mine: Seed, options: dict[str, Any]
) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "T/7", PROMPT)], source="test", by=None, now=NOW)
    match = current_check(campaign).leaks(PROMPT)[0]
    asked = {"ask": match.digest, f"note-{match.digest}": "a quoted message"}
    page = browser.post(url("preview", campaign, mine.pk), sent(mine, query="> " + PROMPT) | asked, **options)
    assert "The leads have been asked" in page.content.decode()
    request = WaiverRequest.objects.get()
    assert (request.note, request.key, request.run) == ("a quoted message", "T/7", match.run)
    lead = make_lead(campaign)
    waivers.decline(request=request, reason="Say it in your own words.", by=lead, now=NOW)
    page = browser.post(url("preview", campaign, mine.pk), sent(mine, query=PROMPT), **options)
    assert "Say it in your own words." in page.content.decode()
    waivers.waive(campaign=campaign, run=match.run, reason="Quoted.", by=lead, now=NOW)
    page = browser.post(url("preview", campaign, mine.pk), sent(mine, query=PROMPT), **options)
    assert "Shares no 10 words" in page.content.decode()
    assert browser.post(url("submit", campaign, mine.pk), sent(mine, query=PROMPT), **options).status_code in {200, 302}
    assert Item.objects.count() == 1


def test_only_a_leak_of_the_query_is_asked_about(browser: Client, campaign: Campaign, mine: Seed) -> None:
    load_reference(name="toy", prompts=[Prompt("toy", "T/7", PROMPT)], source="test", by=None, now=NOW)
    browser.post(url("preview", campaign, mine.pk), sent(mine, query=PROMPT) | {"ask": "0" * 64})
    assert not WaiverRequest.objects.exists()


def test_a_lost_lease_keeps_the_text(browser: Client, campaign: Campaign, mine: Seed) -> None:
    browser.post(url("draft", campaign, mine.pk), sent(mine, query="saved before"))
    taken_by_somebody_else(mine)
    response = browser.post(url("submit", campaign, mine.pk), sent(mine, query="typed <i>after</i>", knowledge="known"))
    assert response.status_code == 409
    page = response.content.decode()
    assert "typed &lt;i&gt;after&lt;/i&gt;" in page
    assert "known" in page
    assert 'data-copy="typed"' in page
    assert "saved before" in browser.get(url("work", campaign, mine.pk)).content.decode()
    mine.refresh_from_db()
    assert mine.lease_token not in page


def test_a_lost_lease_with_htmx_takes_the_place_of_the_form(browser: Client, campaign: Campaign, mine: Seed) -> None:
    taken_by_somebody_else(mine)
    response = browser.post(url("submit", campaign, mine.pk), sent(mine, query="typed"), **HTMX)
    assert (response.status_code, response.headers["HX-Retarget"]) == (409, "#place")
    assert response.headers["HX-Reswap"] == "innerHTML"
    assert "typed" in response.content.decode()
    draft = browser.post(url("draft", campaign, mine.pk), sent(mine, query="typed"), **HTMX)
    assert draft.status_code == 409
    assert "Not saved" in draft.content.decode()


@pytest.mark.parametrize("name", ["draft", "preview", "skip", "release"])
def test_every_write_of_a_lost_lease_is_a_409(browser: Client, campaign: Campaign, mine: Seed, name: str) -> None:
    taken_by_somebody_else(mine)
    response = browser.post(url(name, campaign, mine.pk), sent(mine) | {"preset": "not about code"})
    assert response.status_code == 409
    mine.refresh_from_db()
    assert mine.status == "claimed"


def test_skipping_needs_a_reason(browser: Client, campaign: Campaign, mine: Seed) -> None:
    response = browser.post(url("skip", campaign, mine.pk), {"token": mine.lease_token, "note": " "}, follow=True)
    assert "Say why" in response.content.decode()
    mine.refresh_from_db()
    assert mine.status == "claimed"


def test_a_skipped_seed_is_listed_for_leads_who_put_it_back(
    browser: Client, campaign: Campaign, annotator: User, mine: Seed
) -> None:
    given = {"token": mine.lease_token, "preset": "not about code", "note": "a joke"}
    browser.post(url("skip", campaign, mine.pk), given)
    mine.refresh_from_db()
    assert (mine.status, mine.skip_reason) == ("skipped", "not about code: a joke")
    browser.force_login(make_lead(campaign))
    assert "not about code: a joke" in browser.get(url("skipped", campaign)).content.decode()
    for answer in ("waits in the queue again", "is not skipped any more"):
        response = browser.post(url("reopen", campaign, mine.pk), follow=True)
        assert answer in response.content.decode()
    mine.refresh_from_db()
    assert mine.status == "drawn"


def test_a_seed_can_be_put_back(browser: Client, campaign: Campaign, mine: Seed) -> None:
    response = browser.post(url("release", campaign, mine.pk), {"token": mine.lease_token})
    assert response.headers["Location"] == url("home", campaign)
    mine.refresh_from_db()
    assert mine.status == "drawn"


# own items


@pytest.fixture
def judged(campaign: Campaign, annotator: User) -> Item:
    """An item with one vote of four."""
    make_seeds(campaign)
    item = write_item(campaign, annotator)
    vote(item, make_reviewer(campaign, username="rita", first_name="Rita"))
    return item


def vote(item: Item, by: User) -> None:
    assert item.revision is not None
    review.vote(
        revision=item.revision, digest=item.revision.digest, by=by, now=NOW,
        ballot=Ballot(clear=False, ethical=True, solvable=True, valid=False, rationale="RATIONALE: which list?"),
    )  # fmt: skip


def test_votes_are_not_shown_before_the_decision(browser: Client, campaign: Campaign, judged: Item) -> None:
    for path in (url("item", campaign, judged.pk), url("home", campaign)):
        page = browser.get(path).content.decode()
        assert "RATIONALE" not in page
        assert "invalid" not in page


def test_after_the_decision_rationales_are_shown_without_names(
    browser: Client, campaign: Campaign, judged: Item
) -> None:
    review.send_back(item=judged, note="NOTE: say which.", by=make_lead(campaign), now=NOW)
    for path in (url("item", campaign, judged.pk), url("home", campaign)):
        page = browser.get(path).content.decode()
        assert "RATIONALE: which list?" in page
        assert "NOTE: say which." in page
        assert "Reviewer 1" in page
        assert "Rita" not in page
        assert "rita" not in page


def test_votes_on_a_new_wording_are_hidden_while_the_old_ones_stay(
    browser: Client, campaign: Campaign, annotator: User, judged: Item
) -> None:
    review.send_back(item=judged, note="NOTE", by=make_lead(campaign), now=NOW)
    judged.refresh_from_db()
    actions.revise(item=judged, fields=wording(query="Better"), by=annotator, now=NOW)
    assert judged.revision is not None
    review.vote(
        revision=judged.revision, digest=judged.revision.digest, by=make_reviewer(campaign), now=NOW,
        ballot=Ballot(clear=True, ethical=False, solvable=True, valid=False, rationale="SECOND ROUND"),
    )  # fmt: skip
    page = browser.get(url("item", campaign, judged.pk)).content.decode()
    assert "RATIONALE" in page
    assert "SECOND ROUND" not in page


def test_an_item_that_was_sent_back_is_mended(browser: Client, campaign: Campaign, judged: Item) -> None:
    review.send_back(item=judged, note="NOTE", by=make_lead(campaign), now=NOW)
    assert wording()["query"] + "</textarea>" in browser.get(url("item", campaign, judged.pk)).content.decode()
    unchanged = browser.post(url("revise", campaign, judged.pk), wording())
    assert unchanged.status_code == 422
    assert "Nothing has changed" in unchanged.content.decode()
    saved = browser.post(url("item-draft", campaign, judged.pk), wording(query="Half"), follow=True)
    assert "Half</textarea>" in saved.content.decode()
    preview = browser.post(url("item-preview", campaign, judged.pk), wording(query="**Bold**")).content.decode()
    assert "<strong>Bold</strong>" in preview
    assert "**Bold**</textarea>" in preview
    response = browser.post(url("revise", campaign, judged.pk), wording(query="Better"))
    assert response.headers["Location"] == url("home", campaign)
    judged.refresh_from_db()
    assert judged.status == "in_review"
    assert judged.revision is not None
    assert judged.revision.number == 2


@pytest.mark.parametrize("name", ["revise", "item-draft"])
def test_an_item_in_review_takes_no_new_wording(browser: Client, campaign: Campaign, judged: Item, name: str) -> None:
    response = browser.post(url(name, campaign, judged.pk), wording(query="TYPED"))
    assert response.status_code == 409
    assert "TYPED" in response.content.decode()
    assert judged.revisions.count() == 1
