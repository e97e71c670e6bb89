"""What the two pages with the writing form share: its context, its preview, its answers to HTMX."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from annotation.actions import BadWording, Leaks
from annotation.forms import WordingForm
from annotation.wording import LONGEST
from campaigns.access import CampaignRequest
from campaigns.models import Campaign
from decontamination import waivers
from decontamination.checks import current_check
from decontamination.evidence import leaks_shown
from decontamination.models import WaiverRequest


def preview_context(campaign: Campaign, query: str) -> dict[str, Any]:
    query = query[: LONGEST["query"]]  # more is refused anyway, and would only take time
    shown = leaks_shown(query, current_check(campaign).leaks(query))
    digests = {leak.match.digest for leak in shown.leaks}
    asked = (
        WaiverRequest.objects.filter(campaign=campaign, digest__in=digests) if digests else WaiverRequest.objects.none()
    )
    return {
        "query": query,
        "leaks": shown,
        "asked": {request.digest: request for request in asked.order_by("asked_at", "pk")},
        "previewed": True,
    }


def ask(request: CampaignRequest, campaign: Campaign) -> None:
    """Pass on to the leads the leak whose button was pressed, if it is in the query that was sent with it."""
    if not (digest := request.POST.get("ask", "")):
        return
    for match in current_check(campaign).leaks(request.POST.get("query", "")):
        if match.digest == digest:
            note = request.POST.get(f"note-{digest}", "")
            waivers.ask(campaign=campaign, match=match, note=note, by=request.user, now=timezone.now())
            return


def saved(request: CampaignRequest, now: datetime, until: datetime | None) -> HttpResponse:
    response = render(request, "annotation/_saved.html", {"saved_at": now, "until": until})
    return trigger_client_event(response, "quorum:saved")


def go(request: CampaignRequest, url: str) -> HttpResponse:
    """After a form was handed in: a redirect that HTMX follows with the whole page."""
    response = HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)
    return trigger_client_event(response, "quorum:saved")


def refused(
    request: CampaignRequest, page: str, context: dict[str, Any], form: WordingForm, error: BadWording | Leaks
) -> HttpResponse:
    """The form with what was typed and why it was not taken."""
    form.refuse(error)
    context |= preview_context(context["campaign"], form["query"].value() or "") | {"saved_at": timezone.now()}
    return render(request, "annotation/_form.html" if request.htmx else page, context, status=422)
