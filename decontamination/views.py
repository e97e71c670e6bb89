"""The benchmarks that nothing may overlap and their prompts, and the shared words that a lead lets pass."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from decontamination import actions
from decontamination import waivers as waiving
from decontamination.checks import campaign_index, current_check
from decontamination.evidence import Shown, leaks_shown, words_shown
from decontamination.models import Reference, Waiver, WaiverRequest

PROMPTS_PER_PAGE = 50
MOST_CHARACTERS = 100_000


@allowed(Permission.SET_UP)
@require_safe
def references(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    context = {
        "in_force": Reference.objects.in_force(),
        "retired": Reference.objects.exclude(retired_at=None).order_by("-retired_at", "-pk"),
        "waivers": Waiver.objects.in_force().filter(campaign=campaign).count(),
        "requests": WaiverRequest.objects.open().filter(campaign=campaign).count(),
    }
    return render(request, "decontamination/references.html", context)


@allowed(Permission.SET_UP)
@require_safe
def reference(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    found = get_object_or_404(Reference, pk=pk)
    prompts = found.prompts.order_by("key", "pk")
    if wanted := request.GET.get("q", "").strip():
        prompts = prompts.filter(text__icontains=wanted) | prompts.filter(key__icontains=wanted)
    page = Paginator(prompts, PROMPTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "decontamination/reference.html", {"reference": found, "page": page, "wanted": wanted})


@allowed(Permission.SET_UP)
@require_POST
def retire(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    found = get_object_or_404(Reference, pk=pk)
    actions.retire(reference=found, by=request.user, now=timezone.now())
    messages.success(request, _("%(name)s is retired.") % {"name": found.name})
    return redirect("decontamination:references", campaign.slug)


@allowed(Permission.WAIVE)
@require_safe
def waivers(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    return _waivers_page(request, campaign)


@allowed(Permission.WAIVE)
@require_POST
def check(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Any text against the references, with a form to waive each leak. Nothing is kept of it."""
    text = request.POST.get("text", "").replace("\x00", "")[:MOST_CHARACTERS]
    leaks = leaks_shown(text, current_check(campaign).leaks(text))
    return _waivers_page(request, campaign, text=text, leaks=leaks, checked=True)


@allowed(Permission.WAIVE)
@require_POST
def waive(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    run, key = request.POST.get("run", ""), request.POST.get("key", "")
    act = partial(waiving.waive, campaign=campaign, run=run, key=key)
    return _act(request, campaign, act, _("Waived. These words are no leak from now on."))


@allowed(Permission.WAIVE)
@require_POST
def withdraw_waiver(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    waiver = get_object_or_404(Waiver, pk=pk, campaign=campaign)
    return _act(request, campaign, partial(waiving.withdraw, waiver=waiver), _("The waiver is withdrawn."))


@allowed(Permission.WAIVE)
@require_POST
def decline_waiver(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    asked = get_object_or_404(WaiverRequest, pk=pk, campaign=campaign)
    return _act(
        request, campaign, partial(waiving.decline, request=asked), _("Declined: the annotator sees your answer.")
    )


def _act(request: CampaignRequest, campaign: Campaign, act: Callable[..., Any], done: str) -> HttpResponse:
    """Back to where the form stood, if that is a page of this site."""
    try:
        act(reason=request.POST.get("reason", ""), by=request.user, now=timezone.now())
        messages.success(request, done)
    except (waiving.WaiverReasonMissing, waiving.NotShared) as error:
        messages.error(request, str(error))
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return redirect(back)
    return redirect("decontamination:waivers", campaign.slug)


def _waivers_page(
    request: CampaignRequest, campaign: Campaign, *, text: str = "", leaks: Shown | None = None, checked: bool = False
) -> HttpResponse:
    asked = list(WaiverRequest.objects.open().filter(campaign=campaign).select_related("asked_by"))
    shown = words_shown(campaign_index(campaign), [row.run for row in asked])
    context = {
        "campaign": campaign,
        "requests": [(row, shown.get(row.run)) for row in asked],
        "in_force": campaign.waivers.in_force().select_related("by"),
        "withdrawn": campaign.waivers.withdrawn().select_related("by"),
        "text": text,
        "leaks": leaks,
        "checked": checked,
    }
    return render(request, "decontamination/waivers.html", context)
