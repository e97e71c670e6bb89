"""The clusters of a run as one campaign sees them, and what its leads decide of each."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign, Category
from sampling import actions
from sampling.forms import DecisionForm, ExcludeForm, MergeForm, OverruleForm, RenameForm
from sampling.models import Cluster, ClusterRun, Corpus
from sampling.queries.corpora import chosen_corpus
from sampling.queries.drift import drift
from sampling.queries.topics import Topic, proposals_of, topics
from sampling.queries.verdicts import leaks_among, verdict_state

CLUSTERS_PER_PAGE = 50
DOCUMENTS_PER_PAGE = 25
EXAMPLES = 3
_ORDERS: dict[str, Callable[[Topic], tuple[float, int]]] = {
    "number": lambda topic: (0, topic.cluster.number),
    "-size": lambda topic: (-topic.cluster.size, topic.cluster.number),
    "score": lambda topic: (topic.cluster.score or 0, topic.cluster.number),
}


def chosen_run(request: CampaignRequest, campaign: Campaign) -> ClusterRun | None:
    """The run asked for by number, else the newest of the chosen corpus."""
    wanted = request.GET.get("run", "")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
        return get_object_or_404(ClusterRun.objects.select_related("corpus"), pk=int(wanted))
    corpus = chosen_corpus(campaign, request.GET.get("corpus", ""))
    return corpus.cluster_runs.select_related("corpus").order_by("-pk").first() if corpus else None


def named(categories: list[Category], wanted: str) -> set[str] | None:
    """Slugs of the category asked for, or of all of a major; None where none is asked for."""
    if wanted.startswith("major:"):
        return {row.slug for row in categories if row.major == wanted.removeprefix("major:")}
    return {wanted} if wanted else None


@allowed(Permission.SAMPLE)
@require_safe
def clusters(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    run = chosen_run(request, campaign)
    categories = list(campaign.taxonomy.categories.order_by("position"))
    wanted, order = request.GET.get("category", ""), request.GET.get("sort", "number")
    slugs = named(categories, wanted)
    rows = list(topics(campaign, run).values()) if run else []
    if slugs is not None:
        rows = [topic for topic in rows if topic.category and topic.category.slug in slugs]
    rows.sort(key=_ORDERS.get(order, _ORDERS["number"]))
    context = {
        "run": run,
        "corpus": run.corpus if run else chosen_corpus(campaign, request.GET.get("corpus", "")),
        "corpora": Corpus.objects.order_by("name"),
        "page": Paginator(rows, CLUSTERS_PER_PAGE).get_page(request.GET.get("page")),
        "categories": categories,
        "wanted": wanted,
        "sort": order,
        "verdicts": verdict_state(run.corpus, campaign) if run else None,
        "drift": drift(run) if run else None,
    }
    return render(request, "sampling/clusters.html", context)


@allowed(Permission.SAMPLE)
@require_safe
def cluster(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    found = get_object_or_404(
        Cluster.objects.select_related("run__corpus"), run=chosen_run(request, campaign), number=number
    )
    topic = topics(campaign, found.run)[found.pk]
    members = found.assignments.select_related("document", "category").order_by("distance", "pk")
    page = Paginator(members, DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    drawn = campaign.seeds.filter(document__in=[row.document_id for row in page]).values_list("document_id", "pk")
    newest = found.run.corpus.cluster_runs.order_by("-pk").first()
    seen = {"version": topic.version}
    decided = topic.decided.slug if topic.decided else None
    context = {
        "cluster": found,
        "topic": topic,
        "newest": newest == found.run,
        "central": list(members[:EXAMPLES]),
        "marginal": list(members.reverse()[:EXAMPLES]) if found.size >= 2 * EXAMPLES else [],
        "page": page,
        "seeds": dict(drawn),
        "leaks": leaks_among([row.document for row in page], campaign),
        "verdicts": verdict_state(found.run.corpus, campaign),
        "proposals": proposals_of(found),
        "overruling": OverruleForm(campaign=campaign, initial={"category": decided, **seen}),
        "renaming": RenameForm(initial={"label": topic.label, **seen}),
        "excluding": ExcludeForm(initial=seen),
        "merging": MergeForm(initial=seen),
    }
    return render(request, "sampling/cluster.html", context)


def _decided(
    request: CampaignRequest,
    campaign: Campaign,
    number: int,
    form: DecisionForm,
    act: Callable[[Cluster], str],
) -> HttpResponse:
    """Take one decision of a cluster, say how it ended, and go back to the cluster's page."""
    found = get_object_or_404(Cluster, run=chosen_run(request, campaign), number=number)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    else:
        try:
            messages.success(request, act(found))
        except (actions.CannotDecide, actions.Changed, actions.UnknownCategory) as error:
            messages.error(request, str(error))
    return redirect(f"{reverse('sampling:cluster', args=[campaign.slug, number])}?run={found.run_id}")


@allowed(Permission.SAMPLE)
@require_POST
def overrule(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    form = OverruleForm(request.POST, campaign=campaign)

    def act(found: Cluster) -> str:
        category = form.cleaned_data["category"]
        actions.overrule(cluster=found, category=category, **form.by(request))
        if category is None:
            return _("The documents' own categories hold again.")
        return _("The category is now %(category)s.") % {"category": category}

    return _decided(request, campaign, number, form, act)


@allowed(Permission.SAMPLE)
@require_POST
def rename(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    form = RenameForm(request.POST)

    def act(found: Cluster) -> str:
        actions.rename(cluster=found, label=form.cleaned_data["label"], **form.by(request))
        return _("The name is changed.")

    return _decided(request, campaign, number, form, act)


@allowed(Permission.SAMPLE)
@require_POST
def exclude(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    form = ExcludeForm(request.POST)

    def act(found: Cluster) -> str:
        reason = form.cleaned_data["reason"]
        actions.exclude(cluster=found, reason=reason, **form.by(request))
        return _("The next draw leaves this cluster out.") if reason else _("The cluster takes part again.")

    return _decided(request, campaign, number, form, act)


@allowed(Permission.SAMPLE)
@require_POST
def merge(request: CampaignRequest, campaign: Campaign, number: int) -> HttpResponse:
    form = MergeForm(request.POST)

    def act(found: Cluster) -> str:
        into = form.cleaned_data["into"]
        target = Cluster.objects.filter(run=found.run_id, number=into).first() if into is not None else None
        if into is not None and target is None:
            raise actions.CannotDecide(_("There is no cluster %(number)d in this run.") % {"number": into})
        actions.merge(cluster=found, into=target, **form.by(request))
        if target is None:
            return _("The cluster stands for itself again.")
        return _("The cluster now counts as a part of cluster %(number)d.") % {"number": target.number}

    return _decided(request, campaign, number, form, act)
