from typing import Any

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Campaign, User


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
        "rules": {
            "reviewers": campaign.reviewers,
            "quorum": campaign.quorum,
            "ngram": campaign.ngram,
            "cjk_weight": campaign.cjk_weight,
        },
    }
