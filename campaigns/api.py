from typing import Any

from rest_framework.decorators import api_view
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.access import Permission, enter
from campaigns.models import Campaign, User
from campaigns.rules import rules_of


def allowed(permission: Permission) -> type[BasePermission]:
    """For `permission_classes`: lets in whom `access.allowed` lets in, before the method is looked at."""

    class Allowed(IsAuthenticated):
        def has_permission(self, request: Request, view: APIView) -> bool:
            return super().has_permission(request, view) and bool(enter(request.user, view.kwargs["slug"], permission))

    return Allowed


@api_view(["GET"])
def campaigns(request: Request) -> Response:
    """My campaigns, with their rules and my roles."""
    user: Any = request.user
    return Response([_row(campaign, user) for campaign in Campaign.objects.of(user).order_by("slug")])


def _row(campaign: Campaign, user: User) -> dict[str, Any]:
    return {
        "slug": campaign.slug,
        "name": campaign.name,
        "demo": campaign.is_demo,
        "roles": sorted(campaign.roles(user)),
        "rules": rules_of(campaign),
    }
