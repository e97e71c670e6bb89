"""A campaign's rules: the names of its columns that hold them, in the order in which people read them."""

from collections.abc import Sequence
from typing import Any

# By which a query is accepted and a leak is found; a release states them.
RELEASED = ("reviewers", "quorum", "ngram", "cjk_weight")

RULES = (*RELEASED, "seeds_per_category", "random_seed", "lease_minutes")

# What a lead sets beside the rules, on the same form.
CHANGEABLE = ("name", *RULES)


def rules_of(campaign: object, names: Sequence[str] = RULES) -> dict[str, Any]:
    return {name: getattr(campaign, name) for name in names}
