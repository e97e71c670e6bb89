"""Which natural language a post is written in. Code does not count."""

import re
from functools import cache
from typing import Any

from sampling.text import fences

_LOOKED_AT = 20_000  # characters of a post; who has not shown a language by then will not
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


def natural_language(text: str) -> str:
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
