"""The documents that share words with a reference, as one campaign's rule and waivers see them."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from decontamination.checks import current_check
from decontamination.evidence import leaks_shown
from sampling.models import Corpus, Document
from sampling.queries.corpora import chosen_corpus
from sampling.queries.verdicts import frequent_runs, leaks_of, verdict_state

DOCUMENTS_PER_PAGE = 25
EXAMPLES = 3
FREQUENT_RUNS = 10


@allowed(Permission.SAMPLE)
@require_safe
def leaks(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Documents that no draw takes because of what they share with a reference, and the words that many share."""
    corpus = chosen_corpus(campaign, request.GET.get("corpus", ""))
    found = leaks_of(corpus, campaign) if corpus else {}
    page = Paginator(list(found), DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    documents = Document.objects.in_bulk(list(page))
    check = current_check(campaign)
    rows = []
    for pk in page:
        shown = leaks_shown(documents[pk].wording, check.leaks(documents[pk].wording), EXAMPLES)
        named = [(f"{pk}-{number}", leak) for number, leak in enumerate(shown.leaks)]
        rows.append({"document": documents[pk], "leaks": named, "more": shown.more})
    context = {
        "corpus": corpus,
        "corpora": Corpus.objects.order_by("name"),
        "verdicts": verdict_state(corpus, campaign) if corpus else None,
        "frequent": frequent_runs(corpus, campaign, most=FREQUENT_RUNS) if corpus else (),
        "page": page,
        "rows": rows,
    }
    return render(request, "sampling/leaks.html", context)
