"""What the two pages with the writing form share: its context, its preview, its answers to HTMX."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from annotation import actions
from annotation.actions import BadWording, Leaks
from annotation.forms import WordingForm
from annotation.overlaps import Piece, excerpt, pieces
from campaigns.access import CampaignRequest
from campaigns.models import Campaign
from decontamination.models import ReferencePrompt
from decontamination.ngrams import Match

_AROUND = 120  # characters shown on either side of shared words


@dataclass(frozen=True)
class Leak:
    """Shared words as they stand in the query, and as they stand in the prompt."""

    match: Match
    query: list[Piece]
    prompt: list[Piece]


def leaks_shown(query: str, matches: Sequence[Match]) -> list[Leak]:
    """One query for the prompts' own texts."""
    if not matches:
        return []
    prompts = ReferencePrompt.objects.filter(
        reference__retired_at=None,
        reference__name__in={match.reference for match in matches},
        key__in={match.key for match in matches},
    )
    texts = {(name, key): text for name, key, text in prompts.values_list("reference__name", "key", "text")}
    return [
        Leak(
            match,
            excerpt(pieces(query, [(match.start, match.end)]), _AROUND),
            excerpt(
                pieces(texts.get((match.reference, match.key), ""), [(match.prompt_start, match.prompt_end)]), _AROUND
            ),
        )
        for match in matches
    ]


def preview_context(campaign: Campaign, query: str) -> dict[str, Any]:
    matches = actions.leaks(campaign=campaign, text=query)
    return {"query": query, "leaks": leaks_shown(query, matches), "previewed": True}


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
