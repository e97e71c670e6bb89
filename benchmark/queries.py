"""All that a release depends on, read; and what the pages tell before it is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from annotation.models import Item
from benchmark.bundle import Ballot, Content, Entry, Excluded
from benchmark.models import Release, ReleaseItem
from campaigns.models import Campaign
from decontamination import words
from decontamination.checks import waivers_in_force
from decontamination.models import Reference, Waiver
from review.ballot import CHECKLIST
from review.models import Vote

Ballots = Mapping[int, list[Ballot]]  # by revision
Row = dict[str, Any]

# What a bundle says of an item's wording, read alike from items and from a release's items. Rows of values and not
# models: at 25,000 items these took a third of the time.
_WORDING = {
    name: F(f"revision__{name}")
    for name in (
        "digest", "query", "original", "knowledge", "difficulty", "programming_languages", "natural_language",
        "reviewers", "quorum",
    )
} | {"category": F("revision__category__slug")}  # fmt: skip
_ORIGIN = {
    "corpus": F("seed__document__corpus__name"),
    "key": F("seed__document__key"),
    "title": F("seed__document__title"),
    "url": F("seed__document__url"),
    "licence": F("seed__document__licence"),
    "raw_digest": F("seed__document__raw_digest"),
    "text_digest": F("seed__document__text_digest"),
    "draw_seed": F("seed__draw__seed"),
    "draw_category": F("seed__category__slug"),
    "draw_cluster": F("seed__cluster__number"),
    "draw_rank": F("seed__rank"),
}


@dataclass(frozen=True)
class Terms:
    """What holds for all items alike: rules, taxonomy, references and waivers in force. Equal while none changes."""

    facts: Mapping[str, Any]  # as the release keeps them
    waivers: Mapping[str, Waiver]  # by the digest of their words


@dataclass(frozen=True)
class State:
    """All that a release frozen at one moment depends on."""

    terms: Terms
    items: Sequence[Row]
    ballots: Ballots
    newest: Release | None


@dataclass(frozen=True)
class Outlook:
    """What can be told of the next release without computing it."""

    number: int
    newest: Release | None
    statuses: Sequence[tuple[str, str, int]]  # status, what it is called, items
    references: int

    @property
    def accepted(self) -> int:
        return sum(items for status, _label, items in self.statuses if status == Item.Status.ACCEPTED)


def state(campaign: Campaign) -> State:
    submitted = campaign.items.counted().filter(revision__isnull=False).order_by("pk")
    items: Any = submitted.values("pk", "status", "revision", **_WORDING, **_ORIGIN)
    votes = Vote.objects.counted().filter(revision__item__campaign=campaign, revision=F("revision__item__revision"))
    return State(
        terms(campaign),
        list(items),
        _ballots(votes),
        campaign.releases.frozen().first(),
    )


def terms(campaign: Campaign) -> Terms:
    campaign = Campaign.objects.select_related("taxonomy").get(pk=campaign.pk)
    references = Reference.objects.in_force().values_list("name", "digest", "prompt_count")
    categories = campaign.taxonomy.categories.order_by("position", "pk")
    facts = {
        "campaign": {"slug": campaign.slug, "name": campaign.name},
        "demo": campaign.is_demo,
        "rules": {
            "reviewers": campaign.reviewers,
            "quorum": campaign.quorum,
            "ngram": campaign.ngram,
            "word_definition": words.VERSION,
            "cjk_weight": campaign.cjk_weight,
        },
        "taxonomy": {
            "slug": campaign.taxonomy.slug,
            "categories": [{"slug": row.slug, "major": row.major, "name": row.name} for row in categories],
        },
        "references": [
            {"name": name, "digest": digest, "prompts": prompts, "n": campaign.ngram}
            for name, digest, prompts in references
        ],
    }
    return Terms(facts, waivers_in_force(campaign))


def outlook(campaign: Campaign) -> Outlook:
    newest = campaign.releases.frozen().first()
    counts = campaign.items.counted().values_list("status").annotate(number=Count("pk")).order_by("-number", "status")
    statuses = [(status, str(Item.Status(status).label), number) for status, number in counts]
    return Outlook(newest.number + 1 if newest else 1, newest, statuses, Reference.objects.in_force().count())


def no_longer_accepted(release: Release) -> QuerySet[ReleaseItem]:
    """Its items that have lost their place since: withdrawn or sent back, or in another wording by now."""
    return release.items.exclude(Q(item__status=Item.Status.ACCEPTED, item__revision=F("revision")))


def frozen_content(release: Release) -> Content:
    """What a frozen release is made of, from its rows alone."""
    ballots = _ballots(Vote.objects.filter(revision__in=release.items.values("revision")))
    items: Any = release.items.order_by("position", "pk").values("uid", "provenance", "revision", **_WORDING)
    entries = [entry(row, row["uid"], ballots, row["provenance"]) for row in items]
    exclusions = release.exclusions.order_by("uid", "pk").values_list("uid", "revision__digest", "reason", "evidence")
    return Content(release.number, release.facts, entries, [Excluded(*row) for row in exclusions])


def entry(row: Row, uid: str, ballots: Ballots, provenance: Mapping[str, Any]) -> Entry:
    """Raises KeyError for a wording without a vote."""
    wording = {name: row[name] for name in _WORDING}
    return Entry(uid=uid, ballots=ballots[row["revision"]], provenance=provenance, **wording)


def _ballots(votes: QuerySet[Vote]) -> Ballots:
    """A vote counts only for the wording that it judged."""
    found: dict[int, list[Ballot]] = {}
    rows = votes.filter(digest=F("revision__digest")).order_by("revision", "seat", "pk")
    for revision, reviewer, *said in rows.values_list("revision", "reviewer", "valid", *CHECKLIST):
        found.setdefault(revision, []).append(Ballot(reviewer, *map(bool, said)))
    return found
