"""Which programming languages a post is about: by its tags, its fences and, failing those, its words and its code."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sampling.text import fences, snippets

_MOST = 4
_LOOKED_AT = 20_000  # characters of a post; who has not named a language by then will not

# Names that are ordinary words or letters are believed only right before or after a word of the trade.
_ORDINARY = {
    "C", "R", "Go", "Swift", "Dart", "Scheme", "Pascal", "Julia", "Nim", "Zig", "PAD", "Assembly", "React", "Vue",
    "Bootstrap", "general", "Regex", "JSON", "XML", "YAML", "Markdown", "HTML", "CSS", "Makefile", "Groovy",
}  # fmt: skip
_TRADE = r"(?:code|program|script|function|language|programming|compiler|developer|array|class|struct|package)"


@cache
def _names(languages: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, _aliases in languages:
        names[name.lower()] = name
    for name, aliases in languages:
        for alias in aliases:
            names.setdefault(alias.lower(), name)
    return names


def _lexers(name: str) -> list[str]:
    """What a highlighter calls a language, fences do as well: cpp, csharp. Unless it is shared by unlike languages."""
    return [] if name in ("text", "vbnet") else [name]


class ProgrammingLanguages:
    """Finds languages of a list (`name`, `aliases`, `lexer`) in tags, fences and, failing those, in the text."""

    def __init__(self, languages: Sequence[Mapping[str, Any]]) -> None:
        self._known = _names(
            tuple((entry["name"], (*entry["aliases"], *_lexers(entry["lexer"]))) for entry in languages)
        )
        self._named = [
            (entry["name"], re.compile(self._mention(entry["name"])))
            for entry in languages
            if entry["name"] != "general" and "/" not in entry["name"]
        ]

    @staticmethod
    def _mention(name: str) -> str:
        plain = rf"(?<![\w.+#/-]){re.escape(name)}(?![\w+#/-])"
        if name in _ORDINARY:
            return (
                rf"\b(?:in|with|using|for) {plain}(?=[\s?.,:]*(?:$|\n|[?.,:]))|{plain} {_TRADE}\b|{_TRADE} in {plain}"
            )
        return plain

    def _look_up(self, word: str) -> str | None:
        word = word.lower().strip(".")
        if word in self._known:
            return self._known[word]
        versionless = re.sub(r"[-.]?v?\d[\d.x]*$", "", word)
        return self._known.get(versionless) if versionless else None

    def find(self, title: str, text: str, tags: Iterable[str] = ()) -> list[str]:
        found: list[str] = []
        for tag in tags:
            name = self._look_up(tag)
            for part in [tag] if name else tag.split("/"):
                name = self._look_up(part)
                if name:
                    found.append(name)
        blocks = list(fences.blocks(text[:_LOOKED_AT]))
        code = [block for block in blocks if block.is_code]
        found += [name for block in code if (name := self._look_up(block.language.strip("`")[:60]))]
        found = _distinct(found)
        if found:
            return found[:_MOST]
        prose = "".join(block.text for block in blocks if not block.is_code)
        found = self._mentioned(title) or self._mentioned(prose)
        if not found:
            shown = "\n".join(block.code for block in code) or text[:_LOOKED_AT]
            found = snippets.languages(shown, self._look_up)
        return _distinct(found)[:_MOST]

    def _mentioned(self, prose: str) -> list[str]:
        return [name for name, mention in self._named if name in prose and mention.search(prose)]


def _distinct(names: Iterable[str]) -> list[str]:
    """In order, and without the general where the particular is named as well."""
    found = list(dict.fromkeys(names))
    if len(found) > 1 and "general" in found:
        found.remove("general")
    return found
