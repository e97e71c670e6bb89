"""The tools that others use to find contamination, each called as its users call it.

In:  the texts of prompts and n. Out: a function that says whether a document is contaminated. What is not on PyPI
is re-implemented from its published source, in our words and with its quirks, and says so in ``how``.
"""

import contextlib
import importlib
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

Judge = Callable[[str], bool]


class Peer(NamedTuple):
    """A tool; ``documents`` is how many documents it is timed on, at most."""

    name: str
    how: str
    make: Callable[[Sequence[str], int], Judge]
    documents: int
    repeats: bool = False  # fast enough to be timed several times


class NotInstalled(Exception):
    """A peer whose package is not there."""


def _datatrove(prompts: Sequence[str], n: int) -> Judge:
    try:
        decont = importlib.import_module("datatrove.pipeline.decont.n_grams")
        document = importlib.import_module("datatrove.data").Document
        importlib.import_module("loguru").logger.remove()
        config = decont.NGramsDecontConfig(n_grams=n, find_query_ngrams=False, find_overlap_ngrams=False)
        with tempfile.TemporaryDirectory() as folder:
            # The step's own constructor asks for lighteval, which is needed only to download the prompts.
            indexer = object.__new__(decont.NGramsDecontIndexer)
            indexer.__init__(folder, config=config)
            hashes = {found for prompt in prompts for found in indexer.compute_hashes(prompt)}
            np.array(list(hashes), config.hash_config.np_descr).tofile(f"{folder}/prompts.index.hashes")
            step = decont.NGramsDecontFilter(folder, config=config)
            step.load_index_hashes()
    except ImportError as error:
        raise NotInstalled(str(error)) from error
    return lambda text: step.filter(document(text=text, id="")) is not True


def _janitor(prompts: Sequence[str], n: int) -> Judge:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            module = importlib.import_module("lm_eval.decontamination.janitor")  # tells of its missing C++ part
    except ImportError as error:
        raise NotInstalled(str(error)) from error
    janitor = module.Janitor(ngram_n=n)
    for prompt in prompts:
        janitor.register_contaminant_python(prompt)
    return lambda text: janitor.clean_python(text) != [text]


def _open_r1(prompts: Sequence[str], n: int) -> Judge:
    def ngrams(text: str) -> Iterable[str]:
        found = " ".join(text.lower().strip().split()).split()
        return [" ".join(found[i : i + n]) for i in range(len(found) - n + 1)]

    lookup: dict[str, set[int]] = {}
    for number, prompt in enumerate(prompts):
        for ngram in ngrams(prompt):
            lookup.setdefault(ngram, set()).add(number)
    return lambda text: any(ngram in lookup for ngram in set(ngrams(text)))


def _qwen(prompts: Sequence[str], n: int) -> Judge:
    def ngrams(text: str) -> set[str]:
        found = text.split()
        return {" ".join(found[i : i + n]) for i in range(len(found) - n + 1)}

    known = set[str]().union(*map(ngrams, prompts))
    return lambda text: len(ngrams(text).intersection(known)) > 0


def _bigcode(prompts: Sequence[str], n: int) -> Judge:
    def judge(text: str) -> bool:
        content = text.lower()
        return any(prompt.lower() in content for prompt in prompts)

    return judge


def _tuples(prompts: Sequence[str], n: int) -> Judge:
    def ngrams(text: str) -> Iterable[tuple[str, ...]]:
        found = re.findall(r"\w+", text.lower())
        return zip(*(found[i:] for i in range(n)), strict=False)

    known = {ngram for prompt in prompts for ngram in ngrams(prompt)}
    return lambda text: not known.isdisjoint(ngrams(text))


PEERS: Final = (
    Peer("datatrove", "datatrove 0.10.1, NGramsDecontFilter", _datatrove, 4_000),
    Peer("lm-evaluation-harness", "lm_eval 0.4.13, Janitor (in Python, as installed)", _janitor, 10_000),
    Peer(
        "open-r1",
        "re-implementation of huggingface/open-r1 scripts/decontaminate.py (its n is 8)",
        _open_r1,
        20_000,
        True,
    ),
    Peer(
        "Qwen2.5-Coder",
        "re-implementation of QwenLM/Qwen2.5-Coder finetuning/sft/utils/decont.py (case-sensitive)",
        _qwen,
        40_000,
        True,
    ),
    Peer(
        "bigcode",
        "re-implementation of bigcode-project/bigcode-dataset decontamination/find_substrings.py (whole prompts)",
        _bigcode,
        600,
    ),
    Peer("plain set of tuples", r"`\w+`, lower case, a set of tuples of strings: the textbook", _tuples, 40_000, True),
)


def split_only(text: str) -> list[str]:
    r"""The floor: what splitting a text into words alone costs in Python."""
    return re.findall(r"\w+", text.lower())
