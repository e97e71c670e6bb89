"""Loading and retiring references, and the index of those in force."""

import fcntl
import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction

from campaigns import events
from campaigns.models import CJK_WEIGHT, Campaign, User
from decontamination.building import build_apart
from decontamination.leaks import DEFINITION, CorruptIndex, Index, Prompt
from decontamination.models import Reference, ReferencePrompt, ReferenceSet

BATCH = 2_000


class NoPrompts(Exception):
    """A reference without a single prompt protects nothing: most likely the wrong file or field."""


class NotInForce(Exception):
    """Only what is in force is retired."""


def prompts_digest(name: str, prompts: Iterable[Prompt]) -> str:
    """sha256 over name, keys and texts in key order: the version of a reference."""
    digest = hashlib.sha256(name.encode())
    for prompt in sorted(prompts, key=lambda prompt: prompt.key):
        for part in (prompt.key, prompt.text):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@transaction.atomic
def load_reference(
    *, name: str, prompts: Iterable[Prompt], source: str, by: User | None, now: datetime
) -> tuple[Reference, bool]:
    """Put a version of a benchmark's prompts in force, retiring the one before; (reference, whether it is new).

    The same prompts again change nothing; a version that was retired comes back. Raises NoPrompts.
    """
    rows = list(prompts)
    if not rows:
        raise NoPrompts(f"{name}: no prompts in {source}")
    digest = prompts_digest(name, rows)
    found = Reference.objects.select_for_update().filter(digest=digest).first()
    if found and found.retired_at is None:
        return found, False
    for older in Reference.objects.in_force().filter(name=name):
        retire(reference=older, by=by, now=now)
    if found:
        Reference.objects.filter(pk=found.pk).update(retired_at=None, loaded_at=now)
        found.refresh_from_db()
        events.record("reference loaded again", found, campaign=None, by=by, now=now, data={"name": name})
        return found, False
    reference = Reference.objects.create(name=name, digest=digest, source=source, prompt_count=len(rows), loaded_at=now)
    ReferencePrompt.objects.bulk_create(
        (ReferencePrompt(reference=reference, key=row.key, text=row.text) for row in rows), batch_size=BATCH
    )
    data = {"name": name, "digest": digest, "prompts": len(rows), "source": source}
    events.record("reference loaded", reference, campaign=None, by=by, now=now, data=data)
    return reference, True


@transaction.atomic
def load_references(
    *, read: Sequence[tuple[str, Sequence[Prompt], str]], by: User | None, now: datetime
) -> list[tuple[Reference, bool]]:
    """`load_reference` for several (name, prompts, source): all of them or none. Raises NoPrompts."""
    return [load_reference(name=name, prompts=prompts, source=source, by=by, now=now) for name, prompts, source in read]


@transaction.atomic
def retire(*, reference: Reference, by: User | None, now: datetime) -> None:
    """Take a version out of force. Its prompts stay, so that old verdicts can still be explained."""
    if Reference.objects.filter(pk=reference.pk, retired_at=None).update(retired_at=now):
        reference.retired_at = now
        data = {"name": reference.name, "digest": reference.digest}
        events.record("reference retired", reference, campaign=None, by=by, now=now, data=data)


@transaction.atomic
def retire_references(*, names: Sequence[str], by: User | None, now: datetime) -> list[Reference]:
    """`retire` for the versions in force of these names: all of them or none. Raises NotInForce."""
    found = {reference.name: reference for reference in Reference.objects.in_force().filter(name__in=names)}
    if missing := [name for name in names if name not in found]:
        raise NotInForce(f"{missing[0]}: no such reference is in force")
    for reference in found.values():
        retire(reference=reference, by=by, now=now)
    return list(found.values())


def reference_set(*, n: int, cjk_weight: float, now: datetime) -> ReferenceSet:
    """The references in force at this moment, under the rule by which texts are compared with them."""
    digests = versions_in_force()
    fields = {"ngram": n, "cjk_weight": float(cjk_weight), "references": digests, "made_at": now}
    return ReferenceSet.objects.get_or_create(digest=_set_digest(n, cjk_weight, digests), defaults=fields)[0]


def reference_set_digest(*, n: int, cjk_weight: float) -> str:
    """Of the set that `reference_set` gives: verdicts made with another are stale."""
    return _set_digest(n, cjk_weight, versions_in_force())


def is_todays_definition(made_with: ReferenceSet) -> bool:
    """Whether verdicts of this set were made with what is a word and a leak now; else they say nothing of any text."""
    return made_with.digest == _set_digest(made_with.ngram, made_with.cjk_weight, made_with.references)


def versions_in_force() -> list[str]:
    """Their digests, sorted."""
    return sorted(Reference.objects.in_force().values_list("digest", flat=True))


def _set_digest(n: int, cjk_weight: float, digests: Sequence[str]) -> str:
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
    name = _set_digest(n, cjk_weight, versions)[:32]
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
        prompts = (Prompt(*row) for row in names.iterator(chunk_size=BATCH))
        if settings.BUILD_INDEXES_APART:
            build_apart(path, prompts, n=n, cjk_weight=cjk_weight)
        else:
            Index.build(prompts, n=n, cjk_weight=cjk_weight).save(path)
        return Index.load(path, check=True)
