"""The benchmarks that nothing may overlap, and their prompts."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.access import CampaignRequest, roles_required
from campaigns.models import Campaign, Role
from decontamination import actions
from decontamination.models import Reference

PROMPTS_PER_PAGE = 50


@roles_required(Role.LEAD)
@require_safe
def references(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    context = {
        "in_force": Reference.objects.in_force(),
        "retired": Reference.objects.exclude(retired_at=None).order_by("-retired_at", "-pk"),
    }
    return render(request, "decontamination/references.html", context)


@roles_required(Role.LEAD)
@require_safe
def reference(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    found = get_object_or_404(Reference, pk=pk)
    prompts = found.prompts.order_by("key", "pk")
    if wanted := request.GET.get("q", "").strip():
        prompts = prompts.filter(text__icontains=wanted) | prompts.filter(key__icontains=wanted)
    page = Paginator(prompts, PROMPTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "decontamination/reference.html", {"reference": found, "page": page, "wanted": wanted})


@roles_required(Role.LEAD)
@require_POST
def retire(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    """References serve every campaign of the installation, so only who runs the installation retires one."""
    if not request.user.is_staff:
        raise PermissionDenied(_("References serve all campaigns: only the installation's lead retires one."))
    found = get_object_or_404(Reference, pk=pk)
    actions.retire(reference=found, by=request.user, now=timezone.now())
    messages.success(request, _("%(name)s is retired.") % {"name": found.name})
    return redirect("decontamination:references", campaign.slug)
