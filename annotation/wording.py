"""What reviewers judge: one wording of a query with its tags, its limits, and the digest that votes are bound to.

Two wordings have the same digest exactly if a reviewer could not tell them apart: Unicode composition, line ends,
blank margins and the order of the languages do not count; every other character does.
"""

import hashlib
import json
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

FIELDS = ("original", "knowledge", "query", "difficulty", "programming_languages", "natural_language", "category")

# Characters. The query's is far above the longest question of the paper; a longer one is a pasted file.
LONGEST = {"original": 30_000, "knowledge": 4_000, "query": 20_000}
MOST_LANGUAGES = 8
# Stands for "no particular language", and therefore alone.
GENERAL = "general"

Problem = Literal["missing", "too_long", "too_many", "unknown", "general_not_alone"]


def normalise(text: str) -> str:
    """NFC with plain newlines and without margins; what no database keeps (NUL, lone surrogates) is taken out."""
    text = text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


@dataclass(frozen=True)
class Wording:
    query: str
    original: str
    knowledge: str
    difficulty: str
    programming_languages: tuple[str, ...]
    natural_language: str
    category: str

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Wording":
        """From fields as they were typed, or as they lie in a file; a field that is not there is empty."""
        languages = fields.get("programming_languages") or ()
        if isinstance(languages, str):
            languages = (languages,)
        texts = {name: normalise(str(fields.get(name) or "")) for name in FIELDS if name != "programming_languages"}
        return cls(programming_languages=tuple(sorted({normalise(str(name)) for name in languages} - {""})), **texts)

    def digest(self) -> str:
        canonical = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def problems(
        self,
        *,
        difficulties: Collection[str],
        natural_languages: Collection[str],
        languages: Collection[str],
        categories: Collection[str],
    ) -> dict[str, Problem]:
        """By field, what keeps this wording from being handed in; empty if nothing does."""
        found: dict[str, Problem] = {}
        for name, longest in LONGEST.items():
            text: str = getattr(self, name)
            if not text:
                found[name] = "missing"
            elif len(text) > longest:
                found[name] = "too_long"
        closed = {"difficulty": difficulties, "natural_language": natural_languages, "category": categories}
        for name, known in closed.items():
            value = getattr(self, name)
            if not value:
                found[name] = "missing"
            elif value not in known:
                found[name] = "unknown"
        chosen = self.programming_languages
        if not chosen:
            found["programming_languages"] = "missing"
        elif not set(chosen) <= set(languages):
            found["programming_languages"] = "unknown"
        elif GENERAL in chosen and len(chosen) > 1:
            found["programming_languages"] = "general_not_alone"
        elif len(chosen) > MOST_LANGUAGES:
            found["programming_languages"] = "too_many"
        return found
