"""Wordings and items for the tests of this folder."""

from typing import Any

from annotation import actions, leases
from annotation.models import Item
from campaigns.models import Campaign, User
from tests.factories import NOW


def wording(**changes: Any) -> dict[str, Any]:
    """Fields that can be handed in."""
    return {
        "original": "How is a list reversed in place?",
        "knowledge": "Swapping from both ends needs no second list.",
        "query": "Write a function that reverses a singly linked list in place and explain its memory use.",
        "difficulty": "medium",
        "programming_languages": ["Python"],
        "natural_language": "en",
        "category": "data-structures",
    } | changes


def write_item(campaign: Campaign, author: User, **changes: Any) -> Item:
    """Claim the next seed and hand in a query for it."""
    seed = leases.claim_next(campaign=campaign, by=author, now=NOW)
    assert seed is not None
    return actions.submit(seed=seed, token=seed.lease_token, fields=wording(**changes), by=author, now=NOW)
