"""The demo's people and their recorded decisions, replayed through the actions that the pages call."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count

from annotation import actions as annotation
from annotation import leases
from annotation.models import Item
from campaigns import accounts
from campaigns import actions as campaigns
from campaigns.models import Campaign, Role, User
from campaigns.queries import category_slug
from review import actions as review
from review.ballot import CHECKLIST, Ballot
from sampling.models import Seed

SLUG = CORPUS = "demo"
TAXONOMY = "codearena"
FOLDER: Path = settings.FIXTURES_DIR / "demo"
PER_CATEGORY = 8
HANDLED = 260  # seeds that the annotators work through; the rest of the draw waits in the queue
LEFT_OPEN = 9  # items at the end of the queue that not everybody has judged yet


def records(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def people(*, campaign: Campaign, password: str, now: datetime) -> list[User]:
    """The demo's accounts, made once, with their roles."""
    users = []
    for entry in json.loads((FOLDER / "members.json").read_text(encoding="utf-8")):
        user = User.objects.filter(username=entry["username"]).first()
        if user is None:
            name = {part: entry[part] for part in ("username", "first_name", "last_name")}
            user = accounts.create_account(**name, password=password, by=None, now=now)
        elif not user.check_password(password):
            accounts.change_password(user=user, password=password, by=None, now=now)
        for role in entry["roles"]:
            campaigns.add_member(campaign=campaign, user=user, role=role, by=None, now=now)
        users.append(user)
    return users


def members(campaign: Campaign, role: Role) -> list[User]:
    return list(User.objects.filter(memberships__campaign=campaign, memberships__role=role).order_by("username"))


def annotate(*, campaign: Campaign, now: datetime) -> Iterator[Seed]:
    """Claim, then hand in or skip, as recorded, until the demo's share of the queue is done."""
    recorded = {record["id"]: record for record in records("decisions.jsonl")}
    done = campaign.seeds.filter(status__in=[Seed.Status.SUBMITTED, Seed.Status.SKIPPED]).count()
    for annotator, _place in zip(cycle(members(campaign, Role.ANNOTATOR)), range(done, HANDLED), strict=False):
        seed = leases.claim_next(campaign=campaign, by=annotator, now=now)
        if seed is None:
            return
        record = recorded[seed.document.key]
        if "skip" in record:
            annotation.skip(seed=seed, token=seed.lease_token, reason=record["skip"], by=annotator, now=now)
        else:
            try:
                fields = _fields(record["annotation"])
                annotation.submit(seed=seed, token=seed.lease_token, fields=fields, by=annotator, now=now)
            except annotation.Leaks:
                reason = "The query overlaps a reference benchmark."
                annotation.skip(seed=seed, token=seed.lease_token, reason=reason, by=annotator, now=now)
        yield seed


def _fields(recorded: dict[str, Any]) -> dict[str, Any]:
    return {**recorded, "category": category_slug(recorded["category"])}


def judge(*, campaign: Campaign, now: datetime) -> Iterator[Item]:
    """Each reviewer votes as recorded; what was sent back is rewritten and judged again."""
    recorded = {record["id"]: record for record in records("decisions.jsonl")}
    reviewers = members(campaign, Role.REVIEWER)
    lead = members(campaign, Role.LEAD)[0]
    items = list(campaign.items.counted().select_related("revision", "seed__document", "author").order_by("pk"))
    for place, item in enumerate(items):
        record = recorded[item.seed.document.key]
        present = len(reviewers) if place < len(items) - LEFT_OPEN else place % len(reviewers)
        if _stands(item, Item.Status.IN_REVIEW, 1):
            _vote(item, record["votes"], reviewers[:present], now)
            yield item
        if "sent_back" in record and _stands(item, Item.Status.REJECTED, 1):
            review.send_back(item=item, note=record["sent_back"], by=lead, now=now)
            item.refresh_from_db()
        if "sent_back" in record and _stands(item, Item.Status.RETURNED, 1):
            annotation.revise(item=item, fields=_fields(record["revised"]), by=item.author, now=now)
            item.refresh_from_db()
        if _stands(item, Item.Status.IN_REVIEW, 2):
            _vote(item, record["revised_votes"], reviewers, now)
            yield item


def _stands(item: Item, status: str, number: int) -> bool:
    """Whether the item is in this state with its wording of that number."""
    return item.status == status and item.revision is not None and item.revision.number == number


def _vote(item: Item, recorded: Sequence[dict[str, Any]], reviewers: Sequence[User], now: datetime) -> None:
    """Each reviewer's recorded vote, where it is not in yet."""
    revision = item.revision
    assert revision is not None  # noqa: S101  # a submitted item has one
    voted = set(revision.votes.values_list("reviewer", flat=True))
    for reviewer, judgement in zip(reviewers, recorded, strict=False):
        if reviewer.pk in voted:
            continue
        fails = set(judgement.get("fails", ()))
        review.vote(
            revision=revision,
            digest=revision.digest,
            ballot=Ballot(
                **{name: name not in fails for name in CHECKLIST},
                valid=judgement["valid"],
                rationale=judgement.get("rationale", ""),
            ),
            by=reviewer,
            now=now,
        )
    item.refresh_from_db()


def tally(campaign: Campaign, stage: str) -> dict[str, int]:
    """How many seeds (after annotating) or items (after voting) are in which state."""
    rows: Any = campaign.seeds if stage == "annotate" else campaign.items
    counts = rows.values_list("status").annotate(number=Count("pk")).order_by("status")
    return {str(status): number for status, number in counts}
