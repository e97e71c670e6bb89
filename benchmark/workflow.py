"""Which status may follow which: the table that `campaigns.transitions.move` obeys."""

from campaigns.transitions import Table

RELEASE: Table = {"draft": frozenset({"frozen"})}
