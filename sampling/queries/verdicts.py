"""What is known of the words that documents share with references, by a campaign's rule and waivers."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet

from campaigns.models import Campaign
from decontamination.indexes import reference_set_digest
from sampling.models import Corpus, Document, SharedRun, Verdict


@dataclass(frozen=True)
class VerdictState:
    """How far the verdicts on a corpus are those of today's references and texts."""

    documents: int
    fresh: int
    stale: int
    leaking: int  # by the newest verdict on each, waivers counted

    @property
    def unchecked(self) -> int:
        return self.documents - self.fresh - self.stale


def leaks_of(corpus: Corpus, campaign: Campaign) -> dict[int, SharedRun]:
    """By document that leaks, the longest run that it shares with a reference in force and that nobody has waived."""
    return _longest(leaking_runs(campaign, document__corpus=corpus))


def leaks_among(documents: Collection[Document], campaign: Campaign) -> dict[int, SharedRun]:
    """`leaks_of`, of some documents."""
    return _longest(leaking_runs(campaign, document__in=documents))


def frequent_runs(corpus: Corpus, campaign: Campaign, *, most: int) -> list[dict[str, Any]]:
    """Words that several documents share with a reference, and how many, the most frequent first."""
    groups = leaking_runs(campaign, document__corpus=corpus).values("digest", "words")
    several = groups.annotate(documents=Count("verdict", distinct=True), first=Min("pk")).filter(documents__gt=1)
    rows = list(several.order_by("-documents", "digest")[:most])
    firsts = SharedRun.objects.select_related("reference").in_bulk([row["first"] for row in rows])
    return [{**row, "run": firsts[row["first"]]} for row in rows]


def verdict_on(document: Document, campaign: Campaign) -> tuple[Verdict | None, bool]:
    """The newest verdict on a document by the campaign's rule, and whether it is today's."""
    rule = {"ngram": campaign.ngram, "cjk_weight": campaign.cjk_weight}
    verdict = document.verdicts.filter(**rule).select_related("made_with").first()
    today = reference_set_digest(n=campaign.ngram, cjk_weight=campaign.cjk_weight)
    fresh = verdict is not None and (verdict.made_with.digest, verdict.text_digest) == (today, document.text_digest)
    return verdict, fresh


def verdict_state(corpus: Corpus, campaign: Campaign) -> VerdictState:
    today = reference_set_digest(n=campaign.ngram, cjk_weight=campaign.cjk_weight)
    verdicts = Verdict.objects.filter(document__corpus=corpus, ngram=campaign.ngram, cjk_weight=campaign.cjk_weight)
    fresh = verdicts.of_the_text().filter(made_with__digest=today).count()
    return VerdictState(
        documents=corpus.documents.count(),
        fresh=fresh,
        stale=verdicts.count() - fresh,
        leaking=leaking_runs(campaign, document__corpus=corpus).values("verdict__document").distinct().count(),
    )


def leaking_runs(campaign: Campaign, **of: Any) -> QuerySet[SharedRun]:
    """Runs that count as leaks now, of any verdict on the present text of these documents."""
    verdicts = Verdict.objects.of_the_text().filter(ngram=campaign.ngram, cjk_weight=campaign.cjk_weight, **of)
    return SharedRun.objects.filter(verdict__in=verdicts, reference__retired_at=None).exclude(
        digest__in=campaign.waivers.in_force().order_by().values("digest")
    )


def _longest(runs: QuerySet[SharedRun]) -> dict[int, SharedRun]:
    found: dict[int, SharedRun] = {}
    runs = runs.select_related("reference", "verdict")
    for run in runs.order_by("verdict__document_id", "-words", "start", "reference__name", "pk"):
        found.setdefault(run.verdict.document_id, run)
    return found
