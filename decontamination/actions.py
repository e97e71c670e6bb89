"""Loading and retiring references, and the index of those in force."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction

from campaigns import events
from campaigns.models import User
from decontamination.leaks import CorruptIndex, Index, Prompt
from decontamination.models import Reference, ReferencePrompt, ReferenceSet

BATCH = 2_000


class NoPrompts(Exception):
    """A reference without a single prompt protects nothing: most likely the wrong file or field."""


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
def retire(*, reference: Reference, by: User | None, now: datetime) -> None:
    """Take a version out of force. Its prompts stay, so that old verdicts can still be explained."""
    if Reference.objects.filter(pk=reference.pk, retired_at=None).update(retired_at=now):
        reference.retired_at = now
        data = {"name": reference.name, "digest": reference.digest}
        events.record("reference retired", reference, campaign=None, by=by, now=now, data=data)


def reference_set(*, n: int, cjk_weight: float, now: datetime) -> ReferenceSet:
    """The references in force at this moment, under the rule by which texts are compared with them."""
    digests = versions_in_force()
    fields = {"ngram": n, "cjk_weight": float(cjk_weight), "references": digests, "made_at": now}
    return ReferenceSet.objects.get_or_create(digest=_set_digest(n, cjk_weight, digests), defaults=fields)[0]


def reference_set_digest(*, n: int, cjk_weight: float) -> str:
    """Of the set that `reference_set` gives: verdicts made with another are stale."""
    return _set_digest(n, cjk_weight, versions_in_force())


def versions_in_force() -> list[str]:
    """Their digests, sorted."""
    return sorted(Reference.objects.in_force().values_list("digest", flat=True))


def _set_digest(n: int, cjk_weight: float, digests: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([str(n), str(float(cjk_weight)), *digests]).encode()).hexdigest()


def current_index(*, n: int, cjk_weight: float) -> Index:
    """The index of all references in force, for shared runs that count n (`decontamination.leaks`)."""
    return index_of(versions_in_force(), n=n, cjk_weight=cjk_weight)


def index_of(digests: Iterable[str], *, n: int, cjk_weight: float) -> Index:
    """The index of some versions of references: a file under the data folder, named by what it holds, made where it
    is missing, else only opened."""
    versions = sorted(digests)
    name = _set_digest(n, cjk_weight, versions)[:32]
    return _opened(settings.DATA_DIR / "indexes" / f"{name}.index", n, float(cjk_weight), tuple(versions))


@lru_cache(maxsize=4)
def _opened(path: Path, n: int, cjk_weight: float, digests: tuple[str, ...]) -> Index:
    if path.exists():
        try:
            return Index.load(path)
        except CorruptIndex:
            path.unlink(missing_ok=True)  # made again from the prompts, which are the truth
    rows = ReferencePrompt.objects.filter(reference__digest__in=digests).order_by("reference__name", "key")
    prompts = (Prompt(*row) for row in rows.values_list("reference__name", "key", "text").iterator(chunk_size=BATCH))
    index = Index.build(prompts, n=n, cjk_weight=cjk_weight)
    path.parent.mkdir(parents=True, exist_ok=True)
    index.save(path)
    return index
