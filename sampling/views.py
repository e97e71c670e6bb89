"""For leads: the topics of a corpus, whose category they may set, and where each seed comes from."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from campaigns.access import CampaignRequest, roles_required
from campaigns.models import Campaign, Role
from decontamination.checks import current_check
from decontamination.evidence import leaks_shown
from decontamination.models import Reference
from sampling import actions
from sampling.actions.categories import NotClustered
from sampling.forms import DrawForm, OverruleForm
from sampling.models import Cluster, ClusterRun, Corpus, Document, Draw, Seed
from sampling.progress import chosen_corpus

CLUSTERS_PER_PAGE = 50
DOCUMENTS_PER_PAGE = 25
EXAMPLES = 3
FREQUENT_RUNS = 10
_ORDERS = {"number": ["number"], "-size": ["-size", "number"], "score": ["score", "number"]}


def _run(request: CampaignRequest, campaign: Campaign) -> ClusterRun | None:
    """The run asked for by number, else the newest of the chosen corpus."""
    wanted = request.GET.get("run", "")
    if wanted.isdecimal():
        return get_object_or_404(ClusterRun.objects.select_related("corpus"), pk=int(wanted))
    corpus = chosen_corpus(campaign, request.GET.get("corpus", ""))
    return corpus.cluster_runs.select_related("corpus").order_by("-pk").first() if corpus else None


@roles_required(Role.LEAD)
@require_safe
def clusters(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    run = _run(request, campaign)
    categories = list(campaign.taxonomy.categories.order_by("position"))
    wanted = request.GET.get("category", "")
    order = request.GET.get("sort", "number")
    rows = Cluster.objects.filter(run=run).with_category().order_by(*_ORDERS.get(order, ["number"]))
    if wanted.startswith("major:"):
        rows = rows.of_categories([row for row in categories if row.major == wanted.removeprefix("major:")])
    elif wanted:
        rows = rows.of_categories([row for row in categories if row.slug == wanted])
    context = {
        "run": run,
        "corpus": run.corpus if run else chosen_corpus(campaign, request.GET.get("corpus", "")),
        "corpora": Corpus.objects.order_by("name"),
        "page": Paginator(rows, CLUSTERS_PER_PAGE).get_page(request.GET.get("page")),
        "categories": categories,
        "wanted": wanted,
        "sort": order,
        "verdicts": actions.verdict_state(run.corpus, campaign) if run else None,
    }
    return render(request, "sampling/clusters.html", context)


@roles_required(Role.LEAD)
@require_safe
def cluster(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    found = get_object_or_404(Cluster.objects.with_category(), run=_run(request, campaign), number=number)
    members = found.assignments.select_related("document", "category").order_by("distance", "pk")
    page = Paginator(members, DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    drawn = campaign.seeds.filter(document__in=[row.document_id for row in page]).values_list("document_id", "pk")
    newest = found.run.corpus.cluster_runs.order_by("-pk").first()
    context = {
        "cluster": found,
        "newest": newest == found.run,
        "central": list(members[:EXAMPLES]),
        "marginal": list(members.reverse()[:EXAMPLES]) if found.size >= 2 * EXAMPLES else [],
        "page": page,
        "seeds": dict(drawn),
        "leaks": actions.leaks_among([row.document for row in page], campaign),
        "verdicts": actions.verdict_state(found.run.corpus, campaign),
        "form": OverruleForm(campaign=campaign, initial={"category": found.overruled and found.overruled.slug}),
    }
    return render(request, "sampling/cluster.html", context)


@roles_required(Role.LEAD)
@require_POST
def overrule(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    run = _run(request, campaign)
    found = get_object_or_404(Cluster, run=run, number=number)
    form = OverruleForm(request.POST, campaign=campaign)
    if form.is_valid():
        category = form.cleaned_data["category"]
        actions.overrule(cluster=found, category=category, campaign=campaign, by=request.user, now=timezone.now())
        said = _("The category is now %(category)s.") if category else _("The category is the proposed one again.")
        messages.success(request, said % {"category": category})
    else:
        messages.error(request, _("There is no such category."))
    return redirect(f"{reverse('sampling:cluster', args=[campaign.slug, number])}?run={found.run_id}")


@roles_required(Role.LEAD)
@require_safe
def leaks(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Documents that no draw takes because of what they share with a reference, and the words that many share."""
    corpus = chosen_corpus(campaign, request.GET.get("corpus", ""))
    found = actions.leaks_of(corpus, campaign) if corpus else {}
    page = Paginator(list(found), DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    documents = Document.objects.in_bulk(list(page))
    check = current_check(campaign)
    rows = []
    for pk in page:
        shown = leaks_shown(documents[pk].wording, check.leaks(documents[pk].wording))
        named = [(f"{pk}-{number}", leak) for number, leak in enumerate(shown[:EXAMPLES])]
        rows.append({"document": documents[pk], "leaks": named, "more": len(shown[EXAMPLES:])})
    context = {
        "corpus": corpus,
        "corpora": Corpus.objects.order_by("name"),
        "verdicts": actions.verdict_state(corpus, campaign) if corpus else None,
        "frequent": actions.frequent_runs(corpus, campaign, most=FREQUENT_RUNS) if corpus else (),
        "page": page,
        "rows": rows,
    }
    return render(request, "sampling/leaks.html", context)


@roles_required(Role.LEAD)
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
    return redirect(f"{reverse('setup', args=[campaign.slug])}?corpus={corpus.name}")


@roles_required(Role.LEAD)
@require_safe
def seed(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    """Why this document is here: everything between the scrape and the annotator's queue."""
    found = (
        Seed.objects.filter(campaign=campaign, pk=pk)
        .select_related("document", "category", "draw__run", "draw__corpus", "cluster__proposed", "cluster__overruled")
        .first()
    )
    if found is None:
        raise Http404
    drawn: Draw = found.draw
    verdict, fresh = actions.verdict_on(found.document, campaign)
    made_with = verdict.made_with.references if verdict else []
    context = {
        "seed": found,
        "document": found.document,
        "draw": drawn,
        "share": drawn.report.get(found.category.slug, {}),
        "assignment": found.document.assignments.filter(run=drawn.run)
        .select_related("category")
        .order_by("pk")
        .first(),
        "duplicates": found.document.duplicates.order_by("pk"),
        "verdict": verdict,
        "fresh": fresh,
        "versions": Reference.objects.filter(digest__in=made_with).order_by("name", "pk").values_list("name", "digest"),
        "leak": actions.leaks_among([found.document], campaign).get(found.document_id),
    }
    return render(request, "sampling/seed.html", context)
