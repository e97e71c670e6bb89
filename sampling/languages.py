"""Which programming languages and which natural language a post is about or in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

_FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_MOST = 4

# Only where tags and fences say nothing: code that can be of one language alone.
_CUES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.MULTILINE))
    for name, pattern in (
        ("C#", r"^\s*using System(?:\.|;)|Console\.Write|\bnamespace \w[\w.]*\s*\{[\s\S]*\bpublic class"),
        ("Java", r"\bpublic static void main\(String|System\.out\.print|^import java[x.]|\bprivate final \w+ \w+;"),
        ("PHP", r"<\?php|\$\w+\s*=\s*\$_(?:GET|POST|SERVER)|\bmysqli?_query\("),
        ("C++", r"#include\s*<(?:iostream|vector|string|map|memory|algorithm)>|\bstd::|\bcout\s*<<"),
        ("C", r"#include\s*<(?:stdio|stdlib|string|unistd)\.h>|\bprintf\(\"|\bmalloc\("),
        ("Rust", r"\bfn \w+[^{]*->[^{]*\{|\blet mut \w|\bprintln!\("),
        ("Go", r"^package \w+$|\bfunc \(?\w[^)]*\)? ?\w*\([^)]*\)[^{\n]*\{|\w+, err :="),
        ("Kotlin", r"\bfun \w+\([^)]*\)(?:: \w+)? ?[={]|\bval \w+ ?(?:: \w+)? ?= "),
        ("Swift", r"\bguard let \w|\bfunc \w+\([^)]*\) -> \w+|\bimport (?:UIKit|SwiftUI|Foundation)\b"),
        (
            "TypeScript",
            r"\binterface \w+ \{[^}]*\w\??: (?:string|number|boolean)|: (?:string|number|boolean)(?:\[\])?[;,)]",
        ),
        (
            "Python",
            r"^\s*def \w+\(.*\).*:\s*$|^\s*(?:from [\w.]+ )?import \w[\w., ]*$|\bprint\(f?[\"']|^>>> |\bself\.\w",
        ),
        ("JavaScript", r"\b(?:const|let|var) \w+ ?= ?(?:require\(|function|document\.|\(|\[|\{)|=> \{|console\.log\("),
        ("SQL", r"(?i)\bselect\b[\s\S]{1,300}\bfrom\b\s+\w+|\bcreate table\b|\binsert into\b|\bleft join\b"),
        ("R", r"\w+ <- (?:c|function|data\.frame|read\.)\(|\blibrary\(\w+\)|%>%"),
        ("HTML", r"(?i)<!doctype html>|<(?:div|span|form|table|input)\b[^>]*\b(?:class|id|type)="),
        ("CSS", r"^[.#]?[\w-]+(?: [.#]?[\w-]+)* ?\{\s*$\s*(?:[\w-]+:[^;]+;\s*)+\}"),
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
        fences = _FENCE.findall(text)
        found += [name for _mark, word, _code in fences if word and (name := self._look_up(word))]
        found = _distinct(found)
        if found:
            return found[:_MOST]
        prose = f"{title}\n{_FENCE.sub('', text)}"
        found = [name for name, mention in self._named if mention.search(title)]
        found = found or [name for name, mention in self._named if mention.search(prose)]
        if not found:
            code = "\n".join(code for _mark, _word, code in fences) or text
            found = next(([name] for name, cue in _CUES if cue.search(code)), [])
        return _distinct(found)[:_MOST]


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
    prose = _INDENTED.sub("", _CODE.sub(" ", _FENCE.sub("", text)))
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
