"""What a reviewer says of a wording, and what keeps it from being a vote."""

from dataclasses import dataclass
from typing import Any, Literal

# The one list of what a ballot asks: columns, forms and tables follow it.
CHECKLIST = ("clear", "ethical", "solvable")
ANSWERS = (*CHECKLIST, "valid")
FIELDS = (*ANSWERS, "rationale")
LONGEST_RATIONALE = 4_000  # characters

Problem = Literal["missing", "fails_the_checklist", "needs_a_rationale", "too_long"]


@dataclass(frozen=True)
class Ballot:
    """None is a question not answered yet: neither yes nor no is taken for granted."""

    clear: bool | None
    ethical: bool | None
    solvable: bool | None
    valid: bool | None
    rationale: str = ""

    @classmethod
    def of(cls, said: Any) -> "Ballot":
        """From anything that has its fields, such as a vote."""
        return cls(**{name: getattr(said, name) for name in FIELDS})

    def problems(self) -> dict[str, Problem]:
        """By field, what is wrong with it; empty for a ballot that may be cast."""
        found: dict[str, Problem] = {name: "missing" for name in ANSWERS if getattr(self, name) is None}
        if self.valid and any(getattr(self, name) is False for name in CHECKLIST):
            found["valid"] = "fails_the_checklist"
        if self.valid is False and not self.rationale:
            found["rationale"] = "needs_a_rationale"
        elif len(self.rationale) > LONGEST_RATIONALE:
            found["rationale"] = "too_long"
        return found
