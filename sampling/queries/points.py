"""A map's file, a run's clusters and a campaign's decisions in; points that can be filtered and picked, out."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import Count, Sum
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from campaigns.models import Campaign
from sampling.maps import mapfile
from sampling.models import ClusterRun, CorpusSummary
from sampling.queries.topics import topics

FACETS = ("major", "natural", "programming", "topic")
_COLOURS = 7  # values of a facet that have one of their own
_NAMED_TOPICS = 12  # clusters have hues instead
_NO_CATEGORY = 255
_UNCERTAIN = "none"
_OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """One value of a facet, as the legend shows it."""

    key: str
    label: str
    count: int
    colour: str  # which of the colours: a number, "other" or "none"
    cluster: int | None = None


@dataclass(frozen=True)
class Facet:
    name: str
    entries: list[Entry]
    values: NDArray[np.uint8]  # of each point, the place of its entry


@dataclass(frozen=True)
class Points:
    """All arrays are in one order, which is as good as random."""

    version: str  # changes with anything that is in here
    documents: NDArray[np.uint32]
    places: NDArray[np.uint16]  # points × 2
    clusters: NDArray[np.uint32]  # numbers
    categories: NDArray[np.uint8]  # places in the taxonomy
    distances: NDArray[np.float32]  # to the cluster's centre
    facets: dict[str, Facet]
    cluster_names: dict[int, str]
    category_names: list[str]
    missing: int  # documents of the run that have no place yet
    left_out: int  # texts that the map has no room for

    def __len__(self) -> int:
        return len(self.documents)

    def shown(self, wanted: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
        """Which points are left by a filter: of each facet that it names, the keys that stay."""
        mask = np.ones(len(self), dtype=np.bool_)
        for name, keys in wanted.items():
            facet = self.facets[name]
            kept = np.array([entry.key in keys for entry in facet.entries] or [False])
            mask &= kept[facet.values]
        return mask

    def around(self, x: float, y: float, r: float) -> NDArray[np.int64]:
        """Rows of the points within r of a place, the nearest first; all in units of the map, 0 to 1."""
        apart = np.hypot(*(mapfile.fractions(self.places) - (x, y)).T)
        inside = np.flatnonzero(apart <= r)
        return inside[np.argsort(apart[inside], kind="stable")]

    def of_cluster(self, number: int) -> NDArray[np.int64]:
        """Rows of a cluster's points, from its centre outwards."""
        inside = np.flatnonzero(self.clusters == number)
        return inside[np.argsort(self.distances[inside], kind="stable")]

    @cached_property
    def packed(self) -> bytes:
        """For the browser: the length of a JSON head, the head, then column after column, little-endian."""
        head = json.dumps(
            {
                "count": len(self),
                "clusters": self.cluster_names,
                "categories": self.category_names,
                "facets": {name: [entry.key for entry in facet.entries] for name, facet in self.facets.items()},
            },
            ensure_ascii=False,
        ).encode()
        head += b" " * (-len(head) % 4)
        columns = [
            self.documents.astype("<u4"),
            self.clusters.astype("<u4"),
            self.places[:, 0].astype("<u2"),
            self.places[:, 1].astype("<u2"),
            self.categories,
            *(self.facets[name].values for name in FACETS),
        ]
        return len(head).to_bytes(4, "little") + head + b"".join(column.tobytes() for column in columns)


def points(campaign: Campaign, run: ClusterRun, path: Path) -> Points | None:
    """The map of a run as a campaign sees it; None where it has not been made. Raises BrokenMap."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    decisions = campaign.cluster_decisions.filter(cluster__run=run).aggregate(n=Count("pk"), versions=Sum("version"))
    # Whatever changes documents, their places in clusters or their categories makes another version of the corpus.
    of_corpus = CorpusSummary.objects.filter(corpus=run.corpus_id).values_list("version", flat=True).first()
    state = [campaign.pk, run.pk, run.classifier_digest, stat.st_mtime_ns, stat.st_size, of_corpus]
    state += [*decisions.values(), get_language()]
    version = hashlib.sha256(json.dumps(state).encode()).hexdigest()
    return _points(_Source(version, campaign, run, path))


@dataclass(frozen=True)
class _Source:
    """What points are made from; those of one version are one to the cache."""

    version: str
    campaign: Campaign = field(compare=False)
    run: ClusterRun = field(compare=False)
    path: Path = field(compare=False)


@lru_cache(maxsize=4)
def _points(source: _Source) -> Points | None:
    found = mapfile.read(source.path)
    if found is None:
        return None
    run = source.run
    categories = list(source.campaign.taxonomy.categories.order_by("position"))
    category_at = {category.pk: at for at, category in enumerate(categories)}
    seen = topics(source.campaign, run)
    decided = {pk: category_at[topic.decided.pk] for pk, topic in seen.items() if topic.decided}
    numbers = {pk: topic.cluster.number for pk, topic in seen.items()}
    place_of = dict(zip(found.digests, range(len(found.digests)), strict=True))
    assignments = run.assignments.order_by("document__text_digest", "pk")
    if found.last:
        assignments = assignments.filter(document__text_digest__lte=found.last)
    fields = ("document_id", "cluster_id", "category_id", "distance")
    of_document = ("text_digest", "natural_language", "programming_languages")
    rows: list[Any] = []
    missing = 0
    names = (*fields, *(f"document__{name}" for name in of_document))
    for row in assignments.values_list(*names).iterator(chunk_size=5000):
        at = place_of.get(row[4])
        if at is None:
            missing += 1
        else:
            rows.append(
                (row[0], numbers[row[1]], decided.get(row[1], category_at.get(row[2], _NO_CATEGORY)), at, *row[3:])
            )
    category_of = [row[2] for row in rows]
    labels = {topic.cluster.number: topic.label or " · ".join(topic.cluster.keywords[:3]) for topic in seen.values()}
    majors = list(dict.fromkeys(category.major for category in categories))
    major_of = [str(majors.index(category.major)) for category in categories] + [_UNCERTAIN]
    facets = [
        _facet(
            "major",
            [major_of[min(at, len(categories))] for at in category_of],
            {str(at): major for at, major in enumerate(majors)} | {_UNCERTAIN: _("no category yet")},
            list(map(str, range(len(majors)))),
        ),
        _facet("natural", [row[6] or _UNCERTAIN for row in rows], {_UNCERTAIN: _("unknown")}),
        _facet("programming", [(row[7] or [_UNCERTAIN])[0] for row in rows], {_UNCERTAIN: _("none named")}),
        _facet("topic", [str(row[1]) for row in rows], {str(number): label for number, label in labels.items()}),
    ]
    return Points(
        version=source.version,
        documents=np.array([row[0] for row in rows], dtype=np.uint32),
        places=found.places[np.array([row[3] for row in rows], dtype=np.int64)],
        clusters=np.array([row[1] for row in rows], dtype=np.uint32),
        categories=np.array(category_of, dtype=np.uint8),
        distances=np.array([row[4] for row in rows], dtype=np.float32),
        facets={facet.name: facet for facet in facets},
        cluster_names=labels,
        category_names=[category.name for category in categories],
        missing=missing,
        left_out=found.left_out,
    )


def _facet(name: str, values: Sequence[str], labels: Mapping[str, str], order: Sequence[str] = ()) -> Facet:
    """In the given order, else the commonest values first; what has no colour of its own is one entry, "other"."""
    counts = Counter(values)
    unknown = counts.pop(_UNCERTAIN, 0)
    keys = list(order) or [key for key, _count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    most = _NAMED_TOPICS if name == "topic" else _COLOURS
    own, rest = keys[:most], keys[most:]
    entries = [
        Entry(key, labels.get(key, key), counts[key], str(at), int(key) if name == "topic" else None)
        for at, key in enumerate(own)
    ]
    if rest:
        label = _("%(number)d others") % {"number": len(rest)}
        entries.append(Entry(_OTHER, label, sum(counts[key] for key in rest), _OTHER))
    if unknown:
        entries.append(Entry(_UNCERTAIN, labels.get(_UNCERTAIN, _UNCERTAIN), unknown, _UNCERTAIN))
    at = {entry.key: place for place, entry in enumerate(entries)}
    other = at.get(_OTHER, 0)
    return Facet(name, entries, np.array([at.get(value, other) for value in values], dtype=np.uint8))
