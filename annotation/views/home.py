from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation import actions, leases, progress
from annotation.feedback import judgements
from annotation.models import Item
from annotation.queue import waiting_count
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from campaigns.transitions import IllegalTransition, LostRace
from sampling.models import Seed

_RECENT = 20


@allowed(Permission.WRITE)
@require_safe
def home(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    now = timezone.now()
    own = (
        Item.objects.counted()
        .filter(campaign=campaign, author=request.user)
        .with_work()
        .order_by("-submitted_at", "-pk")
    )
    returned = list(own.filter(status=Item.Status.RETURNED))
    said = judgements(returned)
    seeds = Seed.objects.filter(campaign=campaign)
    context = {
        "campaign": campaign,
        "now": now,
        "counts": progress.own_counts(campaign=campaign, user=request.user, now=now),
        # One whose lease ran out is still in hand until somebody else takes it.
        "in_hand": seeds.filter(holder=request.user).select_related("document", "category").first(),
        "waiting": waiting_count(campaign=campaign, now=now),
        "returned": [(item, said[item.pk][:1]) for item in returned],
        "recent": own[:_RECENT],
    }
    return render(request, "annotation/home.html", context)


@allowed(Permission.WRITE)
@require_POST
def claim(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    seed = leases.claim_next(campaign=campaign, by=request.user, now=timezone.now())
    if seed is None:
        messages.info(request, _("No seed is waiting. Ask a lead to draw more."))
        return redirect("annotation:home", campaign.slug)
    return redirect("annotation:work", campaign.slug, seed.pk)


@allowed(Permission.OVERSEE)
@require_safe
def skipped(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    seeds = Seed.objects.filter(campaign=campaign, status=Seed.Status.SKIPPED)
    context = {"campaign": campaign, "seeds": seeds.select_related("document", "category").order_by("rank", "pk")}
    return render(request, "annotation/skipped.html", context)


@allowed(Permission.OVERSEE)
@require_POST
def reopen(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    seed = get_object_or_404(Seed.objects.select_related("campaign", "document"), pk=pk, campaign=campaign)
    try:
        actions.reopen_skipped(seed=seed, by=request.user, now=timezone.now())
        messages.success(request, _("“%(seed)s” waits in the queue again.") % {"seed": seed.document})
    except (IllegalTransition, LostRace):
        messages.info(request, _("“%(seed)s” is not skipped any more.") % {"seed": seed.document})
    return redirect("annotation:skipped", campaign.slug)
