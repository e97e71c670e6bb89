"""Counting a corpus as a whole, once whenever it changed, instead of at every look at a page."""

from django.db.models import Avg, Count, F

from sampling.models import Corpus, CorpusSummary, Document

_PASSES = 3  # should documents change while they are counted


def changed(corpus: Corpus, **fields: object) -> None:
    """Note that documents, their places or their categories are others now; what was counted is of before."""
    if not CorpusSummary.objects.filter(corpus=corpus).update(version=F("version") + 1, **fields):
        CorpusSummary.objects.get_or_create(corpus=corpus, defaults={"version": 1, **fields})


def summarise(corpus: Corpus) -> None:
    """Count, and write it down if nothing has changed meanwhile; whoever changed it then counts in turn."""
    for _pass in range(_PASSES):
        summary = CorpusSummary.objects.get_or_create(corpus=corpus)[0]
        if summary.counted == summary.version:
            return
        rows = CorpusSummary.objects.filter(corpus=corpus, version=summary.version)
        if rows.update(counted=summary.version, **_counts(corpus)):
            return


def _counts(corpus: Corpus) -> dict[str, object]:
    documents = Document.objects.filter(corpus=corpus)
    usable = documents.usable()
    by_language = documents.with_words().order_by().values_list("natural_language").annotate(number=Count("pk"))
    run = corpus.cluster_runs.order_by("-pk").first()
    found: dict[str, object] = {
        "documents": documents.count(),
        "duplicates": documents.exclude(canonical=None).count(),
        "empty": documents.filter(title="", text="").count(),
        "languages": [list(row) for row in by_language.order_by("-number", "natural_language")],
        "run": run,
        "placed": 0,
        "classified": False,
        "distances": {},
    }
    if run is not None:
        means = run.assignments.order_by().values_list("assigned").annotate(n=Count("pk"), mean=Avg("distance"))
        found |= {
            "placed": usable.filter(assignments__run=run, assignments__text_digest=F("text_digest")).count(),
            "classified": not run.assignments.filter(category=None).exists(),
            "distances": {"assigned" if assigned else "clustered": [n, mean] for assigned, n, mean in means},
        }
    return found
