from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget

from annotation import actions, leases
from annotation.actions import BadWording, Leaks, ReasonMissing
from annotation.forms import SkipForm, WordingForm, typed
from annotation.leases import LeaseLost
from annotation.models import Draft, Item
from annotation.views import writing
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from sampling.models import Seed


def _seed(campaign: Campaign, pk: int) -> Seed:
    rows = Seed.objects.select_related("campaign", "document", "category", "holder")
    return get_object_or_404(rows, pk=pk, campaign=campaign)


def _form(request: CampaignRequest, seed: Seed) -> WordingForm:
    return WordingForm(request.POST, campaign=seed.campaign, suggested=seed.document.programming_languages)


def _context(seed: Seed, form: WordingForm) -> dict[str, Any]:
    at = [seed.campaign.slug, seed.pk]
    return {
        "campaign": seed.campaign,
        "seed": seed,
        "form": form,
        "token": seed.lease_token,
        "skip_form": SkipForm(),
        "draft_url": reverse("annotation:draft", args=at),
        "preview_url": reverse("annotation:preview", args=at),
        "submit_url": reverse("annotation:submit", args=at),
    }


def _lost(request: CampaignRequest, seed: Seed, fields: dict[str, Any], error: LeaseLost) -> HttpResponse:
    """409: says what happened and shows what was typed, to be copied."""
    context = {"campaign": seed.campaign, "seed": seed, "fields": fields, "error": error}
    context["item"] = Item.objects.filter(seed=seed, author=request.user).first()
    if request.htmx:
        response = render(request, "annotation/_lost.html", context, status=409)
        return reswap(retarget(response, "#place"), "innerHTML")
    return render(request, "annotation/lost.html", context, status=409)


@allowed(Permission.WRITE)
@require_safe
def work(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    seed = _seed(campaign, pk)
    draft = Draft.objects.filter(seed=seed, annotator=request.user).first()
    if seed.holder != request.user:
        return _lost(request, seed, draft.fields if draft else {}, leases.lost())
    document = seed.document
    preset = {"category": seed.category.slug, "natural_language": document.natural_language or "en"}
    form = WordingForm(
        campaign=campaign,
        suggested=document.programming_languages,
        initial=preset | {"programming_languages": document.programming_languages} | (draft.fields if draft else {}),
    )
    context = _context(seed, form) | {"saved_at": draft.saved_at if draft else None}
    if query := form["query"].value():
        context |= writing.preview_context(campaign, query)
    return render(request, "annotation/work.html", context)


@allowed(Permission.WRITE)
@require_POST
def draft(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    seed, fields, now = _seed(campaign, pk), typed(request.POST), timezone.now()
    try:
        actions.save_draft(seed=seed, token=request.POST.get("token", ""), fields=fields, by=request.user, now=now)
    except LeaseLost as error:
        if request.htmx:
            return render(request, "annotation/_unsaved.html", {"error": error, "campaign": campaign}, status=409)
        return _lost(request, seed, fields, error)
    if request.htmx:
        return writing.saved(request, now, seed.lease_expires_at)
    messages.success(request, _("Draft saved."))
    return redirect("annotation:work", campaign.slug, pk)


@allowed(Permission.WRITE)
@require_POST
def preview(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    """The query as reviewers will see it. Without HTMX the page comes back with it, and the draft is saved.

    The button beside a leak sends its digest along: then the leads are asked first.
    """
    writing.ask(request, campaign)
    shown = writing.preview_context(campaign, request.POST.get("query", ""))
    if request.htmx:
        return render(request, "annotation/_preview.html", {"campaign": campaign, "preview_url": request.path} | shown)
    seed, fields, now = _seed(campaign, pk), typed(request.POST), timezone.now()
    try:
        actions.save_draft(seed=seed, token=request.POST.get("token", ""), fields=fields, by=request.user, now=now)
    except LeaseLost as error:
        return _lost(request, seed, fields, error)
    return render(request, "annotation/work.html", _context(seed, _form(request, seed)) | {"saved_at": now} | shown)


@allowed(Permission.WRITE)
@require_POST
def submit(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    seed, fields = _seed(campaign, pk), typed(request.POST)
    form = _form(request, seed)
    context = _context(seed, form)  # before the action: it names the token that was sent
    try:
        item = actions.submit(
            seed=seed, token=request.POST.get("token", ""), fields=fields, by=request.user, now=timezone.now()
        )
    except LeaseLost as error:
        return _lost(request, seed, fields, error)
    except (BadWording, Leaks) as error:
        return writing.refused(request, "annotation/work.html", context, form, error)
    messages.success(request, _("Submitted: item %(number)s is in review.") % {"number": item.pk})
    return _next(request, campaign)


@allowed(Permission.WRITE)
@require_POST
def skip(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    seed, form, token = _seed(campaign, pk), SkipForm(request.POST), request.POST.get("token", "")
    try:
        actions.skip(seed=seed, token=token, reason=form.reason(), by=request.user, now=timezone.now())
    except LeaseLost as error:
        return _lost(request, seed, {}, error)
    except ReasonMissing as error:
        messages.error(request, str(error))
        return redirect("annotation:work", campaign.slug, pk)
    messages.success(request, _("Skipped: “%(seed)s”.") % {"seed": seed.document})
    return _next(request, campaign)


@allowed(Permission.WRITE)
@require_POST
def release(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    seed, token = _seed(campaign, pk), request.POST.get("token", "")
    try:
        leases.release(seed=seed, token=token, by=request.user, now=timezone.now())
    except LeaseLost as error:
        return _lost(request, seed, {}, error)
    messages.success(request, _("Put back: somebody else can take this seed now. Your draft is kept."))
    return redirect("annotation:home", campaign.slug)


def _next(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Home, or straight on to the next seed."""
    url = reverse("annotation:home", args=[campaign.slug])
    if request.POST.get("then") == "next":
        seed = leases.claim_next(campaign=campaign, by=request.user, now=timezone.now())
        if seed is not None:
            url = reverse("annotation:work", args=[campaign.slug, seed.pk])
        else:
            messages.info(request, _("That was the last seed waiting."))
    return writing.go(request, url)
