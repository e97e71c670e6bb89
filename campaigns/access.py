"""Which role may do what, in one table; asked by the decorator on each view, and by each action."""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from campaigns.models import Campaign, Role, User

P = ParamSpec("P")


class NotAllowed(PermissionDenied):
    """Their roles do not include this. A page answers 403 without catching it."""


class Permission(StrEnum):
    SEE = "see"  # the dashboard, the guideline, whether a text leaks
    WRITE = "write"  # queries, from seeds
    JUDGE = "judge"  # queries of others
    SET_UP = "set up"  # rules, guideline, references
    SAMPLE = "sample"  # clusters, draws, the map
    WAIVE = "waive"  # shared words
    OVERSEE = "oversee"  # items, skipped seeds, people's figures, events
    RELEASE = "release"
    MANAGE_MEMBERS = "manage members"


_LEAD = frozenset({Role.LEAD})

GRANTED: Mapping[Permission, frozenset[Role]] = {
    Permission.SEE: frozenset(Role),
    Permission.WRITE: frozenset({Role.ANNOTATOR}),
    Permission.JUDGE: frozenset({Role.REVIEWER}),
    Permission.SET_UP: _LEAD,
    Permission.SAMPLE: _LEAD,
    Permission.WAIVE: _LEAD,
    Permission.OVERSEE: _LEAD,
    Permission.RELEASE: _LEAD,
    Permission.MANAGE_MEMBERS: _LEAD,
}


def may(roles: Collection[str], permission: Permission) -> bool:
    return not GRANTED[permission].isdisjoint(roles)


def require(campaign: Campaign, by: User | None, permission: Permission) -> None:
    """Whoever works at the terminal (`by` is None) may do everything. Raises NotAllowed."""
    if by is not None and not may(campaign.roles(by), permission):
        raise NotAllowed(_("Your roles in this campaign do not include this."))


def require_installation_lead(by: User | None) -> None:
    """For what concerns all campaigns. Raises NotAllowed."""
    if by is not None and not by.is_staff:
        raise NotAllowed(_("This concerns all campaigns: only the installation's lead does it."))


class CampaignRequest(HttpRequest):
    """A request by a signed-in member of `campaign`, who may do what `permissions` holds."""

    user: User
    htmx: HtmxDetails
    campaign: Campaign
    permissions: frozenset[Permission]


def enter(user: Any, slug: str, permission: Permission) -> tuple[Campaign, frozenset[Permission]]:
    """The campaign called `slug`, and what `user` may do in it.

    Raises Http404 to strangers, so that names do not leak, and NotAllowed to members without the permission.
    """
    campaign = Campaign.objects.select_related("taxonomy").filter(slug=slug).first()
    roles = campaign.roles(user) if campaign else set()
    if campaign is None or not roles:
        raise Http404
    held = frozenset(each for each in Permission if may(roles, each))
    if permission not in held:
        raise NotAllowed(_("Your roles in this campaign do not include this page."))
    return campaign, held


View = Callable[Concatenate[Any, Campaign, P], HttpResponseBase]


def allowed(permission: Permission) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Let in members with this permission; the view gets the campaign in place of the URL's slug.

    Strangers get 404, members without the permission 403; visitors are sent to sign in. It stands above all other
    decorators, so that nobody learns from a 405 what there is.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def inner(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            campaign, held = enter(request.user, slug, permission)
            request.campaign, request.permissions = campaign, held  # type: ignore[attr-defined]
            return view(request, campaign, *args, **kwargs)

        inner.permission = permission  # type: ignore[attr-defined]  # for the test that walks over all addresses
        return login_required(inner)

    return decorate
