"""Which runs of words a text shares with reference prompts: the definition of a leak, and an index that finds it.

A text leaks a prompt when
* they share a run of at least n words (``words`` says what a word is), or
* the prompt has fewer than n words, but at least ``shortest``, and the whole of it stands in the text as a run.

What is reported of a prompt are the maximal shared runs: the stretches of the text that stand in the prompt
and would no longer, were they a word longer on either side. Where such a run stands at several places of the
prompt, the first is named. A short prompt is reported at each place of the text where it stands.

>>> index = Index.build([Prompt("toy", "1", "Return the sum of all even numbers."), Prompt("toy", "2", "Sort it.")], n=4, shortest=2)
>>> index.matches("We RETURN the\\nsum-of all numbers; sort it?")
[Match(reference='toy', key='1', start=3, end=24, words=5, prompt_start=0, prompt_end=21), \
Match(reference='toy', key='2', start=34, end=41, words=2, prompt_start=0, prompt_end=7)]
>>> index.scan(["the sum of all", "the sum of even numbers"])
array([ True, False])

Every run of n words holds a run of a = ⌈n/2⌉ words that starts at a multiple of n - a + 1 words in the text.
Only these are looked up; where one may stand in a prompt, the runs of n words around it are; where one of
those may, the words themselves are compared. So the answer is exact, and most texts cost few look-ups.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from decontamination import fingerprints, indexfile, words
from decontamination.indexfile import CorruptIndex

__all__ = ["CorruptIndex", "Index", "Match", "Prompt"]
