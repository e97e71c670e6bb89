"""A campaign with everybody in it, and what they do in few words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotation import actions as annotation
from annotation import leases
from annotation.models import Item, Revision
from benchmark import actions as benchmark
from benchmark.models import Release
from campaigns.models import Campaign, User
from review import actions as review
from review.ballot import FIELDS, Ballot
from review.models import Vote
from tests.factories import NOW, later, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds

WORDING: dict[str, Any] = {
    "original": "How is it done in Python?",
    "knowledge": "Files are read line by line.",
    "query": "How do I count the words of a text file in Python without reading it whole?",
    "difficulty": "easy",
    "programming_languages": ["Python"],
    "natural_language": "en",
    "category": "data-structures",
}


def wording(**changes: Any) -> dict[str, Any]:
    """Fields that can be handed in."""
    return WORDING | changes


def write_item(campaign: Campaign, author: User, *, now: datetime = NOW, **changes: Any) -> Item:
    """Claim the next seed and hand in a query for it."""
    seed = leases.claim_next(campaign=campaign, by=author, now=now)
    assert seed is not None
    return annotation.submit(seed=seed, token=seed.lease_token, fields=wording(**changes), by=author, now=now)


def cast(item: Item, by: User, valid: bool | None = True, *, now: datetime = NOW, **given: Any) -> Vote:
    """A vote on the item's wording as it stands; what is not valid is not clear."""
    assert item.revision is not None
    answers = {"clear": valid is not False, "ethical": True, "solvable": True, "valid": valid}
    rationale = "SECRET-RATIONALE: no input." if valid is False else ""
    said = {"rationale": rationale, **answers} | {name: given.pop(name) for name in FIELDS if name in given}
    fields = {"revision": item.revision, "digest": item.revision.digest, "now": now, **given}
    return review.vote(by=by, ballot=Ballot(**said), **fields)


@dataclass
class Team:
    campaign: Campaign
    lead: User
    author: User
    reviewers: list[User]
    now: datetime = NOW
    _made: int = field(default=0)

    def item(self, *valid: bool, document: dict[str, Any] | None = None, **changes: Any) -> Item:
        """A submitted item with these votes, by the reviewers in their order."""
        self._made += 1
        make_seeds(self.campaign, **(document or {}))
        query = f"How do I count the words of file number {self._made}?"
        item = write_item(self.campaign, self.author, now=self.now, **{"query": query, **changes})
        self.votes(item, valid)
        return item

    def vote(self, item: Item, by: User, valid: bool | None = True, **given: Any) -> Vote:
        return cast(item, by, valid, **{"now": self.now, **given})

    def votes(self, item: Item, valid: Sequence[bool]) -> None:
        for reviewer, each in zip(self.reviewers, valid, strict=False):
            self.vote(item, reviewer, each)
        item.refresh_from_db()

    def sent_back(self, item: Item, query: str = "How do I count the lines of a large file in Python?") -> Revision:
        """The item's next revision, after the lead sent it back."""
        review.send_back(item=item, note="Too broad.", by=self.lead, now=self.now)
        item.refresh_from_db()
        revision = annotation.revise(item=item, fields=wording(query=query), by=self.author, now=self.now)
        item.refresh_from_db()
        return revision

    def freeze(self) -> Release:
        return benchmark.freeze(campaign=self.campaign, by=self.lead, now=later(60))

    def mixed(self) -> dict[str, Item]:
        """An item for every fate but leaking, and a few that are released."""
        items = {
            "first": self.item(True, True, True, False, document={"title": "Wörter zählen", "licence": "CC0-1.0"}),
            "second": self.item(
                True, True, True, True, difficulty="hard", programming_languages=["C++", "Python"], category="security"
            ),
            "chinese": self.item(
                True, False, True, True, query="如何用 Go 统计文件的行数?", natural_language="zh",
                programming_languages=["Go"],
            ),
            "rejected": self.item(True, True, False, False),
            "waiting": self.item(True),
            "returned": self.item(True, True, True, True),
            "withdrawn": self.item(True, True, True, True),
        }  # fmt: skip
        review.send_back(item=items["returned"], note="Too broad.", by=self.lead, now=self.now)
        review.withdraw(item=items["withdrawn"], note="No.", by=self.lead, now=self.now)
        return items


def make_team(reviewers: int = 4, **rules: Any) -> Team:
    campaign = make_campaign(**rules)
    return Team(
        campaign,
        make_lead(campaign, first_name="Lena", last_name="Lead"),
        make_annotator(campaign, first_name="Anna", last_name="Author"),
        [make_reviewer(campaign, first_name=f"Rev{number}", last_name="Judge") for number in range(1, reviewers + 1)],
    )


TeamMaker = Callable[..., Team]
