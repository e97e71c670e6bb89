"""Who takes part in a campaign, by which rules and guideline, and what happened in it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import accounts, actions
from campaigns.access import CampaignRequest, Permission, allowed, require_installation_lead
from campaigns.forms import AccountForm, CampaignForm, GuidelineForm, InvitationForm, JoinForm, RulesForm
from campaigns.models import Campaign, Invitation, Membership, Role, User
from campaigns.queries import UnknownTaxonomy, page_of, taxonomy_called

EVENTS_PER_PAGE = 100


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The campaigns I take part in; installation leads may start a new one."""
    user: Any = request.user
    form = CampaignForm(request.POST or None)
    if request.method == "POST":
        require_installation_lead(user)
        if form.is_valid():
            try:
                campaign = actions.create_campaign(
                    slug=form.cleaned_data["slug"],
                    name=form.cleaned_data["name"],
                    taxonomy=form.cleaned_data.get("taxonomy") or taxonomy_called(),
                    by=user,
                    now=timezone.now(),
                )
                return redirect("setup", campaign.slug)
            except UnknownTaxonomy as error:
                form.add_error(None, str(error))
    mine = Membership.objects.filter(user=user).select_related("campaign")
    campaigns: dict[Campaign, list[Membership]] = {}
    for membership in mine.order_by("campaign__name", "role", "pk"):
        campaigns.setdefault(membership.campaign, []).append(membership)
    context = {"campaigns": campaigns, "form": form}
    return render(request, "campaigns/home.html", context, status=422 if form.errors else 200)


@allowed(Permission.SEE)
@require_safe
def overview(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """The page where this member's work is."""
    places = {Permission.SET_UP: "setup", Permission.WRITE: "annotation:home", Permission.JUDGE: "review:queue"}
    found = (place for permission, place in places.items() if permission in request.permissions)
    return redirect(next(found, "review:dashboard"), campaign.slug)


@login_required
def account(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    names = AccountForm(request.POST if "names" in request.POST else None, instance=User.objects.get(pk=user.pk))
    password = PasswordChangeForm(user, request.POST if "password" in request.POST else None)
    if names.is_bound and names.is_valid():
        accounts.rename_account(user=user, **names.cleaned_data, by=user, now=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("account")
    if password.is_bound and password.is_valid():
        new = password.cleaned_data["new_password1"]
        accounts.change_password(user=user, password=new, by=user, now=timezone.now())
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed."))
        return redirect("account")
    status = 422 if names.errors or password.errors else 200
    return render(request, "campaigns/account.html", {"names": names, "password": password}, status=status)


def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Follow an invitation: with the account I have, or with a new one made here."""
    user: Any = request.user
    now = timezone.now()
    try:
        invitation = actions.open_invitation(secret=secret, now=now)
    except actions.BadInvitation as error:
        return render(request, "campaigns/join.html", {"refusal": str(error)}, status=404)
    form = JoinForm(request.POST or None) if not user.is_authenticated else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            if form is None:
                actions.accept_invitation(secret=secret, user=user, now=now)
            else:
                login(request, accounts.join(secret=secret, **form.account(), now=now))
        except actions.BadInvitation as error:
            return render(request, "campaigns/join.html", {"refusal": str(error)}, status=404)
        except accounts.BadAccount:  # the form was sent twice at once, or somebody took the name in between
            return redirect("login")
        campaign = invitation.campaign
        messages.success(request, _("Welcome to %(campaign)s.") % {"campaign": campaign.name})
        return redirect("campaigns:overview", campaign.slug)
    roles = [Role(role).label for role in invitation.roles]
    context = {"invitation": invitation, "roles": roles, "form": form}
    return render(request, "campaigns/join.html", context, status=422 if form and form.errors else 200)


@allowed(Permission.SET_UP)
@require_POST
def rules(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    form = RulesForm(request.POST, instance=Campaign.objects.get(pk=campaign.pk))
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return redirect("setup", campaign.slug)
    try:
        actions.change_rules(campaign=campaign, rules=form.cleaned_data, by=request.user, now=timezone.now())
        messages.success(request, _("The rules are saved. They hold for work handed in from now on."))
    except actions.BadRules as error:
        messages.error(request, str(error))
    return redirect("setup", campaign.slug)


@allowed(Permission.MANAGE_MEMBERS)
@require_safe
def members(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    return _members(request, campaign, InvitationForm())


def _members(request: CampaignRequest, campaign: Campaign, form: InvitationForm, link: str = "") -> HttpResponse:
    now = timezone.now()
    people: dict[User, list[Membership]] = {}
    for membership in campaign.memberships.select_related("user").order_by("user__username", "role", "pk"):
        people.setdefault(membership.user, []).append(membership)
    invitations = campaign.invitations.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now)
    context = {
        "people": people,
        "form": form,
        "link": link,
        "invitations": invitations.select_related("created_by").order_by("-created_at", "-pk"),
    }
    return render(request, "campaigns/members.html", context, status=422 if form.errors else 200)


@allowed(Permission.MANAGE_MEMBERS)
@require_POST
def invite(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Answers with the page itself: the link is shown this once, and never stored."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _members(request, campaign, form)
    _invitation, secret = actions.invite(campaign=campaign, **form.cleaned_data, by=request.user, now=timezone.now())
    link = request.build_absolute_uri(reverse("join", args=[secret]))
    return _members(request, campaign, InvitationForm(), link)


@allowed(Permission.MANAGE_MEMBERS)
@require_POST
def withdraw_invitation(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk, campaign=campaign)
    actions.withdraw_invitation(invitation=invitation, by=request.user, now=timezone.now())
    return redirect("campaigns:members", campaign.slug)


@allowed(Permission.MANAGE_MEMBERS)
@require_POST
def remove_member(request: CampaignRequest, campaign: Campaign, pk: int) -> HttpResponse:
    membership = get_object_or_404(Membership, pk=pk, campaign=campaign)
    try:
        actions.remove_member(membership=membership, by=request.user, now=timezone.now())
    except actions.LastLead as error:
        messages.error(request, str(error))
    return redirect("campaigns:members", campaign.slug)


@allowed(Permission.SEE)
@require_safe
def guideline(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    return render(request, "campaigns/guideline.html")


@allowed(Permission.SET_UP)
def edit_guideline(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    """Save, or only preview: the same form with another button, so it works without JavaScript too."""
    form = GuidelineForm(request.POST or None, initial={"text": campaign.guideline})
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST and not request.htmx:
        actions.write_guideline(campaign=campaign, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
        messages.success(request, _("The guideline is saved."))
        return redirect("campaigns:guideline", campaign.slug)
    preview = form.cleaned_data["text"] if form.is_bound and form.is_valid() else campaign.guideline
    template = "campaigns/_preview.html" if request.htmx else "campaigns/guideline_edit.html"
    return render(request, template, {"form": form, "preview": preview})


@allowed(Permission.OVERSEE)
@require_safe
def events(request: CampaignRequest, campaign: Campaign) -> HttpResponse:
    rows = campaign.events.select_related("actor").order_by("-at", "-pk")
    page = Paginator(rows, EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    rows_shown = [(event, page_of(event, campaign)) for event in page]
    return render(request, "campaigns/events.html", {"page": page, "rows": rows_shown})
