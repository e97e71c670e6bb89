"""A reference to leak from."""

import pytest

from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from decontamination.models import Reference
from tests.factories import NOW

PROMPT = "Write a function that returns the sum of all even numbers in a list of integers"


@pytest.fixture
def reference(db: None) -> Reference:
    return make_reference()


def make_reference(name: str = "toy", text: str = PROMPT) -> Reference:
    loaded, _new = load_reference(name=name, prompts=[Prompt(name, "1", text)], source="toy", by=None, now=NOW)
    return loaded
