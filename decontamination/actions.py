"""Loading and retiring references, and the index of those in force."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from campaigns import events
from campaigns.access import require_installation_lead
from campaigns.models import User, Verb
from decontamination.indexes import set_digest, versions_in_force
from decontamination.leaks import Prompt
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

    The same prompts again change nothing; a version that was retired comes back. Raises NotAllowed and NoPrompts.
    """
    require_installation_lead(by)
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
        events.record(Verb.REFERENCE_LOADED_AGAIN, found, campaign=None, by=by, now=now, data={"name": name})
        return found, False
    reference = Reference.objects.create(name=name, digest=digest, source=source, prompt_count=len(rows), loaded_at=now)
    ReferencePrompt.objects.bulk_create(
        (ReferencePrompt(reference=reference, key=row.key, text=row.text) for row in rows), batch_size=BATCH
    )
    data = {"name": name, "digest": digest, "prompts": len(rows), "source": source}
    events.record(Verb.REFERENCE_LOADED, reference, campaign=None, by=by, now=now, data=data)
    return reference, True


@transaction.atomic
def load_references(
    *, read: Sequence[tuple[str, Sequence[Prompt], str]], by: User | None, now: datetime
) -> list[tuple[Reference, bool]]:
    """`load_reference` for several (name, prompts, source): all of them or none. Raises NoPrompts."""
    return [load_reference(name=name, prompts=prompts, source=source, by=by, now=now) for name, prompts, source in read]


@transaction.atomic
def retire(*, reference: Reference, by: User | None, now: datetime) -> None:
    """Take a version out of force. Its prompts stay, so that old verdicts can still be explained.

    References serve every campaign of the installation: its lead retires one. Raises NotAllowed.
    """
    require_installation_lead(by)
    if Reference.objects.filter(pk=reference.pk, retired_at=None).update(retired_at=now):
        reference.retired_at = now
        data = {"name": reference.name, "digest": reference.digest}
        events.record(Verb.REFERENCE_RETIRED, reference, campaign=None, by=by, now=now, data=data)


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
    return ReferenceSet.objects.get_or_create(digest=set_digest(n, cjk_weight, digests), defaults=fields)[0]
