"""Who may open what: the first line of every view."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from campaigns.models import Campaign, User

P = ParamSpec("P")


class CampaignRequest(HttpRequest):
    """A request by a signed-in member of `campaign`; `roles` are what they are in it."""

    user: User
    htmx: HtmxDetails
    campaign: Campaign
    roles: set[str]


def enter(user: Any, slug: str, roles: tuple[str, ...]) -> tuple[Campaign, set[str]]:
    """The campaign called `slug`, and the roles `user` holds in it, of which one must be in `roles` (if any is given).

    Raises Http404 to strangers, so that names do not leak, and PermissionDenied to members without the role.
    """
    campaign = Campaign.objects.select_related("taxonomy").filter(slug=slug).first()
    held = campaign.roles(user) if campaign else set()
    if campaign is None or not held:
        raise Http404
    if roles and not held & set(roles):
        raise PermissionDenied(_("Your roles in this campaign do not include this page."))
    return campaign, held


View = Callable[Concatenate[Any, Campaign, P], HttpResponseBase]


def roles_required(*roles: str) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Let in members who hold one of `roles`; the view gets the campaign in place of the URL's slug.

    Strangers get 404, members without the role 403; visitors are sent to sign in.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def inner(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            campaign, held = enter(request.user, slug, roles)
            request.campaign, request.roles = campaign, held  # type: ignore[attr-defined]
            return view(request, campaign, *args, **kwargs)

        return login_required(inner)

    return decorate
