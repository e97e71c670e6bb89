"""The dashboard's numbers, counted by hand, and the pages and charts that show them."""

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import User
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from foundation import charts
from review import actions, statistics
from review.agreement import Pairs
from review.statistics import Funnel, VoteCount
from tests.factories import NOW
from tests.team import Team, TeamMaker

pytestmark = pytest.mark.django_db

DASHBOARD_QUERIES = 22
LEAK = "Write a function that returns the sum of all even numbers in a list of integers."


@pytest.fixture
def busy(team: Team) -> Team:
    """Accepted 4:0 and 3:1 (the latter leaks), rejected 2:2, one with two votes, one sent back, one withdrawn."""
    team.item(True, True, True, True, difficulty="hard", programming_languages=["C", "Python"])
    team.item(True, True, True, False, query=f"{LEAK} In Rust.", programming_languages=["Rust"], category="security")
    team.item(True, False, True, False, natural_language="zh")
    team.item(False, True)
    actions.send_back(item=team.item(True, True, True, True), note="Too broad.", by=team.lead, now=NOW)
    actions.withdraw(item=team.item(True, True, True, False), note="Licence.", by=team.lead, now=NOW)
    load_reference(name="even", prompts=[Prompt("even", "1", LEAK)], source="even.jsonl", by=None, now=NOW)
    return team


def page(team: Team, user: User, **query: str) -> str:
    client = Client()
    client.force_login(user)
    return str(client.get(reverse("review:dashboard", args=[team.campaign.slug]), query).content.decode())


def test_the_funnel(busy: Team, new_team: TeamMaker) -> None:
    new_team().item(True, True, True, True)
    funnel = Funnel(documents=6, seeds=6, queries=6, decided=3, accepted=2, clean=1, released=0)
    assert statistics.funnel(busy.campaign) == funnel


def test_what_the_newest_release_holds_is_told_by_the_releases(busy: Team) -> None:
    release = busy.freeze()
    assert statistics.funnel(busy.campaign).released == release.items.count() == 1
    busy.item(True, True, True, True)
    assert statistics.funnel(busy.campaign).released == 1
    busy.freeze()
    assert statistics.funnel(busy.campaign).released == 2


def test_documents_are_those_of_every_corpus_drawn_from_once_each(team: Team) -> None:
    assert statistics.funnel(team.campaign).documents == 0
    team.item()
    seed = team.campaign.seeds.get()
    team.campaign.draws.create(
        corpus=seed.draw.corpus, run=seed.draw.run, per_category=1, seed=1, inputs_digest="0" * 64,
        index_digest="0" * 64, created_at=NOW,
    )  # fmt: skip
    assert statistics.funnel(team.campaign).documents == 1


def test_the_vote_distribution_is_of_decided_wordings_whatever_became_of_them(busy: Team) -> None:
    rows = statistics.vote_distribution(busy.campaign)
    assert rows == [VoteCount(valid, 4, items) for valid, items in enumerate([0, 0, 1, 2, 2])]


def test_agreement_is_of_decided_wordings(busy: Team) -> None:
    found = statistics.agreement_of(statistics.vote_table(busy.campaign))
    # 6 of 6, 3 of 6, 2 of 6, 6 of 6 and 3 of 6 pairs; 16 of 20 votes are valid.
    assert found.pairs == Pairs(agreeing=20, total=30, items=5)
    expected = (16 / 20) ** 2 + (4 / 20) ** 2
    assert found.fleiss_kappa == pytest.approx((20 / 30 - expected) / (1 - expected))
    assert found.krippendorff_alpha == pytest.approx(1 - (10 / 30) / (2 * 16 * 4 / (20 * 19)))


def test_the_vote_table_holds_each_vote_once_in_order(busy: Team) -> None:
    table = statistics.vote_table(busy.campaign)
    assert tuple(table.columns) == statistics.VOTE_COLUMNS
    assert len(table) == 20
    assert table["item"].is_monotonic_increasing
    assert table["seat"].tolist() == [1, 2, 3, 4] * 5
    assert table["valid"].tolist() == [True] * 7 + [False] + [True, False, True, False] + [True] * 7 + [False]
    assert len(statistics.vote_table(busy.campaign, decided_only=False)) == 22


def test_votes_on_an_earlier_wording_stay_in_the_numbers(team: Team) -> None:
    item = team.item(False, False, False, False)
    team.sent_back(item)
    item.refresh_from_db()
    assert statistics.vote_table(team.campaign)["valid"].tolist() == [False] * 4
    assert [row.wordings for row in statistics.vote_distribution(team.campaign)] == [1, 0, 0, 0, 0]
    team.votes(item, [True] * 4)
    assert statistics.vote_table(team.campaign)["valid"].tolist() == [False] * 4 + [True] * 4
    assert [row.wordings for row in statistics.vote_distribution(team.campaign)] == [1, 0, 0, 0, 1]


def test_difficulty_by_major_in_the_order_of_the_taxonomy(busy: Team) -> None:
    rows = statistics.difficulty_by_major(busy.campaign, "queries")
    assert len(rows) == 7
    assert rows[0].major == "User Interface and User Experience"
    counts = {row.major: (row.easy, row.medium, row.hard) for row in rows if row.total}
    assert counts == {"Development and Programming": (4, 0, 1), "Specialized Computing Areas": (1, 0, 0)}
    accepted = {row.major: row.total for row in statistics.difficulty_by_major(busy.campaign, "accepted") if row.total}
    assert accepted == {"Development and Programming": 1, "Specialized Computing Areas": 1}


def test_languages(busy: Team) -> None:
    assert statistics.programming_languages(busy.campaign, "queries") == [("Python", 5), ("C", 1), ("Rust", 1)]
    assert statistics.programming_languages(busy.campaign, "accepted") == [("C", 1), ("Python", 1), ("Rust", 1)]
    assert statistics.natural_languages(busy.campaign, "queries") == [("English", 5), ("Chinese", 1)]


def test_the_progress_of_annotators(busy: Team) -> None:
    (row,) = statistics.annotators(busy.campaign)
    assert (row.queries, row.in_review, row.accepted, row.rejected, row.returned, row.withdrawn) == (6, 1, 2, 1, 1, 1)
    assert row.acceptance == pytest.approx(2 / 3)


def test_the_progress_of_reviewers(busy: Team) -> None:
    rows = statistics.reviewers(busy.campaign, statistics.vote_table(busy.campaign))
    assert [row.user for row in rows] == busy.reviewers
    assert [row.votes for row in rows] == [6, 6, 5, 5]
    assert [row.decided_votes for row in rows] == [5] * 4
    assert [row.valid_share for row in rows] == pytest.approx([1, 4 / 5, 1, 2 / 5])
    assert [row.agreement for row in rows] == [Pairs(11, 15, 5)] * 3 + [Pairs(7, 15, 5)]


def test_nothing_at_all_is_undefined_rather_than_zero(team: Team) -> None:
    found = statistics.agreement_of(statistics.vote_table(team.campaign))
    assert (found.pairs.share, found.fleiss_kappa, found.krippendorff_alpha) == (None, None, None)
    rows = statistics.reviewers(team.campaign, statistics.vote_table(team.campaign))
    assert [row.valid_share for row in rows] == [None] * 4
    html = page(team, team.lead)
    assert html.count("undefined") >= 3 + 4 * 2 + 1
    assert "No item is decided yet." in html


def test_leads_see_names_and_others_numbers_and_themselves(busy: Team) -> None:
    words = page(busy, busy.lead).replace("<", ">").split(">")
    assert {"Anna Author", "Rev1 Judge"} <= {" ".join(each.split()) for each in words}
    for user in (busy.author, busy.reviewers[1]):
        html = page(busy, user).split("<main", 1)[1]
        assert "Judge" not in html
        assert "Anna" not in html
        assert "Annotator 1" in html
        assert "Reviewer 4" in html
        assert html.count(">you</span>") == 1


def test_the_page_says_the_numbers_and_what_each_chart_shows(busy: Team) -> None:
    html = page(busy, busy.reviewers[0])
    assert "66.7 %" in html
    assert "Of 6 queries, 2 are accepted, 1 of them share no words with a reference, and 0 are released." in html
    assert "5 decided wordings by the number of their valid votes." in html
    assert html.count('media="(prefers-color-scheme: dark)"') == html.count("<picture>") == 5
    assert "of=accepted" in page(busy, busy.lead, of="accepted").split('id="queries"')[1]


def test_a_dashboard_without_references_says_so(team: Team) -> None:
    assert "No reference prompts are loaded" in page(team, team.lead)


def test_the_dashboard_costs_the_same_whatever_the_size(busy: Team, django_assert_num_queries: Any) -> None:
    client = Client()
    client.force_login(busy.lead)
    address = reverse("review:dashboard", args=[busy.campaign.slug])
    client.get(address)  # opens the index of references
    with django_assert_num_queries(DASHBOARD_QUERIES):
        client.get(address)
    for _ in range(4):
        busy.item(True, True, False, False)
    with django_assert_num_queries(DASHBOARD_QUERIES):
        client.get(address)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["funnel", "votes", "difficulty", "programming-languages", "natural-languages"])
def test_charts_are_private_svg(busy: Team, name: str, theme: str) -> None:
    client = Client()
    client.force_login(busy.reviewers[0])
    response = client.get(reverse("review:chart", args=[busy.campaign.slug, name]), {"theme": theme})
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert set(response.headers["Cache-Control"].split(", ")) == {"private", "no-cache"}
    assert ElementTree.fromstring(response.content).tag.endswith("svg")


def test_there_is_no_other_chart(team: Team) -> None:
    client = Client()
    client.force_login(team.lead)
    assert client.get(reverse("review:chart", args=[team.campaign.slug, "secrets"])).status_code == 404


def test_a_chart_shows_every_row_with_its_number_in_the_order_given() -> None:
    rows = [("Zebra", 7), ("Ape & <co>", 1234), ("编程", 0)]
    words = [
        element.text for element in ElementTree.fromstring(charts.bars(rows, theme="light", value="things")).iter()
    ]
    texts = [word for word in words if word]
    assert [word for word in texts if word in dict(rows)] == ["Zebra", "Ape & <co>", "编程"]
    assert {"7", "1,234", "0", "things"} <= set(texts)


def test_light_and_dark_differ_and_drawing_again_gives_the_same() -> None:
    rows = [("one", (1, 2, 3))]
    light, dark = (charts.stacked(rows, ["Easy", "Medium", "Hard"], theme=t, value="n") for t in charts.THEMES)
    assert light != dark
    assert light == charts.stacked(rows, ["Easy", "Medium", "Hard"], theme="light", value="n")


def test_no_rows_make_an_empty_chart() -> None:
    for svg in (
        charts.bars([], theme="light", value="n"),
        charts.stacked([], ["a", "b", "c"], theme="dark", value="n"),
    ):
        assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_sending_contested_items_back_does_not_raise_the_agreement(team: Team) -> None:
    contested = team.item(True, True, False, False)
    team.item(True, True, True, True)
    before = statistics.agreement_of(statistics.vote_table(team.campaign)).pairs
    actions.send_back(item=contested, note="Say more.", by=team.lead, now=NOW)
    assert statistics.agreement_of(statistics.vote_table(team.campaign)).pairs == before
    assert sum(row.wordings for row in statistics.vote_distribution(team.campaign)) == 2
