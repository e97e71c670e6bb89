"""The references in force, and their index: a file under the data folder, named by what it holds.

The read half of `decontamination.actions`: what is made here is only kept because making it again takes a while.
"""

import fcntl
import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from campaigns.models import CJK_WEIGHT, Campaign
from decontamination.building import build_apart
from decontamination.leaks import DEFINITION, CorruptIndex, Index, Prompt
from decontamination.models import Reference, ReferencePrompt, ReferenceSet

_ROWS = 2_000  # read at a time


def reference_set_digest(*, n: int, cjk_weight: float) -> str:
    """Of the set that `reference_set` gives: verdicts made with another are stale."""
    return set_digest(n, cjk_weight, versions_in_force())


def is_todays_definition(made_with: ReferenceSet) -> bool:
    """Whether verdicts of this set were made with what is a word and a leak now; else they say nothing of any text."""
    return made_with.digest == set_digest(made_with.ngram, made_with.cjk_weight, made_with.references)


def versions_in_force() -> list[str]:
    """Their digests, sorted."""
    return sorted(Reference.objects.in_force().values_list("digest", flat=True))


def set_digest(n: int, cjk_weight: float, digests: Sequence[str]) -> str:
    rule = [str(value) for value in (n, float(cjk_weight), *DEFINITION.values())]
    return hashlib.sha256("\n".join([*rule, *digests]).encode()).hexdigest()


def current_index(*, n: int, cjk_weight: float) -> Index:
    """The index of all references in force, for shared runs that count n (`decontamination.leaks`)."""
    return index_of(versions_in_force(), n=n, cjk_weight=cjk_weight)


def indexes_of_rules() -> dict[str, str]:
    """Their digests by name, after making those that are missing: of the default rule and of every campaign's, so
    that nobody waits for one while typing."""
    rules = Campaign.objects.order_by("ngram", "cjk_weight").values_list("ngram", "cjk_weight").distinct()
    found = {"index": current_index(n=10, cjk_weight=CJK_WEIGHT).digest}
    for n, cjk_weight in rules:
        found[f"index_of_{n}_words_weight_{cjk_weight:g}"] = current_index(n=n, cjk_weight=cjk_weight).digest
    return found


def index_of(digests: Iterable[str], *, n: int, cjk_weight: float) -> Index:
    """The index of some versions of references: a file under the data folder, named by what it holds, made where it
    is missing or damaged, else only opened. Raises NotBuilt."""
    versions = sorted(digests)
    name = set_digest(n, cjk_weight, versions)[:32]
    return _opened(settings.DATA_DIR / "indexes" / f"{name}.index", n, float(cjk_weight), tuple(versions))


@lru_cache(maxsize=4)
def _opened(path: Path, n: int, cjk_weight: float, digests: tuple[str, ...]) -> Index:
    try:
        return Index.load(path, check=True)
    except (FileNotFoundError, CorruptIndex):
        pass  # made again from the prompts, which are the truth
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds what the first has made
        with suppress(FileNotFoundError, CorruptIndex):
            return Index.load(path, check=True)
        for left in path.parent.glob(f".{path.name}.*"):  # by one that was killed while it wrote
            left.unlink()
        rows = ReferencePrompt.objects.filter(reference__digest__in=digests).order_by("reference__name", "key")
        names = rows.values_list("reference__name", "key", "text")
        prompts = (Prompt(*row) for row in names.iterator(chunk_size=_ROWS))
        if settings.BUILD_INDEXES_APART:
            build_apart(path, prompts, n=n, cjk_weight=cjk_weight)
        else:
            Index.build(prompts, n=n, cjk_weight=cjk_weight).save(path)
        return Index.load(path, check=True)
