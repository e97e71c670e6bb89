"""The draws of a campaign: what each asked for, got and left out, how widely it spread, and each seed's trail."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from decontamination.models import Reference
from foundation import charts
from sampling import actions
from sampling.drawing import allocation
from sampling.forms import DrawForm
from sampling.models import Draw, DrawExclusion, Seed
from sampling.queries.runs import NotClustered
from sampling.queries.shortfalls import look_at
from sampling.queries.verdicts import leaks_among, verdict_on

EXCLUSIONS_PER_PAGE = 50
DRAWS_PER_PAGE = 50


@allowed(Permission.SAMPLE)
@require_POST
def draw(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    form = DrawForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("setup", campaign.slug)
    corpus = form.cleaned_data["corpus"]
    try:
        report = actions.draw_seeds(
            campaign=campaign, corpus=corpus, by=request.user, now=timezone.now(), **form.target()
        )
    except (actions.CannotDraw, NotClustered) as error:
        messages.error(request, str(error))
    else:
        drawn = sum(row["filled"] for row in report.categories.values())
        text = ngettext("%(drawn)d seed drawn.", "%(drawn)d seeds drawn.", drawn) % {"drawn": drawn}
        if report.shortfall:
            text += " " + _("%(short)d more were asked for than there are documents.") % {"short": report.shortfall}
        (messages.success if drawn else messages.warning)(request, text)
        if report.draw:
            return redirect("sampling:draw-page", campaign.slug, report.draw.pk)
    return redirect(f"{reverse('setup', args=[campaign.slug])}?corpus={corpus.name}")


@allowed(Permission.SAMPLE)
@require_safe
def draws(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    rows = campaign.draws.select_related("corpus", "run").order_by("-created_at", "-pk")
    page = Paginator(rows, DRAWS_PER_PAGE).get_page(request.GET.get("page"))
    pks = [row.pk for row in page]
    seeds = dict(campaign.seeds.filter(draw__in=pks).values_list("draw").annotate(n=Count("pk")).order_by("draw"))
    excluded = dict(
        DrawExclusion.objects.filter(draw__in=pks).values_list("draw").annotate(n=Count("pk")).order_by("draw")
    )
    return render(request, "sampling/draws.html", {"page": page, "seeds": seeds, "excluded": excluded})


@allowed(Permission.SAMPLE)
@require_safe
def draw_page(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    found = get_object_or_404(campaign.draws.select_related("corpus", "run"), pk=pk)
    names = {row.slug: row for row in campaign.taxonomy.categories.order_by("position")}
    by_category = found.spread.get("by_category", {})
    rows = [
        {"category": names[slug], "effective": by_category.get(slug), **row}
        for slug, row in found.report.items()
        if slug in names
    ]
    reason = request.GET.get("reason", "")
    left_out = found.exclusions.select_related("document").order_by("pk")
    if reason in DrawExclusion.Reason.values:
        left_out = left_out.filter(reason=reason)
    labels = dict(DrawExclusion.Reason.choices)
    counts = found.exclusions.values_list("reason").annotate(n=Count("pk")).order_by("reason")
    context = {
        "draw": found,
        "rows": rows,
        "seeds": found.seeds.count(),
        "first": found.seeds.select_related("document", "category").order_by("rank")[:10],
        "totals": {name: sum(row[name] for row in rows) for name in ("before", "available", "filled", "shortfall")},
        "hints": look_at(found, [row["category"] for row in rows if row["shortfall"]]),
        "reasons": [(key, labels[key], count) for key, count in counts],
        "reason": reason,
        "labels": labels,
        "page": Paginator(left_out, EXCLUSIONS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "sampling/draw.html", context)


@allowed(Permission.SAMPLE)
@require_safe
def chart(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    """Before, drawn and missing by category, as SVG."""
    found = get_object_or_404(campaign.draws, pk=pk)
    names = dict(campaign.taxonomy.categories.values_list("slug", "name"))
    rows = [
        (names[slug], (row["shortfall"], row["before"], row["filled"]))
        for slug, row in found.report.items()
        if slug in names
    ]
    parts = [_("missing"), _("drawn before"), _("drawn now")]
    theme: charts.Theme = "dark" if request.GET.get("theme") == "dark" else "light"
    response = HttpResponse(charts.stacked(rows, parts, theme=theme, value=_("seeds")), content_type="image/svg+xml")
    patch_cache_control(response, private=True, no_cache=True)
    return response


@allowed(Permission.SAMPLE)
@require_safe
def seed(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    """Why this document is here: everything between the scrape and the annotator's queue."""
    found = get_object_or_404(
        Seed.objects.filter(campaign=campaign).select_related(
            "document", "category", "draw__run", "draw__corpus", "cluster__proposed"
        ),
        pk=pk,
    )
    drawn: Draw = found.draw
    verdict, fresh = verdict_on(found.document, campaign)
    made_with = verdict.made_with.references if verdict else []
    own = found.document.assignments.filter(run=drawn.run).select_related("category").order_by("pk").first()
    context = {
        "seed": found,
        "document": found.document,
        "draw": drawn,
        "share": drawn.report.get(found.category.slug, {}),
        "decision": next((row for row in drawn.decisions if row["cluster"] == found.cluster.number), None),
        "lot": allocation.lot(drawn.seed, drawn.run.digest, found.document.key).hex(),
        "assignment": own,
        "duplicates": found.document.duplicates.order_by("pk"),
        "verdict": verdict,
        "fresh": fresh,
        "versions": Reference.objects.filter(digest__in=made_with).order_by("name", "pk").values_list("name", "digest"),
        "leak": leaks_among([found.document], campaign).get(found.document_id),
    }
    return render(request, "sampling/seed.html", context)
