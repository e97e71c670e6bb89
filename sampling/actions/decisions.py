"""What the leads of a campaign decide of a cluster: its label, its category, that it is left out, or that it is
another's. Each change is one event; the next draw and the next classification go by what stands then.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns import events
from campaigns.access import Permission, require
from campaigns.models import Campaign, Category, User, Verb
from sampling.models import Cluster, ClusterDecision


class UnknownCategory(Exception):
    """The campaign's taxonomy has no such category."""


class CannotDecide(Exception):
    """The decision contradicts another one."""


class Changed(Exception):
    """Somebody else has decided something of this cluster since the page was opened."""


@dataclass
class _Change:
    verb: Verb
    fields: dict[str, Any]
    data: dict[str, Any]


@transaction.atomic
def overrule(
    *,
    cluster: Cluster,
    category: Category | None,
    campaign: Campaign,
    by: User,
    now: datetime,
    version: int | None = None,
) -> None:
    """Set the category of all documents of a cluster, or with None let their own words decide again.

    Raises NotAllowed, UnknownCategory, CannotDecide or Changed.
    """
    if category is not None and category.taxonomy_id != campaign.taxonomy_id:
        raise UnknownCategory(category.name)
    standing = _standing(campaign, cluster, version, by)
    if standing and standing.merged_into_id and category:
        raise CannotDecide("the cluster is merged into another one, whose category holds")
    before = standing.category if standing else None
    data = {"from": before.slug if before else None, "to": category.slug if category else None}
    _write(standing, cluster, campaign, _Change(Verb.CLUSTER_OVERRULED, {"category": category}, data), by, now)


@transaction.atomic
def rename(
    *, cluster: Cluster, label: str, campaign: Campaign, by: User, now: datetime, version: int | None = None
) -> None:
    """Show a label instead of the cluster's number; an empty one, the number again. Raises NotAllowed or Changed."""
    label = " ".join(label.split())
    standing = _standing(campaign, cluster, version, by)
    data = {"from": standing.label if standing else "", "to": label}
    _write(standing, cluster, campaign, _Change(Verb.CLUSTER_RENAMED, {"label": label}, data), by, now)


@transaction.atomic
def exclude(
    *, cluster: Cluster, reason: str, campaign: Campaign, by: User, now: datetime, version: int | None = None
) -> None:
    """Leave a cluster's documents out of draws and training; with no reason, take them in again.

    Raises NotAllowed, CannotDecide or Changed.
    """
    reason = " ".join(reason.split())
    standing = _standing(campaign, cluster, version, by)
    if standing and standing.merged_into_id and reason:
        raise CannotDecide("the cluster is merged into another one; exclude that one")
    data = {"from": standing.exclusion if standing else "", "to": reason}
    verb = Verb.CLUSTER_EXCLUDED if reason else Verb.CLUSTER_TAKEN_IN_AGAIN
    _write(standing, cluster, campaign, _Change(verb, {"exclusion": reason}, data), by, now)


@transaction.atomic
def merge(
    *, cluster: Cluster, into: Cluster | None, campaign: Campaign, by: User, now: datetime, version: int | None = None
) -> None:
    """Count a cluster as a part of another one; with None as one of its own again. No assignment is rewritten.

    Its own category and exclusion end with that; those of the other cluster hold.

    Raises NotAllowed, CannotDecide or Changed.
    """
    standing = _standing(campaign, cluster, version, by)
    before = standing.merged_into if standing else None
    if into is not None:
        if into.run_id != cluster.run_id or into.pk == cluster.pk:
            raise CannotDecide("a cluster is merged into another one of the same run, not into itself")
        decisions = ClusterDecision.objects.filter(campaign=campaign)
        if decisions.filter(cluster=into).exclude(merged_into=None).exists():
            raise CannotDecide(f"cluster {into.number} is itself merged into another one; name that one")
        if decisions.filter(merged_into=cluster).exists():
            raise CannotDecide("other clusters are merged into this one; part them from it first")
    data: dict[str, Any] = {"from": before.number if before else None, "to": into.number if into else None}
    fields: dict[str, Any] = {"merged_into": into}
    if into is not None:
        fields |= {"category": None, "exclusion": ""}
        if standing and (standing.category or standing.exclusion):
            category = standing.category.slug if standing.category else None
            data |= {"category_was": category, "exclusion_was": standing.exclusion}
    _write(
        standing,
        cluster,
        campaign,
        _Change(Verb.CLUSTER_MERGED if into else Verb.CLUSTER_PARTED, fields, data),
        by,
        now,
    )


def _standing(campaign: Campaign, cluster: Cluster, version: int | None, by: User) -> ClusterDecision | None:
    """What stands now, for no one else to change until this transaction ends. `version` is what the lead has seen."""
    require(campaign, by, Permission.SAMPLE)
    # All decisions of a campaign take turns: a merge depends on those of other clusters, and so does a draw.
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    rows = ClusterDecision.objects.select_related("category", "merged_into", "decided_by")
    standing = rows.filter(campaign=campaign, cluster=cluster).first()
    if version is not None and version != (standing.version if standing else 0):
        who = standing.decided_by.name() if standing else ""
        raise Changed(f"{who} has changed this cluster meanwhile; look at it again before you decide")
    return standing


def _write(
    standing: ClusterDecision | None, cluster: Cluster, campaign: Campaign, change: _Change, by: User, now: datetime
) -> None:
    row = standing or ClusterDecision(campaign=campaign, cluster=cluster, version=0)
    if all(getattr(row, name) == value for name, value in change.fields.items()):
        return
    for name, value in change.fields.items():
        setattr(row, name, value)
    row.version += 1
    row.decided_by, row.decided_at = by, now
    row.save()
    where = {"cluster": cluster.number, "run": cluster.run_id}
    events.record(change.verb, cluster, campaign=campaign, by=by, now=now, data={**where, **change.data})
