"""A lead's list of items and what became of each."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.models import Difficulty, Item
from annotation.resemblance import hints
from annotation.workflow import ITEM
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from campaigns.transitions import IllegalTransition
from decontamination.checks import current_check
from decontamination.evidence import leaks_shown
from review import actions
from review.seen import history, listed

_PAGE = 50


@allowed(Permission.OVERSEE)
@require_safe
def items(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    wanted = {name: request.GET.get(name, "") for name in ("status", "difficulty", "major", "search")}
    found = Paginator(listed(campaign=campaign, **wanted), _PAGE)
    link = request.GET.copy()
    link.pop("page", None)
    page = found.get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "wanted": wanted,
        "statuses": Item.Status.choices,
        "difficulties": Difficulty.choices,
        "majors": dict.fromkeys(campaign.taxonomy.categories.order_by("position").values_list("major", flat=True)),
        "page": page,
        "hints": hints([item.revision_id for item in page if item.revision_id is not None]),
        "link": link.urlencode(),
    }
    return render(request, "review/_items.html" if request.htmx else "review/items.html", context)


@allowed(Permission.OVERSEE)
@require_safe
def item(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    return _page(request, _item(campaign, pk))


@allowed(Permission.OVERSEE)
@require_POST
def send_back(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    return _act(request, _item(campaign, pk), actions.send_back, _("Sent back to its author."))


@allowed(Permission.OVERSEE)
@require_POST
def withdraw(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    return _act(request, _item(campaign, pk), actions.withdraw, _("Withdrawn."))


def _item(campaign: Campaign, pk: int) -> Item:
    rows = Item.objects.with_work().select_related("campaign", "seed__category")
    return get_object_or_404(rows, pk=pk, campaign=campaign)


def _act(request: CampaignRequest, item: Item, act: Callable[..., Any], done: str) -> HttpResponse:
    note = request.POST.get("note", "")
    try:
        act(item=item, note=note, by=request.user, now=timezone.now())
    except actions.NoteMissing as error:
        return _page(request, item, error=str(error), status=422)
    except IllegalTransition:
        refusal = _("This item is %(status)s by now. Your note was not recorded: %(note)s")
        item.refresh_from_db(fields=["status"])
        messages.error(request, refusal % {"status": item.get_status_display(), "note": note})
        return redirect("review:item", item.campaign.slug, item.pk)
    messages.success(request, done)
    return redirect("review:item", item.campaign.slug, item.pk)


def _page(request: CampaignRequest, item: Item, *, error: str = "", status: int = 200) -> HttpResponse:
    query = item.revision.query if item.revision else ""
    context = {
        "campaign": item.campaign,
        "item": item,
        "leaks": leaks_shown(query, current_check(item.campaign).leaks(query)),
        "hint": hints([item.revision.pk]).get(item.revision.pk) if item.revision else None,
        "revision": item.revision,
        "seed": item.seed,
        "history": history(item),
        "steps": ITEM.get(item.status, frozenset()),
        "error": error,
    }
    return render(request, "review/item.html", context, status=status)
