"""Reviewers' and leads' pages, with and without HTMX."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from campaigns.models import User
from review import actions
from review.models import Decision, Seat, Vote
from tests.factories import NOW
from tests.team import WORDING, Team, TeamMaker

HTMX = {"headers": {"HX-Request": "true"}}
VALID = {"clear": "yes", "ethical": "yes", "solvable": "yes", "valid": "yes", "rationale": ""}
TYPED = "The file it speaks of is <b>not</b> given & cannot be guessed."
INVALID = VALID | {"clear": "no", "valid": "no", "rationale": TYPED}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(team: Team, name: str, *args: Any) -> str:
    return reverse(f"review:{name}", args=[team.campaign.slug, *args])


def vote_url(team: Team, item: Any) -> str:
    return url(team, "vote", item.revision_id)


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def reviewer(team: Team) -> Client:
    return signed_in(team.reviewers[0])


@pytest.fixture
def lead(team: Team) -> Client:
    return signed_in(team.lead)


class TestJudging:
    def test_from_the_queue_to_an_item_to_a_vote_to_the_next_item(self, team: Team, reviewer: Client) -> None:
        first, second = team.item(), team.item()
        assert "Judge the next" in text(reviewer.get(url(team, "queue")))
        response = reviewer.post(url(team, "claim"))
        assert response.status_code == 302
        assert response.url == url(team, "revision", first.revision_id)  # type: ignore[attr-defined]
        page = text(reviewer.get(response.url))  # type: ignore[attr-defined]
        assert "file number 1?" in page
        assert f'value="{first.revision.digest}"' in page  # type: ignore[union-attr]
        response = reviewer.post(vote_url(team, first), VALID | {"digest": first.revision.digest})  # type: ignore[union-attr]
        assert response.url == url(team, "revision", second.revision_id)  # type: ignore[attr-defined]
        page = text(reviewer.get(response.url))  # type: ignore[attr-defined]
        assert "Recorded: valid." in page
        assert url(team, "revision", first.revision_id) in page
        assert Vote.objects.get().reviewer == team.reviewers[0]

    def test_after_the_last_item_back_to_the_queue(self, team: Team, reviewer: Client) -> None:
        item = team.item()
        response = reviewer.post(vote_url(team, item), VALID | {"digest": item.revision.digest}, follow=True)  # type: ignore[union-attr]
        assert response.redirect_chain == [(url(team, "queue"), 302)]
        assert "Nothing waits for you" in text(response)
        assert "not decided yet" in text(response)

    def test_htmx_gets_the_next_item_as_a_fragment_with_its_address(self, team: Team, reviewer: Client) -> None:
        first, second = team.item(), team.item()
        reviewer.post(url(team, "claim"))
        data = VALID | {"digest": first.revision.digest}  # type: ignore[union-attr]
        response = reviewer.post(vote_url(team, first), data, follow=True, **HTMX)  # type: ignore[arg-type]
        assert response.headers["HX-Push-Url"] == url(team, "revision", second.revision_id)
        assert "<html" not in text(response)
        assert 'id="judging"' in text(response)
        assert 'id="messages"' in text(response)
        assert "Recorded: valid." in text(response)

    def test_htmx_is_sent_back_to_the_queue_after_the_last(self, team: Team, reviewer: Client) -> None:
        item = team.item()
        response = reviewer.post(vote_url(team, item), VALID | {"digest": item.revision.digest}, **HTMX)  # type: ignore[union-attr, arg-type]
        assert response.headers["HX-Redirect"] == url(team, "queue")

    @pytest.mark.parametrize("htmx", [{}, HTMX])
    def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_is_kept(
        self, team: Team, reviewer: Client, htmx: dict[str, Any]
    ) -> None:
        item = team.item()
        reviewer.post(url(team, "claim"))
        data = {"clear": "no", "valid": "yes", "rationale": TYPED, "digest": item.revision.digest}  # type: ignore[union-attr]
        response = reviewer.post(vote_url(team, item), data, **htmx)
        page = text(response)
        assert response.status_code == 422
        assert page.count("Answer this.") == 2
        assert "passes the whole checklist" in page
        assert "&lt;b&gt;not&lt;/b&gt; given &amp; cannot" in page
        assert 'name="clear" value="no" data-key="1" checked' in " ".join(page.split())
        assert ("<html" in page) is (not htmx)
        assert not Vote.objects.exists()

    def test_an_invalid_vote_without_a_rationale_is_asked_for_one(self, team: Team, reviewer: Client) -> None:
        item = team.item()
        reviewer.post(url(team, "claim"))
        data = INVALID | {"rationale": " ", "digest": item.revision.digest}  # type: ignore[union-attr]
        response = reviewer.post(vote_url(team, item), data)
        assert response.status_code == 422
        assert "Say what makes it invalid" in text(response)

    @pytest.mark.parametrize("htmx", [{}, HTMX])
    @pytest.mark.parametrize("cause", ["reworded", "decided", "no seat", "voted"])
    def test_a_vote_that_comes_too_late_is_told_so_with_its_rationale(
        self, new_team: TeamMaker, cause: str, htmx: dict[str, Any]
    ) -> None:
        team = new_team(reviewers=5)
        reviewer = signed_in(team.reviewers[4])
        item = team.item()
        address, data = vote_url(team, item), INVALID | {"digest": item.revision.digest}  # type: ignore[union-attr]
        if cause == "reworded":
            team.sent_back(item)
        elif cause == "decided":
            team.votes(item, [True] * 4)
        elif cause == "voted":
            team.vote(item, team.reviewers[4], valid=True)
        else:
            from django.utils import timezone

            for by in team.reviewers[:4]:
                assert actions.take_seat(campaign=team.campaign, by=by, now=timezone.now())
        votes = Vote.objects.count()
        response = reviewer.post(address, data, **htmx)
        assert response.status_code == 409
        assert "&lt;b&gt;not&lt;/b&gt; given" in text(response)
        assert 'id="typed"' in text(response)
        assert Vote.objects.count() == votes

    def test_ones_own_vote_can_be_read_again_but_not_changed(self, team: Team, reviewer: Client) -> None:
        item = team.item()
        team.vote(item, team.reviewers[0], valid=False)
        page = text(reviewer.get(url(team, "revision", item.revision_id)))
        assert "SECRET-RATIONALE" in page
        assert 'name="valid"' not in page

    def test_without_a_seat_there_is_nothing_to_fill_in_and_looking_takes_none(
        self, team: Team, reviewer: Client
    ) -> None:
        item = team.item()
        page = text(reviewer.get(url(team, "revision", item.revision_id)))
        assert "You hold no seat" in page
        assert 'name="valid"' not in page
        assert not Seat.objects.exists()

    def test_ones_own_item_is_forbidden(self, team: Team) -> None:
        from campaigns.actions import add_member

        add_member(campaign=team.campaign, user=team.author, role="reviewer", by=None, now=NOW)
        item, client = team.item(), signed_in(team.author)
        assert client.get(url(team, "revision", item.revision_id)).status_code == 403
        assert client.post(vote_url(team, item), VALID).status_code == 403

    def test_an_item_of_another_campaign_is_not_there(self, team: Team, reviewer: Client, new_team: TeamMaker) -> None:
        other = new_team().item()
        assert reviewer.get(url(team, "revision", other.revision_id)).status_code == 404
        assert reviewer.post(vote_url(team, other), VALID).status_code == 404

    def test_the_author_is_never_named(self, team: Team, reviewer: Client) -> None:
        item = team.item()
        pages = [text(reviewer.get(url(team, "queue")))]
        reviewer.post(url(team, "claim"))
        pages.append(text(reviewer.get(url(team, "revision", item.revision_id))))
        team.votes(item, [True] * 4)
        pages.append(text(reviewer.get(url(team, "revision", item.revision_id))))
        pages.append(text(reviewer.get(url(team, "queue"))))
        for page in pages:
            assert "Author" not in page
            assert team.author.username not in page

    def test_scraped_and_written_text_is_made_safe(self, team: Team, reviewer: Client) -> None:
        item = team.item(query="<script>alert(1)</script> What does `x` do?", original="<img src=x onerror=alert(1)>")
        reviewer.post(url(team, "claim"))
        page = text(reviewer.get(url(team, "revision", item.revision_id)))
        assert "<script>alert" not in page
        assert "<img src=x" not in page

    def test_the_queue_page_costs_the_same_whatever_its_length(
        self, team: Team, reviewer: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(12):
            team.vote(team.item(), team.reviewers[0])
            team.item(True, True, False, True)
        with django_assert_max_num_queries(11):
            assert reviewer.get(url(team, "queue")).status_code == 200

    def test_the_item_page_has_few_queries(
        self, team: Team, reviewer: Client, django_assert_max_num_queries: Any
    ) -> None:
        item = team.item(True, True, False, True)
        cache.clear()
        with django_assert_max_num_queries(11):
            assert reviewer.get(url(team, "revision", item.revision_id)).status_code == 200


class TestLeadsPages:
    def test_items_are_filtered_searched_and_told_by_page(self, team: Team, lead: Client) -> None:
        accepted = team.item(True, True, True, True, query="How is a heap built in place?", difficulty="hard")
        waiting = team.item(query="Why does my regex 100% backtrack?", category="security")
        address = url(team, "items")

        def found(**wanted: str) -> set[int]:
            page = text(lead.get(address, wanted))
            return {each.pk for each in (accepted, waiting) if url(team, "item", each.pk) in page}

        both = {accepted.pk, waiting.pk}
        assert found() == found(status="nonsense", page="99") == both
        assert found(status="accepted") == found(difficulty="hard") == found(search="HEAP") == {accepted.pk}
        assert found(major="Specialized Computing Areas") == found(search="100%") == {waiting.pk}
        assert found(status="accepted", search="100%") == set()
        assert found(search="%") == {waiting.pk}
        assert lead.get(address, {"search": "heap\0"}).status_code == 400

    def test_htmx_gets_the_list_alone(self, team: Team, lead: Client) -> None:
        team.item()
        page = text(lead.get(url(team, "items"), **HTMX))  # type: ignore[arg-type]
        assert "<html" not in page
        assert "<table" in page

    def test_the_list_costs_the_same_whatever_its_length(
        self, team: Team, lead: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(8):
            team.item(True, True)
        with django_assert_max_num_queries(9):
            assert lead.get(url(team, "items")).status_code == 200

    def test_a_decided_item_shows_who_voted_how(self, team: Team, lead: Client) -> None:
        item = team.item(True, True, True, False)
        page = text(lead.get(url(team, "item", item.pk)))
        assert "3 of 4 votes valid, 3 needed" in page
        assert "SECRET-RATIONALE" in page
        assert "Rev4 Judge" in page
        assert "Anna Author" in page

    def test_sent_back_with_a_note_then_revised_both_wordings_are_told(self, team: Team, lead: Client) -> None:
        item = team.item(False, False, True, True)
        response = lead.post(url(team, "return", item.pk), {"note": "Name the <input>."}, follow=True)
        assert response.redirect_chain == [(url(team, "item", item.pk), 302)]
        assert "Name the &lt;input&gt;." in text(response)
        item.refresh_from_db()
        assert item.status == "returned"
        from annotation import actions as annotation

        again = {**WORDING, "query": "How are the words of one line counted in Python?"}
        annotation.revise(item=item, fields=again, by=team.author, now=NOW)
        page = text(lead.get(url(team, "item", item.pk)))
        assert "Wording 2" in page
        assert "Wording 1" in page
        assert "0 of 4 votes are in" in page

    def test_a_note_is_asked_for(self, team: Team, lead: Client) -> None:
        item = team.item()
        for name in ("return", "withdraw"):
            response = lead.post(url(team, name, item.pk), {"note": " "})
            assert response.status_code == 422
            assert "Say why" in text(response)
        assert not Decision.objects.exists()

    def test_withdrawn_for_good(self, team: Team, lead: Client) -> None:
        item = team.item()
        assert "Withdraw it for good" in text(lead.get(url(team, "item", item.pk)))
        page = text(lead.post(url(team, "withdraw", item.pk), {"note": "Licence."}, follow=True))
        assert "Withdraw it for good" not in page
        item.refresh_from_db()
        assert item.status == "withdrawn"
        page = text(lead.post(url(team, "return", item.pk), {"note": "Come back"}, follow=True))
        assert "Come back" in page
        assert "withdrawn by now" in page


class TestAccess:
    REVIEWERS = [("get", "queue"), ("post", "claim"), ("get", "revision"), ("post", "vote")]
    LEADS = [("get", "items"), ("get", "item"), ("post", "return"), ("post", "withdraw")]

    def status(self, team: Team, client: Client, method: str, name: str) -> int:
        item = team.campaign.items.first() or team.item()
        ids = {"revision": [item.revision_id], "vote": [item.revision_id]}
        ids |= {name: [item.pk] for name in ("item", "return", "withdraw")}
        return int(getattr(client, method)(url(team, name, *ids.get(name, []))).status_code)

    @pytest.mark.parametrize(("method", "name"), REVIEWERS + LEADS)
    def test_only_those_with_the_role(self, team: Team, method: str, name: str) -> None:
        may = team.reviewers[0] if (method, name) in self.REVIEWERS else team.lead
        for user in (team.reviewers[0], team.author, team.lead):
            status = self.status(team, signed_in(user), method, name)
            assert (status == 403) is (user != may)

    @pytest.mark.parametrize(("method", "name"), [*REVIEWERS, *LEADS, ("get", "dashboard")])
    def test_strangers_and_visitors(self, team: Team, new_team: TeamMaker, method: str, name: str) -> None:
        assert self.status(team, signed_in(new_team().lead), method, name) == 404
        assert self.status(team, Client(), method, name) == 302

    @pytest.mark.parametrize("name", ["claim", "vote", "return", "withdraw"])
    def test_writes_need_a_post(self, team: Team, name: str) -> None:
        user = team.reviewers[0] if name in ("claim", "vote") else team.lead
        assert self.status(team, signed_in(user), "get", name) == 405
