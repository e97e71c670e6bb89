"""A stage of a campaign as the set-up page shows it; and how far the invitations are."""

from dataclasses import dataclass, field
from typing import Literal

from django.db.models import Count as CountRows
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign, Role
from foundation.counts import Count

State = Literal["done", "next", "later"]


@dataclass
class Stage:
    """Built by the app whose stage it is."""

    key: str
    title: str
    done: bool
    facts: list[str] = field(default_factory=list)
    command: str = ""
    link: tuple[str, str] | None = None
    warning: str = ""
    state: State = "later"


def in_order(stages: list[Stage]) -> list[Stage]:
    """With the state of each: the first that is not done is the next one."""
    for stage in stages:
        if stage.done:
            stage.state = "done"
    following = next((stage for stage in stages if not stage.done), None)
    if following:
        following.state = "next"
    return stages


def number(count: int | Count, one: str, many: str) -> str:
    """ "1 seed", "1,200 seeds", "more than 100,000 seeds"."""
    shown = str(count) if isinstance(count, Count) else f"{count:,}"
    return ngettext(one, many, count.number if isinstance(count, Count) else count).replace("%d", shown)


def people_stage(campaign: Campaign) -> Stage:
    rows = campaign.memberships.values_list("role").annotate(number=CountRows("pk"))
    counts = {str(role): number for role, number in rows.order_by("role")}
    enough = counts.get(Role.ANNOTATOR, 0) > 0 and counts.get(Role.REVIEWER, 0) >= campaign.reviewers
    stage = Stage("people", _("Invite people"), done=enough)
    stage.facts = [f"{Role(role).label}: {number}" for role, number in counts.items()]
    stage.link = (reverse("campaigns:members", args=[campaign.slug]), _("Members and invitations"))
    if not enough:
        stage.warning = _("An item needs %(number)d reviewers, none of whom wrote it.") % {"number": campaign.reviewers}
    return stage
