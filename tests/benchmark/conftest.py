"""A campaign with four reviewers, items that they judged, and a reference to leak from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from annotation import actions as annotation
from annotation import leases
from annotation.models import Item
from benchmark import actions
from benchmark.models import Release
from campaigns.models import Campaign, User
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from decontamination.models import Reference
from review import actions as review
from tests.factories import NOW, later, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds

PROMPT = "Write a function that returns the sum of all even numbers in a list of integers"
WORDING = {
    "original": "How is it done?",
    "knowledge": "Files are read line by line.",
    "difficulty": "easy",
    "programming_languages": ["Python"],
    "natural_language": "en",
    "category": "data-structures",
}


@dataclass
class Team:
    campaign: Campaign
    lead: User
    author: User
    reviewers: list[User]
    _made: int = field(default=0)

    def item(self, *valid: bool, document: dict[str, Any] | None = None, **wording: Any) -> Item:
        """A submitted item with these votes, by the reviewers in their order."""
        self._made += 1
        make_seeds(self.campaign, **(document or {}))
        seed = leases.claim_next(campaign=self.campaign, by=self.author, now=NOW)
        assert seed is not None
        fields = {**WORDING, "query": f"How do I count the words of file number {self._made}?", **wording}
        item = annotation.submit(seed=seed, token=seed.lease_token, fields=fields, by=self.author, now=NOW)
        self.vote(item, *valid)
        return item

    def vote(self, item: Item, *valid: bool) -> None:
        item.refresh_from_db()
        assert item.revision is not None
        for reviewer, each in zip(self.reviewers, valid, strict=False):
            review.vote(
                revision=item.revision,
                digest=item.revision.digest,
                clear=each,
                ethical=True,
                solvable=True,
                valid=each,
                rationale="" if each else "SECRET-RATIONALE about Rita",
                by=reviewer,
                now=NOW,
            )
        item.refresh_from_db()

    def rewrite(self, item: Item, **wording: Any) -> None:
        """Send an item back, and hand it in again with another wording."""
        review.send_back(item=item, note="Too broad.", by=self.lead, now=NOW)
        item.refresh_from_db()
        annotation.revise(item=item, fields={**WORDING, **wording}, by=self.author, now=NOW)
        item.refresh_from_db()

    def freeze(self) -> Release:
        return actions.freeze(campaign=self.campaign, by=self.lead, now=later(60))

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
        review.send_back(item=items["returned"], note="Too broad.", by=self.lead, now=NOW)
        review.withdraw(item=items["withdrawn"], note="No.", by=self.lead, now=NOW)
        return items


def make_team(**rules: Any) -> Team:
    campaign = make_campaign(**rules)
    reviewers = [make_reviewer(campaign, first_name=f"Rita-{number}") for number in range(4)]
    return Team(campaign, make_lead(campaign), make_annotator(campaign), reviewers)


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


@pytest.fixture
def reference(db: None) -> Reference:
    return make_reference()


def make_reference(name: str = "toy", text: str = PROMPT) -> Reference:
    loaded, _new = load_reference(name=name, prompts=[Prompt(name, "1", text)], source="toy", by=None, now=NOW)
    return loaded


@pytest.fixture
def bundle_folder(team: Team, reference: Reference, tmp_path: Path) -> Path:
    """A whole bundle on disk."""
    team.mixed()
    actions.write_bundle(team.freeze(), tmp_path / "bundle")
    return tmp_path / "bundle"
