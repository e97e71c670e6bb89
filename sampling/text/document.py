"""One scraped post in; what is kept of it out: clean Markdown, its languages, the digest of its words.

The whole of cleaning without a database, for whoever runs it on many machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sampling.text import cleaning, markup
from sampling.text.natural import natural_language
from sampling.text.programming import ProgrammingLanguages

_LONGEST_TITLE = 500  # characters


class Unusable(Exception):
    """Nothing can be kept of a post; says of which part and why."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"{part}: {reason}")
        self.part, self.reason = part, reason


@dataclass(frozen=True)
class Post:
    """As it was scraped, in HTML or Markdown; `is_page` where the body is a whole page with the site around it."""

    title: str
    body: str
    answer: str = ""
    tags: Sequence[str] = ()
    is_page: bool = False


@dataclass(frozen=True)
class CleanPost:
    title: str  # one line of plain text
    text: str  # Markdown, as is the answer
    answer: str
    programming_languages: list[str]
    natural_language: str
    digest: str  # the same for posts that differ in nothing but case, width and white space


class Cleaner:
    def __init__(self, languages: Sequence[Mapping[str, Any]]) -> None:
        """`languages` are the programming languages that a post may be about: `name`, `aliases`, `lexer` of each."""
        self._programming = ProgrammingLanguages(languages)

    def clean(self, post: Post) -> CleanPost:
        """Raises Unusable."""
        text, answer = _clean("body", post.body, post.is_page), _clean("answer", post.answer)
        title = cleaning.clean_title(post.title)
        if not text and (post.is_page or not title):
            raise Unusable("body", "nothing is left of it without markup and site chrome")
        return CleanPost(
            title=shortened(title, _LONGEST_TITLE),
            text=text,
            answer=answer,
            programming_languages=self._programming.find(title, text, post.tags),
            natural_language=natural_language(f"{title}\n{text}"),
            digest=cleaning.digest(title, text),
        )


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _clean(part: str, text: str, is_page: bool = False) -> str:
    try:
        return cleaning.clean(text, is_page)
    except markup.TooMuch as error:
        raise Unusable(part, str(error)) from error
    except RecursionError as error:
        raise Unusable(part, "nested too deeply") from error
