"""Documents of a corpus and a campaign's rule in; for each document the words it shares with references, kept, out.

A verdict names the digest of the text and the versions of the references that it was made with. What no longer fits is
stale, and is made again from the difference alone: where only references changed, a text is compared with the new ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from campaigns.models import Campaign
from decontamination.actions import reference_set
from decontamination.indexes import index_of, is_todays_definition
from decontamination.leaks import Match
from decontamination.models import Reference, ReferenceSet
from sampling.actions.embedding import Watch
from sampling.models import Corpus, Document, SharedRun, Verdict
from sampling.queries.verdicts import leaking_runs, leaks_of

_BATCH = 2000  # compared at once
_WRITTEN = 300  # in one transaction
_LONGEST = 300  # characters of the shared words that are kept
_PASSES = 5  # over the corpus, should references change meanwhile


@dataclass
class CheckReport:
    made_with: ReferenceSet
    documents: int = 0
    checked: int = 0  # compared with every reference
    rechecked: int = 0  # compared with new references only
    leaking: dict[int, SharedRun] = field(default_factory=dict)  # as `leaks_of` gives them
    by_reference: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    document: Document
    verdict: Verdict | None  # whose runs stay; None where all references are compared


def check_documents(
    *, corpus: Corpus, campaign: Campaign, now: datetime, watch: Watch = lambda batches, _total: batches
) -> CheckReport:
    """Bring the verdicts of every document up to date. A run that was cut off goes on where it stopped."""
    report = CheckReport(reference_set(n=campaign.ngram, cjk_weight=campaign.cjk_weight, now=now))
    for _ in range(_PASSES):
        report.made_with = reference_set(n=campaign.ngram, cjk_weight=campaign.cjk_weight, now=now)
        lacking = _lacking(corpus, report.made_with)
        if not (count := lacking.count()):
            break
        for _done in watch(_check(lacking, report, now), count):
            pass
    report.documents, report.leaking = corpus.documents.count(), leaks_of(corpus, campaign)
    report.by_reference = dict.fromkeys(Reference.objects.in_force().values_list("name", flat=True), 0)
    runs = leaking_runs(campaign, document__corpus=corpus).values_list("reference__name")
    report.by_reference |= dict(runs.annotate(number=Count("verdict", distinct=True)).order_by("reference__name"))
    return report


def _rule(made_with: ReferenceSet) -> dict[str, float]:
    return {"ngram": made_with.ngram, "cjk_weight": made_with.cjk_weight}


def _lacking(corpus: Corpus, made_with: ReferenceSet) -> QuerySet[Document]:
    verdict = Verdict.objects.filter(
        document=OuterRef("pk"), text_digest=OuterRef("text_digest"), made_with=made_with, **_rule(made_with)
    )
    return Document.objects.filter(~Exists(verdict), corpus=corpus).order_by("pk")


def _check(lacking: QuerySet[Document], report: CheckReport, now: datetime) -> Iterator[int]:
    last = 0
    while batch := list(lacking.filter(pk__gt=last).only("title", "text", "text_digest")[:_BATCH]):
        last = batch[-1].pk
        known = Verdict.objects.filter(document__in=batch, **_rule(report.made_with)).select_related("made_with")
        verdicts = {verdict.document_id: verdict for verdict in known}
        groups: dict[tuple[str, ...], list[_Task]] = {}
        for document in batch:
            verdict = verdicts.get(document.pk)
            if verdict is not None and (
                verdict.text_digest != document.text_digest or not is_todays_definition(verdict.made_with)
            ):
                verdict = None
            base = tuple(verdict.made_with.references) if verdict is not None else ()
            groups.setdefault(base, []).append(_Task(document, verdict))
        for base, tasks in sorted(groups.items()):
            _compare(tasks, base, report, now)
        yield len(batch)


def _compare(tasks: list[_Task], base: tuple[str, ...], report: CheckReport, now: datetime) -> None:
    made_with = report.made_with
    added = set(made_with.references) - set(base)
    found: dict[int, list[Match]] = {}
    texts = [task.document.wording for task in tasks]
    if added:
        index = index_of(added, n=made_with.ngram, cjk_weight=made_with.cjk_weight)
        for task, text, leaks in zip(tasks, texts, index.scan(texts), strict=True):
            if leaks:
                found[task.document.pk] = index.matches(text)
    wordings = {task.document.pk: text for task, text in zip(tasks, texts, strict=True)}
    names = dict(Reference.objects.filter(digest__in=added).order_by("pk").values_list("name", "pk"))
    for start in range(0, len(tasks), _WRITTEN):
        some = tasks[start : start + _WRITTEN]
        whole = [task.document for task in some if task.verdict is None]
        with transaction.atomic():
            kept = _whole(whole, made_with, now) | _renewed(some, made_with, now)
            rows = [
                row
                for document, verdict in kept.items()
                for row in _rows(verdict, names, wordings[document], found.get(document, ()))
            ]
            SharedRun.objects.bulk_create(rows, batch_size=_BATCH)
        report.checked += len(whole)
        report.rechecked += len(kept) - len(whole)


def _whole(documents: list[Document], made_with: ReferenceSet, now: datetime) -> dict[int, Verdict]:
    """By document, a verdict without runs in the place of any that there was."""
    verdicts = Verdict.objects.bulk_create(
        (
            Verdict(
                document=document, text_digest=document.text_digest, made_with=made_with, at=now, **_rule(made_with)
            )
            for document in documents
        ),
        update_conflicts=True,
        unique_fields=["document", "ngram", "cjk_weight"],
        update_fields=["text_digest", "made_with", "at"],
    )
    SharedRun.objects.filter(verdict__in=verdicts).delete()
    return {verdict.document_id: verdict for verdict in verdicts}


def _renewed(tasks: list[_Task], made_with: ReferenceSet, now: datetime) -> dict[int, Verdict]:
    """By document, the verdict whose runs with references that are still in force stay. One that somebody else has
    changed since it was read is left as it is: the next pass looks at it again."""
    read = {task.verdict.pk: task.verdict for task in tasks if task.verdict is not None}
    same = [
        verdict
        for verdict in Verdict.objects.select_for_update().filter(pk__in=read).order_by("document_id")
        if (verdict.made_with_id, verdict.text_digest) == (read[verdict.pk].made_with_id, read[verdict.pk].text_digest)
    ]
    SharedRun.objects.filter(verdict__in=same).exclude(reference__digest__in=made_with.references).delete()
    Verdict.objects.filter(pk__in=[verdict.pk for verdict in same]).update(made_with=made_with, at=now)
    return {verdict.document_id: verdict for verdict in same}


def _rows(verdict: Verdict, names: dict[str, int], text: str, matches: Iterable[Match]) -> Iterator[SharedRun]:
    """One row for each reference and run of words, with the first place where they stand."""
    groups: dict[tuple[str, str], list[Match]] = {}
    for match in matches:
        groups.setdefault((match.reference, match.digest), []).append(match)
    for (reference, digest), group in groups.items():
        first = group[0]
        yield SharedRun(
            verdict=verdict,
            reference_id=names[reference],
            digest=digest,
            key=first.key,
            prompts=len({match.key for match in group}),
            words=first.words,
            start=first.start,
            text=text[first.start : first.end][:_LONGEST],
        )
