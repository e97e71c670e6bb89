"""Which programming languages and which natural language a post is about or in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sampling import fences

_MOST = 4
_LOOKED_AT = 20_000  # characters of a post; who has not named a language by then will not

# Only where tags and fences say nothing: code that can be of one language alone.
_CUES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.MULTILINE))
    for name, pattern in (
        (
            "C#",
            r"^[ \t]{0,80}using System(?:\.|;)|Console\.Write"
            r"|\bnamespace \w[\w.]{0,80}\s{0,9}\{[\s\S]{0,500}\bpublic class",
        ),
        ("Java", r"\bpublic static void main\(String|System\.out\.print|^import java[x.]|\bprivate final \w+ \w+;"),
        ("PHP", r"<\?php|\$\w{1,60}\s{0,9}=\s{0,9}\$_(?:GET|POST|SERVER)|\bmysqli?_query\("),
        ("C++", r"#include\s{0,9}<(?:iostream|vector|string|map|memory|algorithm)>|\bstd::|\bcout\s{0,9}<<"),
        ("C", r"#include\s{0,9}<(?:stdio|stdlib|string|unistd)\.h>|\bprintf\(\"|\bmalloc\("),
        ("Rust", r"\bfn \w{1,60}[^{]{0,200}?->|\blet mut \w|\bprintln!\("),
        ("Go", r"^package \w+$|\bfunc (?:\(\w[^)\n]{0,80}\) ?)?\w{1,60}\([^)]{0,200}\)[^{\n]{0,80}\{|\w, err :="),
        ("Kotlin", r"\bfun \w{1,60}\([^)]{0,200}\)(?:: \w{1,60})? ?[={]|\bval \w{1,60} ?(?:: \w{1,60})? ?= "),
        ("Swift", r"\bguard let \w|\bfunc \w{1,60}\([^)]{0,200}\) -> \w|\bimport (?:UIKit|SwiftUI|Foundation)\b"),
        (
            "TypeScript",
            r"\binterface \w{1,60} \{[^}]{0,300}?\w\??: (?:string|number|boolean)"
            r"|: (?:string|number|boolean)(?:\[\])?[;,)]",
        ),
        (
            "Python",
            r"^[ \t]{0,80}def \w{1,80}\(.{0,300}:[ \t]{0,9}$"
            r"|^[ \t]{0,80}(?:from [\w.]{1,80} )?import \w[\w., ]{0,200}$|\bprint\(f?[\"']|^>>> |\bself\.\w",
        ),
        (
            "JavaScript",
            r"\b(?:const|let|var) \w{1,60} ?= ?(?:require\(|function|document\.|\(|\[|\{)|=> \{|console\.log\(",
        ),
        ("SQL", r"(?i)\bselect\b[\s\S]{1,300}\bfrom\b\s{1,9}\w|\bcreate table\b|\binsert into\b|\bleft join\b"),
        ("R", r"\w <- (?:c|function|data\.frame|read\.)\(|\blibrary\(\w+\)|%>%"),
        ("HTML", r"(?i)<!doctype html>|<(?:div|span|form|table|input)\b[^>]{0,200}\b(?:class|id|type)="),
        ("CSS", r"^[.#]?[\w-]{1,60}(?: [.#]?[\w-]{1,60}){0,4} ?\{[ \t]{0,9}\n\s{0,20}[\w-]{1,40}:[^;{}]{1,200};"),
        ("Bash", r"^#!/bin/(?:ba)?sh|^\$ (?:sudo|cd|ls|git|apt|curl|grep)\b|\bfi$|; then$"),
    )
)
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


class Programming:
    """Finds the languages of a given list (`name`, `aliases`) in tags, fences and, failing those, in the text."""

    def __init__(self, languages: Sequence[Mapping[str, Any]]) -> None:
        self._known = _names(tuple((entry["name"], tuple(entry["aliases"])) for entry in languages))
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
            found = next(([name] for name, cue in _CUES if cue.search(shown)), [])
        return _distinct(found)[:_MOST]

    def _mentioned(self, prose: str) -> list[str]:
        return [name for name, mention in self._named if name in prose and mention.search(prose)]


def _distinct(names: Iterable[str]) -> list[str]:
    """In order, and without the general where the particular is named as well."""
    found = list(dict.fromkeys(names))
    if len(found) > 1 and "general" in found:
        found.remove("general")
    return found


_CODE = re.compile(r"`[^`\n]*`|https?://\S+|\[(?:e-mail|phone|key|private key)\]|<[^<>\n]{1,200}>")
_INDENTED = re.compile(r"^(?: {4}|\t).*$", re.MULTILINE)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_SPANISH = re.compile(
    r"[ñ¿¡áéíóú]|\b(?:el|los|las|que|una|para|por|con|como|del|pero|cómo|est[aáeo]|tengo)\b", re.IGNORECASE
)


def natural(text: str) -> str:
    """en, zh, ja, ko, ru or es; by script first, English and Spanish by lingua's models. Code does not count."""
    text = text[:_LOOKED_AT]
    prose = _INDENTED.sub("", _CODE.sub(" ", fences.prose(text)))
    if not _LATIN.search(prose) and not re.search(r"[\u0400-\uffff]", prose):
        prose = text
    words = len(_LATIN.findall(prose))
    if not prose.isascii():
        han, kana, hangul = (len(script.findall(prose)) for script in (_HAN, _KANA, _HANGUL))
        if hangul > 0.15 * (words + hangul) and hangul > han:
            return "ko"
        if kana > 0.1 * (words + kana + han) and kana > 2:
            return "ja"
        if han > 0.25 * (words + han):
            return "zh"
        cyrillic = len(_CYRILLIC.findall(prose))
        if cyrillic > 0.25 * (words + cyrillic):
            return "ru"
    # Technical English trips up models on short titles, so they are asked only where a word looks Spanish.
    if len(set(map(str.lower, _SPANISH.findall(prose)))) < 2:
        return "en"
    return _latin(prose[:2000])


def _latin(prose: str) -> str:
    from lingua import Language

    found = _detector().detect_language_of(prose)
    return "es" if found == Language.SPANISH else "en"


@cache
def _detector() -> Any:
    from lingua import Language, LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_languages(Language.ENGLISH, Language.SPANISH).build()
