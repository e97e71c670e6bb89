from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation import actions
from annotation.actions import BadWording, Leaks, NotSentBack
from annotation.feedback import judgements
from annotation.forms import WordingForm, typed
from annotation.models import Draft, Item, Revision
from annotation.views import writing
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign


def _own(request: CampaignRequest, campaign: Campaign, pk: int) -> Item:
    rows = Item.objects.with_work().select_related("campaign", "seed__category")
    return get_object_or_404(rows, pk=pk, campaign=campaign, author=request.user)


def _form(item: Item, **options: Any) -> WordingForm:
    return WordingForm(campaign=item.campaign, suggested=item.seed.document.programming_languages, **options)


def _context(item: Item, form: WordingForm | None) -> dict[str, Any]:
    at = [item.campaign.slug, item.pk]
    return {
        "campaign": item.campaign,
        "item": item,
        "seed": item.seed,
        "form": form,
        "judgements": judgements([item])[item.pk],
        "draft_url": reverse("annotation:item-draft", args=at),
        "preview_url": reverse("annotation:item-preview", args=at),
        "submit_url": reverse("annotation:revise", args=at),
    }


def _fields(revision: Revision) -> dict[str, Any]:
    names = ("original", "knowledge", "query", "difficulty", "programming_languages", "natural_language")
    return {name: getattr(revision, name) for name in names} | {"category": revision.category.slug}


def _gone(request: CampaignRequest, item: Item, error: NotSentBack) -> HttpResponse:
    """409: it was decided, withdrawn or handed in from another tab; what was typed is shown, to be copied."""
    context = {"campaign": item.campaign, "item": item, "fields": typed(request.POST), "error": error}
    return render(request, "annotation/lost.html", context, status=409)


@allowed(Permission.WRITE)
@require_safe
def item(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    own = _own(request, campaign, pk)
    context = _context(own, None)
    if own.status == Item.Status.RETURNED and own.revision:
        draft = Draft.objects.filter(seed=own.seed, annotator=request.user).first()
        form = _form(own, initial=_fields(own.revision) | (draft.fields if draft else {}))
        context |= {"form": form, "saved_at": draft.saved_at if draft else None}
        context |= writing.preview_context(campaign, form["query"].value() or "")
    return render(request, "annotation/item.html", context)


@allowed(Permission.WRITE)
@require_POST
def item_draft(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    own, now = _own(request, campaign, pk), timezone.now()
    try:
        actions.save_revision_draft(item=own, fields=typed(request.POST), by=request.user, now=now)
    except NotSentBack as error:
        if request.htmx:
            return render(request, "annotation/_unsaved.html", {"error": error, "campaign": campaign}, status=409)
        return _gone(request, own, error)
    if request.htmx:
        return writing.saved(request, now, None)
    messages.success(request, _("Draft saved."))
    return redirect("annotation:item", campaign.slug, pk)


@allowed(Permission.WRITE)
@require_POST
def item_preview(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    own = _own(request, campaign, pk)
    writing.ask(request, campaign)
    shown = writing.preview_context(campaign, request.POST.get("query", ""))
    if request.htmx:
        return render(request, "annotation/_preview.html", {"campaign": campaign, "preview_url": request.path} | shown)
    return render(request, "annotation/item.html", _context(own, _form(own, data=request.POST)) | shown)


@allowed(Permission.WRITE)
@require_POST
def revise(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    own = _own(request, campaign, pk)
    form = _form(own, data=request.POST)
    try:
        actions.revise(item=own, fields=typed(request.POST), by=request.user, now=timezone.now())
    except NotSentBack as error:
        return _gone(request, own, error)
    except (BadWording, Leaks) as error:
        return writing.refused(request, "annotation/item.html", _context(own, form), form, error)
    messages.success(request, _("Handed in again: item %(number)s is back in review.") % {"number": own.pk})
    return writing.go(request, reverse("annotation:home", args=[campaign.slug]))
