"""Which status may follow which: the tables that `campaigns.transitions.move` obeys."""

from campaigns.transitions import Table

SEED: Table = {
    "drawn": frozenset({"claimed"}),
    "claimed": frozenset({"submitted", "skipped", "drawn"}),
    "skipped": frozenset({"drawn"}),
}

ITEM: Table = {
    "in_review": frozenset({"accepted", "rejected", "returned", "withdrawn"}),
    "accepted": frozenset({"returned", "withdrawn"}),
    "rejected": frozenset({"returned", "withdrawn"}),
    "returned": frozenset({"in_review", "withdrawn"}),
}
