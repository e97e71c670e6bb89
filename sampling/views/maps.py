"""The map of a corpus: the page, what stands beside the map, the points, and the title of one of them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from numpy.typing import NDArray

from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from sampling.forms import MapForm
from sampling.maps.mapfile import BrokenMap
from sampling.models import ClusterRun, Corpus, Document
from sampling.queries.corpora import chosen_corpus
from sampling.queries.points import FACETS, Points, points
from sampling.queries.runs import map_path
from sampling.queries.topics import Topic, topics
from sampling.views.clusters import chosen_run

REGIONS_PER_PAGE = 25
DOCUMENTS_PER_PAGE = 20
CLUSTERS_NAMED = 6  # of a region
Region = tuple[Topic, int]  # a cluster, and how many of its documents are shown

_ORDERS: dict[str, Callable[[Region], tuple[Any, ...]]] = {
    "number": lambda row: (row[0].cluster.number,),
    "-shown": lambda row: (-row[1], row[0].cluster.number),
    "category": lambda row: (row[0].category.position if row[0].category else 1000, row[0].cluster.number),
}


@allowed(Permission.SAMPLE)
@require_safe
def corpus_map(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Beside the map: the documents of the cluster or place that was picked, else all clusters."""
    run = chosen_run(request, campaign)
    found, broken = None, ""
    try:
        found = points(campaign, run, map_path(run)) if run else None
    except BrokenMap as error:
        broken = str(error)
    asked = MapForm.asked(request.GET)
    wanted = {name: request.GET.getlist(name) for name in FACETS if name in request.GET}
    context: dict[str, Any] = {"run": run, "points": found, "asked": asked}
    if run and found and ("cluster" in asked or "r" in asked):
        context |= _documents(run, found, asked, wanted, request.GET.get("page"))
    elif run:
        order = request.GET.get("sort", "number")
        context |= _regions(campaign, run, found, wanted, order, request.GET.get("page"))
    if request.htmx:
        return render(request, "sampling/_map_beside.html", context)
    context |= {
        "corpus": run.corpus if run else chosen_corpus(campaign, request.GET.get("corpus", "")),
        "corpora": Corpus.objects.order_by("name"),
        "broken": broken,
        "colour": asked.get("colour", "major"),
        "colours": MapForm.COLOURS,
        "facets": _facets(found, wanted) if found else [],
    }
    return render(request, "sampling/map.html", context)


def _facets(found: Points, wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    titles = dict(MapForm.COLOURS)
    return [
        {
            "name": name,
            "title": titles[name],
            "narrowed": name in wanted,
            "entries": [
                (entry, name not in wanted or entry.key in wanted[name]) for entry in found.facets[name].entries
            ],
        }
        for name in FACETS
    ]


def _regions(
    campaign: Campaign,
    run: ClusterRun,
    found: Points | None,
    wanted: dict[str, list[str]],
    order: str,
    number: str | None,
) -> dict[str, Any]:
    rows: list[Region] = [(topic, topic.cluster.size) for topic in topics(campaign, run).values()]
    if found:
        counts = np.bincount(found.clusters[found.shown(wanted)], minlength=1)
        rows = [(row, int(counts[n]) if (n := row.cluster.number) < len(counts) else 0) for row, _size in rows]
    if wanted:
        rows = [row for row in rows if row[1]]
    rows.sort(key=_ORDERS.get(order, _ORDERS["number"]))
    total = sum(shown for _topic, shown in rows)
    regions = [(topic, shown, shown / total if total else None) for topic, shown in rows]
    return {
        "page": Paginator(regions, REGIONS_PER_PAGE).get_page(number),
        "sort": order if order in _ORDERS else "number",
        "total": total,
    }


def _documents(
    run: ClusterRun, found: Points, asked: dict[str, Any], wanted: dict[str, list[str]], number: str | None
) -> dict[str, Any]:
    rows = (
        found.of_cluster(asked["cluster"]) if "cluster" in asked else found.around(asked["x"], asked["y"], asked["r"])
    )
    rows = rows[found.shown(wanted)[rows]]
    page = Paginator(found.documents[rows].tolist(), DOCUMENTS_PER_PAGE).get_page(number)
    chosen = run.assignments.filter(document__in=list(page)).select_related("document", "category", "cluster")
    by_document = {row.document_id: row for row in chosen.order_by("pk")}
    return {
        "picked": True,
        "page": page,
        "assignments": [by_document[pk] for pk in page if pk in by_document],
        "clusters": _most(found.clusters[rows], found.cluster_names),
        "name": found.cluster_names.get(asked.get("cluster", -1), ""),
    }


def _most(numbers: NDArray[np.uint32], names: dict[int, str]) -> Sequence[tuple[int, str, int]]:
    """The clusters with most of these points: number, name, points."""
    found, counts = np.unique(numbers, return_counts=True)
    order = np.lexsort((found, -counts))[:CLUSTERS_NAMED]
    return [(int(found[at]), names[int(found[at])], int(counts[at])) for at in order]


@allowed(Permission.SAMPLE)
@require_safe
def map_points(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponseBase:
    """All points of a run, as `Points.packed` has them. What the browser has stays good until something changes."""
    run = get_object_or_404(ClusterRun, pk=pk)
    try:
        found = points(campaign, run, map_path(run))
    except BrokenMap as error:
        raise Http404(str(error)) from error
    if found is None:
        raise Http404(_("There is no map yet."))
    tag = f'"{found.version}"'
    response = get_conditional_response(request, etag=tag) or HttpResponse(
        found.packed, content_type="application/octet-stream", headers={"ETag": tag}
    )
    patch_cache_control(response, private=True, no_cache=True)
    return response


@allowed(Permission.SAMPLE)
@require_safe
def map_document(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    """What a point is, for the one that the pointer rests on."""
    found = get_object_or_404(Document, pk=pk)
    return JsonResponse({"title": found.title or found.text[:120]})
