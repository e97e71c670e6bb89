"""A draw and its categories that fell short in; where a lead could look for more of them out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from campaigns.models import Category
from sampling.models import Assignment, Cluster, Draw

UNSURE = 0.3  # below this score a document's category is little more than a guess
_SHOWN = 3


@dataclass
class Hint:
    """Where documents of one category may be hidden."""

    category: Category
    left_out: int = 0  # documents of this category that the draw left out, for whatever reason but being drawn
    taken_for: list[tuple[Category, int]] = field(default_factory=list)  # what its labelled texts are mistaken for
    clusters: list[tuple[Cluster, int, int]] = field(default_factory=list)  # its documents there; unsure other ones


def look_at(draw: Draw, short: Sequence[Category]) -> list[Hint]:
    """One hint for each category, in their order: its neighbours by cross-validation and by cluster."""
    if not short:
        return []
    hints = {row.pk: Hint(row) for row in short}
    known = {row.slug: row for row in draw.campaign.taxonomy.categories.all()}
    for true, taken, times in draw.run.classifier_scores.get("confusions", ()):
        if true in known and taken in known and (hint := hints.get(known[true].pk)):
            hint.taken_for.append((known[taken], times))
    members = Assignment.objects.filter(run=draw.run)
    out = draw.exclusions.exclude(reason="drawn").filter(document__assignments__run=draw.run)
    left_out = out.values_list("document__assignments__category").annotate(n=Count("pk")).order_by()
    for category, count in left_out:
        if category in hints:
            hints[category].left_out = count
    own = members.filter(category__in=hints).values_list("category", "cluster").annotate(n=Count("pk"))
    shares = list(own.order_by("category", "-n", "cluster"))
    unsure = dict(
        members.filter(cluster__in={cluster for _category, cluster, _n in shares}, score__lt=UNSURE)
        .values_list("cluster")
        .annotate(n=Count("pk"))
        .order_by("cluster")
    )
    clusters = Cluster.objects.in_bulk([cluster for _category, cluster, _n in shares])
    for category, cluster, count in sorted(shares, key=lambda row: (-unsure.get(row[1], 0), row[1])):
        if len(hints[category].clusters) < _SHOWN and unsure.get(cluster):
            hints[category].clusters.append((clusters[cluster], count, unsure[cluster]))
    return list(hints.values())
