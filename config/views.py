"""The lead's set-up page: the one page that looks over all stages."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.access import CampaignRequest, roles_required
from campaigns.forms import RulesForm
from campaigns.models import Campaign, Role
from config.stages import stages
from sampling.models import Corpus
from sampling.queries.corpora import chosen_corpus


@roles_required(Role.LEAD)
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
