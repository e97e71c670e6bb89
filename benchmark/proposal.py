"""All that a release depends on, as it is at one moment, in; what it would hold, not yet saved, out.

Reading takes one snapshot, for which nobody waits. Everything is computed after it, outside of any transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark import bundle, queries, verify
from benchmark.bundle import Ballot, Content, Excluded
from benchmark.card import card
from benchmark.eligibility import Candidate, Refusal, refusals
from benchmark.models import Release, ReleaseExclusion, ReleaseItem
from benchmark.queries import Row, State, Terms
from campaigns.models import Campaign, Role, User
from decontamination import words
from decontamination.checks import Check
from decontamination.indexes import index_of
from foundation.snapshot import snapshot


@dataclass(frozen=True)
class Proposal:
    """What a release frozen now would hold. `unchanged` is the newest one if it is the same."""

    release: Release
    items: Sequence[ReleaseItem]
    exclusions: Sequence[ReleaseExclusion]
    digest: str
    terms: Terms
    unchanged: Release | None


def propose(*, campaign: Campaign, by: User | None, now: datetime) -> Proposal:
    """Writes nothing."""
    with snapshot():
        state = queries.state(campaign)
    release = Release(
        campaign=campaign, number=state.newest.number + 1 if state.newest else 1, created_by=by, created_at=now
    )
    return _proposal(release, state, _check(state.terms))


def _check(terms: Terms) -> Check:
    """The index of just the references that were read, whatever is loaded or retired meanwhile."""
    rules, references = terms.facts["rules"], terms.facts["references"]
    index = index_of([row["digest"] for row in references], n=rules["ngram"], cjk_weight=rules["cjk_weight"])
    return Check(index, terms.waivers)


def _proposal(release: Release, state: State, check: Check) -> Proposal:
    facts, ballots = state.terms.facts, state.ballots
    slug = facts["campaign"]["slug"]
    items = {bundle.uid(campaign=slug, corpus=row["corpus"], key=row["key"]): row for row in state.items}
    refused = refusals([_candidate(uid, row, ballots) for uid, row in items.items()], check)
    kept = {uid: items[uid] for uid in sorted(items.keys() - refused.keys())}
    released = [_release_item(release, place, *item, ballots) for place, item in enumerate(kept.items(), 1)]
    exclusions = [_exclusion(release, uid, row, refused[uid]) for uid, row in items.items() if uid in refused]
    release.facts = {
        **facts,
        "rules": {**facts["rules"], "index_digest": check.index.digest},
        "waivers": _waivers(check, {uid: row["query"] for uid, row in kept.items()}),
    }
    content = Content(
        release.number,
        release.facts,
        [queries.entry(kept[row.uid], row.uid, ballots, row.provenance) for row in released],
        [Excluded(row.uid, items[row.uid]["digest"], row.reason, row.evidence) for row in exclusions],
    )
    tables = bundle.tables(content)
    release.facts["statistics"] = verify.statistics(tables)
    release.facts["card"] = card(content, tables)
    release.facts["verifier"] = Path(verify.__file__).read_text(encoding="utf-8")
    written = bundle.written(tables)
    digest = bundle.digest(bundle.assembled(content, written))
    return Proposal(release, released, exclusions, digest, state.terms, _same(state.newest, content, written))


def _candidate(uid: str, row: Row, ballots: queries.Ballots) -> Candidate:
    cast = ballots.get(row["revision"], [])
    return Candidate(
        uid=uid,
        status=row["status"],
        query=row["query"],
        valid=_valid(cast),
        votes=len(cast),
        quorum=row["quorum"],
        reviewers=row["reviewers"],
    )


def _release_item(release: Release, position: int, uid: str, row: Row, ballots: queries.Ballots) -> ReleaseItem:
    cast = ballots[row["revision"]]
    provenance = {name: row[name] for name in ("corpus", "key", "title", "url", "licence", "raw_digest", "text_digest")}
    provenance["draw"] = {name: row[f"draw_{name}"] for name in ("seed", "category", "cluster", "rank")}
    provenance["question_words"] = len(words.split(row["query"]).words)
    return ReleaseItem(
        release=release,
        position=position,
        item_id=row["pk"],
        revision_id=row["revision"],
        valid_votes=_valid(cast),
        votes=len(cast),
        uid=uid,
        provenance=provenance,
    )


def _exclusion(release: Release, uid: str, row: Row, refusal: Refusal) -> ReleaseExclusion:
    return ReleaseExclusion(
        release=release,
        item_id=row["pk"],
        revision_id=row["revision"],
        uid=uid,
        reason=refusal.reason,
        evidence=dict(refusal.evidence),
    )


def _valid(cast: Sequence[Ballot]) -> int:
    return sum(ballot.valid for ballot in cast)


def _waivers(check: Check, kept: Mapping[str, str]) -> list[dict[str, Any]]:
    """The waivers without which a released item would be left out, in the order of their digests; `kept` are the
    released queries by uid, in its order.

    The words themselves stand in the items; who granted a waiver is said by role.
    """
    if not check.waivers:
        return []
    used: dict[str, list[str]] = {}
    for (uid, query), touches in zip(kept.items(), check.index.scan(list(kept.values())), strict=True):
        for digest in {match.digest for match in check.waived(query)} if touches else ():
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


def _same(newest: Release | None, content: Content, written: Mapping[str, bytes]) -> Release | None:
    """The newest release, if the content would give its very bytes under its number, with the words of its card."""
    if newest is None:
        return None
    kept = {name: newest.facts[name] for name in ("card", "verifier")}
    then = Content(newest.number, {**content.facts, **kept}, content.entries, content.excluded)
    return newest if bundle.digest(bundle.assembled(then, written)) == newest.digest else None
