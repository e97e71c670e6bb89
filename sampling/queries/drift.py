"""A run of clusters in; how many documents came to it later, and how much further from its centres they lie, out."""

from dataclasses import dataclass

from django.db.models import Avg, Count

from sampling.models import ClusterRun, CorpusSummary

FAR = 1.15  # times as far as expected, from which the clusters no longer describe what comes in
_ENOUGH = 30  # assigned documents, below which a mean says little


@dataclass(frozen=True)
class Drift:
    """`expected` is what the distance of the assigned documents would be, were they like the clustered ones.

    It is not the mean distance of the clustered documents: each of these has drawn its centre towards itself.
    """

    clustered: int
    within: float | None  # mean distance of the clustered ones
    assigned: int
    expected: float | None
    distance: float | None  # mean of the assigned ones

    @property
    def ratio(self) -> float | None:
        return self.distance / self.expected if self.distance is not None and self.expected else None

    @property
    def far(self) -> bool:
        """Whether it is time to cluster anew."""
        return self.assigned >= _ENOUGH and self.ratio is not None and self.ratio >= FAR


def drift_of(summary: CorpusSummary) -> Drift | None:
    """As it was counted; None where there was no run."""
    if summary.run is None:
        return None
    clustered, within = summary.distances.get("clustered", (0, None))
    assigned, distance = summary.distances.get("assigned", (0, None))
    return Drift(clustered, within, assigned, summary.run.expected_distance, distance)


def drift(run: ClusterRun) -> Drift:
    rows = run.assignments.values_list("assigned").annotate(n=Count("pk"), mean=Avg("distance")).order_by("assigned")
    found = {assigned: (number, mean) for assigned, number, mean in rows}
    none: tuple[int, float | None] = (0, None)
    return Drift(*found.get(False, none), found.get(True, none)[0], run.expected_distance, found.get(True, none)[1])
