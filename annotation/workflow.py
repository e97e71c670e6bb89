"""Which status may follow which: the tables that `campaigns.transitions.move` obeys."""

from collections.abc import Mapping

SEED: Mapping[str, frozenset[str]] = {
    "drawn": frozenset({"claimed"}),
    "claimed": frozenset({"submitted", "skipped", "drawn"}),
    "skipped": frozenset({"drawn"}),
}

ITEM: Mapping[str, frozenset[str]] = {
    "in_review": frozenset({"accepted", "rejected", "returned", "withdrawn"}),
    "accepted": frozenset({"returned", "withdrawn"}),
    "rejected": frozenset({"returned", "withdrawn"}),
    "returned": frozenset({"in_review", "withdrawn"}),
}
