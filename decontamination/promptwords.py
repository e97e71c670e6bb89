"""The words of reference prompts as flat arrays, which a file can hold and memory can map.

In:  prompts. Out: for any run of their words, the words, the prompt it is in and its place in that prompt's text.
"""

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from decontamination import fingerprints, words
from decontamination.fingerprints import U64, Places

_LARGEST = 1 << 32  # places are kept in 32 bits


class Prompt(NamedTuple):
    """A prompt of a benchmark: the benchmark's name, the prompt's key in it, and its text as published."""

    reference: str
    key: str
    text: str


class PromptWords(NamedTuple):
    """The words of the prompts, numbered through all of them; word i is ``text[word_at[i]:word_at[i + 1] - 1]``."""

    text: NDArray[np.uint8]  # the words in UTF-8, each with a space after it
    word_at: NDArray[np.uint32]
    first: NDArray[np.uint32]  # the first word of each prompt, and the number of all words
    char_start: NDArray[np.uint32]  # of each word, in characters of its prompt's own text
    char_end: NDArray[np.uint32]
    cjk_before: NDArray[np.uint32]  # how many CJK characters stand before each word, and their number
    names: NDArray[np.uint8]  # reference, key, reference, key, ... in UTF-8
    name_at: NDArray[np.uint32]

    @classmethod
    def of(cls, prompts: Sequence[Prompt]) -> tuple["PromptWords", U64]:
        """The words of the prompts and their fingerprints. Raises OverflowError for more than 4 GB of words."""
        # As flat arrays from the first: lists of words and places would take twenty times the memory.
        text, lengths = bytearray(), array("I")
        char_start, char_end, cjk = array("I"), array("I"), bytearray()
        for prompt in prompts:
            found = words.split(prompt.text)
            text += "".join(f"{word} " for word in found.words).encode()
            lengths.append(len(found.words))
            char_start.extend(found.starts)
            char_end.extend(found.ends)
            cjk += bytes(words.cjk(found.words))
        names = [name.encode("utf-8", "surrogatepass") for prompt in prompts for name in prompt[:2]]
        if max(len(text), sum(map(len, names))) >= _LARGEST:
            raise OverflowError(f"{len(text):,} bytes of words are more than one index holds")
        stretch = fingerprints.read([bytes(text)])
        made = cls(
            text=np.frombuffer(text, np.uint8),
            word_at=np.append(stretch.starts - 1, len(text)).astype(np.uint32),
            first=_sums(np.frombuffer(lengths, np.uint32)),
            char_start=np.frombuffer(char_start, np.uint32),
            char_end=np.frombuffer(char_end, np.uint32),
            cjk_before=_sums(np.frombuffer(cjk, np.uint8)),
            names=np.frombuffer(b"".join(names), np.uint8),
            name_at=_sums(np.fromiter(map(len, names), np.uint32, len(names))),
        )
        return made, stretch.prints

    def lengths(self) -> Places:
        """The number of words of each prompt."""
        return self.first[1:].astype(np.int64) - self.first[:-1]

    def length(self, prompt: int) -> int:
        """The number of words of one prompt."""
        return int(self.first[prompt + 1]) - int(self.first[prompt])

    def cjk(self, place: int, length: int) -> int:
        """How many words of a run are CJK characters."""
        return int(self.cjk_before[place + length]) - int(self.cjk_before[place])

    def cjk_lengths(self) -> Places:
        """The number of CJK characters of each prompt."""
        before = self.cjk_before[self.first].astype(np.int64)
        return before[1:] - before[:-1]

    def owners(self, places: Places) -> Places:
        """The prompt of each of these words."""
        return np.searchsorted(self.first, places, "right") - 1

    def run(self, place: int, length: int) -> list[bytes]:
        """The words of a run, in UTF-8."""
        return self.text[int(self.word_at[place]) : int(self.word_at[place + length])].tobytes().split()

    def name(self, prompt: int) -> tuple[str, str]:
        """Reference and key of a prompt."""
        a, b, c = self.name_at[2 * prompt : 2 * prompt + 3].tolist()
        names = self.names[a:c].tobytes()
        return names[: b - a].decode("utf-8", "surrogatepass"), names[b - a :].decode("utf-8", "surrogatepass")


def _sums(of: NDArray[Any]) -> NDArray[np.uint32]:
    """0, the first, the first two, ... and all of them together."""
    return np.concatenate([[0], np.cumsum(of, dtype=np.int64)]).astype(np.uint32)
