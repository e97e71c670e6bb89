from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.access import Permission
from campaigns.api import allowed
from campaigns.queries import campaign_called
from decontamination.checks import current_check


class TextSerializer(serializers.Serializer):  # type: ignore[type-arg]  # not subscriptable at run time
    text = serializers.CharField(max_length=100_000, trim_whitespace=False)


@api_view(["POST"])
@permission_classes([allowed(Permission.SEE)])
def check(request: Request, slug: str) -> Response:
    """`{"text": …}` in; whether it leaks, and the words it shares with which reference prompt, out."""
    campaign = campaign_called(slug)
    body = TextSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    now = current_check(campaign)
    matches = [
        {
            "reference": m.reference,
            "key": m.key,
            "start": m.start,
            "end": m.end,
            "words": m.words,
            "waived": m.digest in now.waivers,
        }
        for m in now.index.matches(body.validated_data["text"])
    ]
    return Response(
        {
            "leak": not all(match["waived"] for match in matches),
            "matches": matches,
            "ngram": campaign.ngram,
            "cjk_weight": campaign.cjk_weight,
            "index": now.index.digest,
        }
    )
