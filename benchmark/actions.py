"""Freezing a release, and rebuilding its bundle."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Item
from benchmark import bundle, folder, verify
from benchmark.bundle import Ballot, Content, Entry, Excluded
from benchmark.card import card
from benchmark.eligibility import Candidate, refusals
from benchmark.models import Release, ReleaseExclusion, ReleaseItem
from benchmark.workflow import RELEASE
from campaigns.access import Permission, require
from campaigns.models import Campaign, Role, User, Verb
from campaigns.rules import RELEASED, rules_of
from campaigns.transitions import move
from decontamination import words
from decontamination.checks import Check, current_check
from decontamination.models import Reference
from review.models import Vote

_BATCH = 500

Ballots = dict[int, list[Ballot]]  # by revision


class NothingToRelease(Exception):
    """No item has its quorum and is clean."""


class BrokenRelease(Exception):
    """The bundle rebuilt from a frozen release's rows is not the one that was frozen."""


@dataclass(frozen=True)
class Proposal:
    """What a release frozen now would hold; rows not yet saved. `unchanged` is the newest one if it is the same."""

    release: Release
    items: Sequence[ReleaseItem]
    exclusions: Sequence[ReleaseExclusion]
    ballots: Ballots
    unchanged: Release | None

    @property
    def content(self) -> Content:
        return _content(self.release, self.items, self.exclusions, self.ballots)


@transaction.atomic
def freeze(*, campaign: Campaign, by: User | None, now: datetime) -> Release:
    """Freeze what is agreed on and clean as a new release; the newest one, if it would say the same.

    Raises NotAllowed and NothingToRelease.
    """
    require(campaign, by, Permission.RELEASE)
    campaign = Campaign.objects.select_for_update(no_key=True).select_related("taxonomy").get(pk=campaign.pk)
    proposal = propose(campaign=campaign, by=by, now=now)
    if proposal.unchanged is not None:
        return proposal.unchanged
    if not proposal.items:
        raise NothingToRelease(
            _("%(campaign)s: no item has its quorum of valid votes and is clean; %(excluded)d are left out.")
            % {"campaign": campaign.slug, "excluded": len(proposal.exclusions)}
        )
    release = proposal.release
    release.save()
    ReleaseItem.objects.bulk_create(proposal.items, batch_size=_BATCH)
    ReleaseExclusion.objects.bulk_create(proposal.exclusions, batch_size=_BATCH)
    digest = bundle.digest(bundle.files(proposal.content))
    counts = {"number": release.number, "items": len(proposal.items), "excluded": len(proposal.exclusions)}
    move(
        release,
        Release.Status.FROZEN,
        table=RELEASE,
        campaign=campaign,
        by=by,
        now=now,
        verb=Verb.RELEASE_FROZEN,
        data={**counts, "digest": digest},
        digest=digest,
        frozen_at=now,
    )
    return release


def propose(*, campaign: Campaign, by: User | None, now: datetime) -> Proposal:
    """What would be in and out of a release frozen now. Writes nothing."""
    items = list(_submitted(campaign))
    ballots = _ballots(Vote.objects.filter(revision__item__campaign=campaign, revision=F("revision__item__revision")))
    uids = {item.pk: _uid(campaign, item) for item in items}
    references, check = _references(campaign)
    refused = refusals([_candidate(item, uids[item.pk], ballots) for item in items], check.leaks)
    last = campaign.releases.aggregate(last=Max("number"))["last"] or 0
    release = Release(campaign=campaign, number=last + 1, created_by=by, created_at=now)
    kept = sorted((item for item in items if uids[item.pk] not in refused), key=lambda item: uids[item.pk])
    released = [_release_item(release, position, item, uids[item.pk], ballots) for position, item in enumerate(kept, 1)]
    exclusions = [
        ReleaseExclusion(
            release=release,
            item=item,
            revision=item.revision,
            uid=uids[item.pk],
            reason=refused[uids[item.pk]].reason,
            evidence=dict(refused[uids[item.pk]].evidence),
        )
        for item in items
        if uids[item.pk] in refused
    ]
    release.facts = _facts(campaign, references, check)
    release.facts["waivers"] = _waivers(check, {uids[item.pk]: item for item in kept})
    content = _content(release, released, exclusions, ballots)
    release.facts["statistics"] = verify.statistics(bundle.tables(content))
    release.facts["card"] = card(content)
    release.facts["verifier"] = Path(verify.__file__).read_text(encoding="utf-8")
    unchanged = _same(campaign.releases.frozen().first(), content)
    return Proposal(release, released, exclusions, ballots, unchanged)


def build(release: Release) -> dict[str, bytes]:
    """The bundle of a frozen release, from its rows alone. Raises BrokenRelease."""
    items = list(release.items.select_related("revision__category").order_by("position", "pk"))
    exclusions = list(release.exclusions.select_related("revision").order_by("uid", "pk"))
    ballots = _ballots(Vote.objects.filter(revision__in=release.items.values("revision")))
    files = bundle.files(_content(release, items, exclusions, ballots))
    if bundle.digest(files) != release.digest:
        raise BrokenRelease(
            _("%(campaign)s release %(number)d: its rows no longer give the bundle that was frozen (%(digest)s).")
            % {"campaign": release.campaign.slug, "number": release.number, "digest": release.digest}
        )
    return files


def write_bundle(release: Release, out: Path) -> bool:
    """Make `out` the release's bundle; False if it is already. Raises BrokenRelease, folder.Occupied and OSError."""
    return folder.write(build(release), out, campaign=release.campaign.slug)


def _submitted(campaign: Campaign) -> QuerySet[Item]:
    return (
        Item.objects.filter(campaign=campaign, revision__isnull=False)
        .select_related("revision__category", "seed__document__corpus", "seed__draw", "seed__cluster", "seed__category")
        .defer("seed__document__text")
        .order_by("pk")
    )


def _uid(campaign: Campaign, item: Item) -> str:
    document = item.seed.document
    return bundle.uid(campaign=campaign.slug, corpus=document.corpus.name, key=document.key)


def _ballots(votes: QuerySet[Vote]) -> Ballots:
    """By revision. A vote counts only for the wording that it judged."""
    found: Ballots = {}
    rows = votes.filter(digest=F("revision__digest")).order_by("revision", "seat", "pk")
    for revision, reviewer, *said in rows.values_list("revision", "reviewer", "valid", "clear", "ethical", "solvable"):
        found.setdefault(revision, []).append(Ballot(reviewer, *map(bool, said)))
    return found


def _candidate(item: Item, uid: str, ballots: Ballots) -> Candidate:
    revision = item.revision
    assert revision is not None  # noqa: S101  (_submitted takes no others)
    cast = ballots.get(revision.pk, [])
    return Candidate(
        uid=uid,
        status=item.status,
        query=revision.query,
        valid=sum(ballot.valid for ballot in cast),
        votes=len(cast),
        quorum=revision.quorum,
        reviewers=revision.reviewers,
    )


def _references(campaign: Campaign) -> tuple[list[dict[str, Any]], Check]:
    """The references in force and the index of just these, even if one is loaded or retired meanwhile."""
    while True:
        rows = list(Reference.objects.in_force().values_list("name", "digest", "prompt_count"))
        check = current_check(campaign)
        if rows == list(Reference.objects.in_force().values_list("name", "digest", "prompt_count")):
            return [
                {"name": name, "digest": digest, "prompts": prompts, "n": campaign.ngram}
                for name, digest, prompts in rows
            ], check


def _waivers(check: Check, kept: Mapping[str, Item]) -> list[dict[str, Any]]:
    """The waivers without which a released item would be left out, in the order of their digests.

    The words themselves stand in the items; who granted a waiver is said by role.
    """
    used: dict[str, list[str]] = {}
    for uid, item in sorted(kept.items()):
        assert item.revision is not None  # noqa: S101  (_submitted takes no others)
        for digest in {match.digest for match in check.waived(item.revision.query)}:
            used.setdefault(digest, []).append(uid)
    return [
        {
            "digest": digest,
            "words": check.waivers[digest].words,
            "reference": check.waivers[digest].reference,
            "key": check.waivers[digest].key,
            "reason": check.waivers[digest].reason,
            "by": Role.LEAD.value,
            "items": uids,
        }
        for digest, uids in sorted(used.items())
    ]


def _facts(campaign: Campaign, references: list[dict[str, Any]], check: Check) -> dict[str, Any]:
    categories = campaign.taxonomy.categories.order_by("position", "pk")
    return {
        "campaign": {"slug": campaign.slug, "name": campaign.name},
        "demo": campaign.is_demo,
        "rules": {
            **rules_of(campaign, RELEASED),
            "word_definition": words.VERSION,
            "index_digest": check.index.digest,
        },
        "taxonomy": {
            "slug": campaign.taxonomy.slug,
            "categories": [{"slug": row.slug, "major": row.major, "name": row.name} for row in categories],
        },
        "references": references,
    }


def _release_item(release: Release, position: int, item: Item, uid: str, ballots: Ballots) -> ReleaseItem:
    revision, seed, document = item.revision, item.seed, item.seed.document
    assert revision is not None  # noqa: S101  (_submitted takes no others)
    cast = ballots[revision.pk]
    provenance = {
        "corpus": document.corpus.name,
        "key": document.key,
        "title": document.title,
        "url": document.url,
        "licence": document.licence,
        "raw_digest": document.raw_digest,
        "text_digest": document.text_digest,
        "draw": {
            "seed": seed.draw.seed,
            "category": seed.category.slug,
            "cluster": seed.cluster.number,
            "rank": seed.rank,
        },
        "question_words": len(words.split(revision.query).words),
    }
    return ReleaseItem(
        release=release,
        position=position,
        item=item,
        revision=revision,
        valid_votes=sum(ballot.valid for ballot in cast),
        votes=len(cast),
        uid=uid,
        provenance=provenance,
    )


def _content(
    release: Release, items: Iterable[ReleaseItem], exclusions: Iterable[ReleaseExclusion], ballots: Ballots
) -> Content:
    entries = [
        Entry(
            uid=row.uid,
            digest=row.revision.digest,
            query=row.revision.query,
            original=row.revision.original,
            knowledge=row.revision.knowledge,
            difficulty=row.revision.difficulty,
            programming_languages=row.revision.programming_languages,
            natural_language=row.revision.natural_language,
            category=row.revision.category.slug,
            reviewers=row.revision.reviewers,
            quorum=row.revision.quorum,
            ballots=ballots[row.revision_id],
            provenance=row.provenance,
        )
        for row in items
    ]
    excluded = [Excluded(row.uid, row.revision.digest, row.reason, row.evidence) for row in exclusions]
    return Content(release.number, release.facts, entries, excluded)


def _same(newest: Release | None, content: Content) -> Release | None:
    """The newest release, if the content would give its very bytes under its number, with the words of its card."""
    if newest is None:
        return None
    kept = {name: newest.facts[name] for name in ("card", "verifier")}
    then = Content(newest.number, {**content.facts, **kept}, content.entries, content.excluded)
    return newest if bundle.digest(bundle.files(then)) == newest.digest else None
