"""A reviewer's pages. Authors are never named here, nor is anything shown of votes before the decision."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, push_url

from annotation.models import Item, Revision
from campaigns.access import CampaignRequest, Permission, allowed
from campaigns.models import Campaign
from review import actions
from review.ballot import ANSWERS, Ballot
from review.models import Seat
from review.queue import waiting_count
from review.seen import history, votes_of

_RECENT = 20
_ANSWERS = {"yes": True, "no": False}


@allowed(Permission.JUDGE)
@require_safe
def queue(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    now = timezone.now()
    votes = votes_of(campaign=campaign, by=request.user)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    context = {
        "campaign": campaign,
        "today": votes.filter(created_at__gte=midnight).count(),
        "in_all": votes.count(),
        "waiting": waiting_count(campaign=campaign, by=request.user, now=now),
        "recent": votes[:_RECENT],
    }
    return render(request, "review/queue.html", context)


@allowed(Permission.JUDGE)
@require_POST
def claim(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    return _next(request, campaign)


@allowed(Permission.JUDGE)
@require_safe
def revision(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    response = _page(request, _wording(request, campaign, pk))
    return push_url(response, request.path) if request.htmx else response


@allowed(Permission.JUDGE)
@require_POST
def vote(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    judged = _wording(request, campaign, pk)
    given = _given(request.POST)
    digest = request.POST.get("digest", "")
    try:
        cast = actions.vote(revision=judged, digest=digest, ballot=Ballot(**given), by=request.user, now=timezone.now())
    except actions.BadVote as error:
        return _page(request, judged, given=given, errors=error.errors, status=422)
    except (actions.StaleWording, actions.Decided, actions.NoSeat, actions.AlreadyVoted) as error:
        return _page(request, judged, given=given, refusal=str(error), status=409)
    said = _("Recorded: valid.") if cast.valid else _("Recorded: invalid.")
    link = reverse("review:revision", args=[campaign.slug, pk])
    messages.success(request, format_html('{} <a href="{}">{}</a>', said, link, _("See your vote")))
    return _next(request, campaign)


@allowed(Permission.JUDGE)
@require_POST
def pass_on(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    actions.pass_on(revision=_wording(request, campaign, pk), by=request.user, now=timezone.now())
    messages.info(request, _("Passed on to another reviewer."))
    return _next(request, campaign)


def _next(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """On to the next wording to judge, or back to the queue when nothing waits."""
    seat = actions.take_seat(campaign=campaign, by=request.user, now=timezone.now())
    if seat is not None:
        return redirect("review:revision", campaign.slug, seat.revision_id)
    messages.info(request, _("Nothing waits for you at the moment."))
    if request.htmx:
        return HttpResponseClientRedirect(reverse("review:queue", args=[campaign.slug]))
    return redirect("review:queue", campaign.slug)


def _wording(request: CampaignRequest, campaign: Campaign, pk: int) -> Revision:
    rows = Revision.objects.select_related("category", "item__campaign", "item__seed__document", "item__seed__category")
    found = get_object_or_404(rows, pk=pk, item__campaign=campaign)
    if found.item.author_id == request.user.pk or found.item.revisions.filter(author=request.user).exists():
        raise PermissionDenied(_("You wrote this item: others judge it."))
    return found


def _given(post: QueryDict) -> dict[str, Any]:
    answers = {name: _ANSWERS.get(post.get(name, "")) for name in ANSWERS}
    return {**answers, "rationale": post.get("rationale", "")}


def _page(
    request: CampaignRequest,
    revision: Revision,
    *,
    given: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    item = revision.item
    own_vote = revision.votes.filter(reviewer=request.user).first()
    open_now = item.status == Item.Status.IN_REVIEW and item.revision_id == revision.pk
    seat = Seat.objects.filter(revision=revision, reviewer=request.user).first()
    questions = (
        ("clear", "1", _("Is the question clear?")),
        ("ethical", "2", _("Is it free of ethical issues?")),
        ("solvable", "3", _("Can it be solved?")),
    )
    given, errors = given or {}, errors or {}
    context = {
        "campaign": item.campaign,
        "item": item,
        "revision": revision,
        "seed": item.seed,
        "seat": seat,
        "own_vote": own_vote,
        "may_vote": open_now and own_vote is None and seat is not None and not refusal,
        "past": next((each for each in history(item) if each.revision.pk == revision.pk), None),
        "checklist": [(name, key, text, given.get(name), errors.get(name)) for name, key, text in questions],
        "given": given,
        "errors": errors,
        "only_the_rationale": set(errors) == {"rationale"},
        "refusal": refusal,
    }
    template = "review/_judging.html" if request.htmx else "review/revision.html"
    return render(request, template, context, status=status)
