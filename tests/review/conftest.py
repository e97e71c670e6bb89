"""A campaign with four reviewers, and items to judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from annotation import actions as annotation
from annotation import leases
from annotation.models import Item, Revision
from campaigns.models import Campaign, User
from review import actions
from review.models import Vote
from tests.factories import NOW, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds

WORDING = {
    "original": "How is it done in Python?",
    "knowledge": "Lists know their length.",
    "query": "How do I count the words of a text file in Python without reading it whole?",
    "difficulty": "easy",
    "programming_languages": ["Python"],
    "natural_language": "en",
    "category": "data-structures",
}


@dataclass
class Team:
    """Everybody in one campaign, and what they do in few words."""

    campaign: Campaign
    lead: User
    author: User
    reviewers: list[User]
    now: datetime = NOW
    _made: int = field(default=0)

    def item(self, **wording: Any) -> Item:
        self._made += 1
        make_seeds(self.campaign)
        seed = leases.claim_next(campaign=self.campaign, by=self.author, now=self.now)
        assert seed is not None
        fields = {**WORDING, "query": f"{WORDING['query']} Variant {self._made}.", **wording}
        return annotation.submit(seed=seed, token=seed.lease_token, fields=fields, by=self.author, now=self.now)

    def vote(self, item: Item, by: User, valid: bool | None = True, **given: Any) -> Vote:
        assert item.revision is not None
        given = {"digest": item.revision.digest, "now": self.now, **ballot(valid is not False), "valid": valid, **given}
        return actions.vote(revision=given.pop("revision", item.revision), by=by, **given)

    def judged(self, *valid: bool, **wording: Any) -> Item:
        """An item with these votes, by the reviewers in their order."""
        item = self.item(**wording)
        self.votes(item, valid)
        item.refresh_from_db()
        return item

    def votes(self, item: Item, valid: Sequence[bool]) -> None:
        for reviewer, each in zip(self.reviewers, valid, strict=False):
            self.vote(item, reviewer, each)

    def sent_back(self, item: Item, query: str = "How do I count the lines of a large file in Python?") -> Revision:
        """The item's next revision, after a lead sent it back."""
        actions.send_back(item=item, note="Too broad.", by=self.lead, now=self.now)
        item.refresh_from_db()
        return annotation.revise(item=item, fields={**WORDING, "query": query}, by=self.author, now=self.now)


def ballot(valid: bool) -> dict[str, Any]:
    if valid:
        return {"clear": True, "ethical": True, "solvable": True, "valid": True}
    return {
        "clear": False,
        "ethical": True,
        "solvable": True,
        "valid": False,
        "rationale": "SECRET-RATIONALE: no input.",
    }


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


def make_team(reviewers: int = 4, **rules: Any) -> Team:
    campaign = make_campaign(**rules)
    return Team(
        campaign,
        make_lead(campaign, first_name="Lena", last_name="Lead"),
        make_annotator(campaign, first_name="Anna", last_name="Author"),
        [make_reviewer(campaign, first_name=f"Rev{number}", last_name="Judge") for number in range(1, reviewers + 1)],
    )


TeamMaker = Callable[..., Team]


@pytest.fixture
def new_team(db: None) -> TeamMaker:
    return make_team
