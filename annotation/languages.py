"""The programming languages that a query may be tagged with: `fixtures/languages.json`, the frequent ones first."""

import json
from functools import cache

from django.conf import settings

# So many of the first names are offered at once.
FREQUENT = 16


@cache
def names() -> tuple[str, ...]:
    """In the file's order."""
    entries = json.loads((settings.FIXTURES_DIR / "languages.json").read_text(encoding="utf-8"))
    return tuple(entry["name"] for entry in entries)
