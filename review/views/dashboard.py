"""How the campaign stands, in numbers and charts."""

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.models import Difficulty
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from decontamination.models import Reference
from foundation import charts
from foundation.charts import Row, Theme
from review import statistics
from review.statistics import Funnel, Scope

_BARS = 20  # in a chart; the table beside it has all


@allowed(Permission.SEE)
@require_safe
def dashboard(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    scope = _scope(request)
    votes = statistics.vote_table(campaign)
    funnel = statistics.funnel(campaign)
    majors = statistics.difficulty_by_major(campaign, scope)
    context = {
        "campaign": campaign,
        "lead": Permission.OVERSEE in request.permissions,
        "scope": scope,
        "bars": _BARS,
        "funnel": funnel,
        "stages": _stages(funnel),
        "references": Reference.objects.in_force().count(),
        "distribution": statistics.vote_distribution(campaign),
        "agreement": statistics.agreement_of(votes),
        "majors": majors,
        "largest": max(majors, key=lambda row: row.total, default=None),
        "programming_languages": statistics.programming_languages(campaign, scope),
        "natural_languages": statistics.natural_languages(campaign, scope),
        "annotators": statistics.annotators(campaign),
        "reviewers": statistics.reviewers(campaign, votes),
    }
    return render(request, "review/dashboard.html", context)


@allowed(Permission.SEE)
@require_safe
def chart(request: CampaignRequest, campaign: Campaign, name: str) -> HttpResponse:
    draw = _CHARTS.get(name)
    if draw is None:
        raise Http404
    svg = draw(campaign, _scope(request), "dark" if request.GET.get("theme") == "dark" else "light")
    response = HttpResponse(svg, content_type="image/svg+xml")
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _scope(request: CampaignRequest) -> Scope:
    return "accepted" if request.GET.get("of") == "accepted" else "queries"


def _stages(funnel: Funnel) -> list[Row]:
    return [
        (_("Documents"), funnel.documents),
        (_("Seeds"), funnel.seeds),
        (_("Queries"), funnel.queries),
        (_("Decided"), funnel.decided),
        (_("Accepted"), funnel.accepted),
        (_("Clean"), funnel.clean),
        (_("Released"), funnel.released),
    ]


def _funnel(campaign: Campaign, scope: Scope, theme: Theme) -> str:
    return charts.bars(_stages(statistics.funnel(campaign)), theme=theme, value=_("number"))


def _votes(campaign: Campaign, scope: Scope, theme: Theme) -> str:
    said = _("%(valid)s of %(votes)s valid")
    rows = [
        (said % {"valid": row.valid, "votes": row.votes}, row.wordings)
        for row in statistics.vote_distribution(campaign)
    ]
    return charts.bars(rows, theme=theme, value=_("decided wordings"))


def _difficulty(campaign: Campaign, scope: Scope, theme: Theme) -> str:
    rows = [(row.major, (row.easy, row.medium, row.hard)) for row in statistics.difficulty_by_major(campaign, scope)]
    return charts.stacked(rows, [str(label) for label in Difficulty.labels], theme=theme, value=_("queries"))


def _programming_languages(campaign: Campaign, scope: Scope, theme: Theme) -> str:
    rows = statistics.programming_languages(campaign, scope)[:_BARS]
    return charts.bars(rows, theme=theme, value=_("queries"))


def _natural_languages(campaign: Campaign, scope: Scope, theme: Theme) -> str:
    return charts.bars(statistics.natural_languages(campaign, scope), theme=theme, value=_("queries"))


_CHARTS: dict[str, Callable[[Campaign, Scope, Theme], str]] = {
    "funnel": _funnel,
    "votes": _votes,
    "difficulty": _difficulty,
    "programming-languages": _programming_languages,
    "natural-languages": _natural_languages,
}
