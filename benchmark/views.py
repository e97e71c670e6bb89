"""Releases: what is in them, what is left out and why, freezing and downloading."""

from collections import Counter

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.models import NaturalLanguage
from annotation.resemblance import hints
from benchmark import actions, bundle, figures, queries
from benchmark.models import Release, ReleaseExclusion
from benchmark.proposal import propose
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign

EXCLUSIONS_PER_PAGE = 100
RESEMBLING_SHOWN = 20


@allowed(Permission.RELEASE)
@require_safe
def releases(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    rows = campaign.releases.frozen().select_related("created_by")
    return render(request, "benchmark/releases.html", {"campaign": campaign, "releases": rows})


@allowed(Permission.RELEASE)
def freeze(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """First what will happen; then the release."""
    now = timezone.now()
    if request.method != "POST":
        context = {"campaign": campaign, "outlook": queries.outlook(campaign)}
        return render(request, "benchmark/freeze.html", context)
    try:
        release = actions.freeze(campaign=campaign, by=request.user, now=now)
    except (actions.NothingToRelease, actions.Overtaken) as error:
        messages.error(request, str(error))
        return redirect("benchmark:releases", campaign.slug)
    said = _("Release %(n)d is frozen.") if release.frozen_at == now else _("Nothing has changed since release %(n)d.")
    messages.success(request, said % {"n": release.number})
    return redirect("benchmark:release", campaign.slug, release.number)


@allowed(Permission.RELEASE)
@require_POST  # it writes nothing, but takes seconds: no link, prefetch or reload should set it off
def look(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """What would be in a release frozen now, and what would not."""
    proposal = propose(campaign=campaign, by=request.user, now=timezone.now())
    found = hints([row.revision_id for row in proposal.items])
    near = sorted(
        ((row, found[row.revision_id]) for row in proposal.items if row.revision_id in found),
        key=lambda pair: (-pair[1].found.cosine, pair[0].position),
    )
    near = [pair for pair in near if pair[1].near]
    context = {
        "campaign": campaign,
        "proposal": proposal,
        "reasons": _reasons(Counter(row.reason for row in proposal.exclusions)),
        "leaking": [row for row in proposal.exclusions if row.reason == ReleaseExclusion.Reason.LEAK],
        "looked_up": len(found),
        "near": near[:RESEMBLING_SHOWN],
        "more_near": len(near[RESEMBLING_SHOWN:]),
    }
    return render(request, "benchmark/look.html", context)


@allowed(Permission.RELEASE)
@require_safe
def release(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    found = _frozen(campaign, number)
    statistics = found.facts["statistics"]
    names = dict(NaturalLanguage.choices)
    reason = request.GET.get("reason", "")
    left_out = found.exclusions.select_related("revision").order_by("reason", "uid", "pk")
    if reason:
        left_out = left_out.filter(reason=reason)
    context = {
        "campaign": campaign,
        "release": found,
        "statistics": statistics,
        "levels": figures.by_level(statistics),
        "subcategories": figures.by_subcategory(statistics),
        "programming_languages": figures.most_first(statistics["programming_languages"]),
        "natural_languages": [
            (names.get(code, code), count) for code, count in figures.most_first(statistics["natural_languages"])
        ],
        "votes": figures.by_votes(statistics),
        "reasons": _reasons(statistics["excluded"]),
        "reason": reason,
        "page": Paginator(left_out, EXCLUSIONS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "benchmark/release.html", context)


@allowed(Permission.RELEASE)
@require_safe
def download(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    found = _frozen(campaign, number)
    try:
        files = actions.build(found)
    except actions.BrokenRelease as error:
        messages.error(request, str(error))
        return redirect("benchmark:release", campaign.slug, number)
    name = f"{campaign.slug}-release-{number}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return HttpResponse(bundle.archive(files, name), content_type="application/zip", headers=disposition)


def _frozen(campaign: Campaign, number: int) -> Release:
    rows = Release.objects.frozen().filter(campaign=campaign).select_related("campaign", "created_by")
    return get_object_or_404(rows, number=number)


def _reasons(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """Reason, what it is called, items; the most frequent first."""
    return [(name, str(ReleaseExclusion.Reason(name).label), count) for name, count in figures.most_first(counts)]
