"""The lead's set-up page: the one page that looks over all stages."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.forms import RulesForm
from campaigns.models import Campaign
from config.stages import stages
from sampling.models import Corpus
from sampling.queries.corpora import chosen_corpus


@allowed(Permission.SET_UP)
@require_safe
def setup(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    corpus = chosen_corpus(campaign, request.GET.get("corpus", ""))
    context = {
        "stages": stages(campaign, corpus),
        "corpus": corpus,
        "corpora": Corpus.objects.order_by("name"),
        "rules": RulesForm(instance=campaign),
    }
    return render(request, "setup.html", context)
