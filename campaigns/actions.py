"""Every write to campaigns, members and invitations."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from campaigns import events
from campaigns.access import Permission, require, require_installation_lead
from campaigns.models import Campaign, Category, Invitation, Membership, Role, Taxonomy, User, Verb
from campaigns.queries import category_slug
from campaigns.rules import CHANGEABLE

INVITATION_DAYS = 14


class BadTaxonomy(Exception):
    """The taxonomy file cannot be read; says which entry and why."""


class BadRules(Exception):
    """A rule is unknown or out of range; says which or why."""


class BadInvitation(Exception):
    """Unknown, used, withdrawn or expired."""


class LastLead(Exception):
    """A campaign keeps at least one lead."""


def load_taxonomy(*, path: Path | None = None) -> Taxonomy:
    """Read a taxonomy file (`{name, title, categories: [{major, name, description}]}`); the shipped one by default.

    Loading again brings titles, descriptions and the order up to date. A category that is gone from the file stays,
    behind the others, since documents and items refer to it. Raises BadTaxonomy.
    """
    slug, title, rows = _read_taxonomy(path or settings.FIXTURES_DIR / "taxonomy.json")
    with transaction.atomic():
        taxonomy, _created = Taxonomy.objects.update_or_create(slug=slug, defaults={"title": title})
        taxonomy = Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
        known = list(taxonomy.categories.order_by("position"))
        # No two categories may share a position, not even while they change places: all move out of the way first.
        taxonomy.categories.update(position=F("position") + len(known) + len(rows))
        for position, row in enumerate(rows):
            fields = {"major": row.major, "name": row.name, "description": row.description, "position": position}
            Category.objects.update_or_create(taxonomy=taxonomy, slug=row.slug, defaults=fields)
        found = {row.slug for row in rows}
        for position, gone in enumerate((row for row in known if row.slug not in found), len(rows)):
            Category.objects.filter(pk=gone.pk).update(position=position)
    return taxonomy


def _read_taxonomy(path: Path) -> tuple[str, str, list[Category]]:
    """Name, title and categories, not yet saved. Raises BadTaxonomy."""
    at = "the taxonomy"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        slug, title = data["name"], data.get("title", data["name"])
        Taxonomy(slug=slug, title=title).clean_fields()
        rows: dict[str, Category] = {}
        for number, entry in enumerate(data["categories"], 1):
            at = f"category {number}"
            row = Category(
                slug=category_slug(entry["name"]),
                major=entry["major"],
                name=entry["name"],
                description=entry.get("description", ""),
                position=0,
            )
            row.clean_fields(exclude=["taxonomy"])
            if row.slug in rows:
                raise BadTaxonomy(f"{path}: two categories are called {row.slug}")
            rows[row.slug] = row
    except ValidationError as error:
        (name, said), *_more = error.message_dict.items()
        raise BadTaxonomy(f"{path}: {at}: {name}: {said[0]}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadTaxonomy(f"{path}: {at}: {error!r}") from error
    return slug, title, list(rows.values())


@transaction.atomic
def create_campaign(
    *, slug: str, name: str, taxonomy: Taxonomy, now: datetime, by: User | None = None, is_demo: bool = False
) -> Campaign:
    """Make a campaign with the paper's rules and the guideline template; its maker becomes its lead.

    The installation's leads make campaigns, or whoever works at the terminal. Raises NotAllowed and ValidationError.
    """
    require_installation_lead(by)
    guideline = (settings.FIXTURES_DIR / "guideline.md").read_text(encoding="utf-8")
    campaign = Campaign(slug=slug, name=name, taxonomy=taxonomy, guideline=guideline, created_at=now, is_demo=is_demo)
    campaign.full_clean()
    campaign.save()
    events.record(Verb.CAMPAIGN_CREATED, campaign, campaign=campaign, by=by, now=now)
    if by is not None:
        _add_member(campaign, by, Role.LEAD, by, now)
    return campaign


@transaction.atomic
def change_rules(*, campaign: Campaign, rules: Mapping[str, Any], by: User | None, now: datetime) -> None:
    """Set any of the rules. They hold for revisions handed in from now on. Raises NotAllowed and BadRules."""
    require(campaign, by, Permission.SET_UP)
    if unknown := set(rules) - set(CHANGEABLE):
        raise BadRules(f"unknown rule: {', '.join(sorted(unknown))}")
    changed = {
        name: [getattr(campaign, name), value] for name, value in rules.items() if getattr(campaign, name) != value
    }
    if not changed:
        return
    before = {name: getattr(campaign, name) for name in changed}
    for name, (_old, value) in changed.items():
        setattr(campaign, name, value)
    try:
        campaign.full_clean()
    except ValidationError as error:
        for name, value in before.items():
            setattr(campaign, name, value)
        raise BadRules("; ".join(error.messages)) from error
    campaign.save(update_fields=list(changed))
    events.record(Verb.RULES_CHANGED, campaign, campaign=campaign, by=by, now=now, data=changed)


@transaction.atomic
def write_guideline(*, campaign: Campaign, text: str, by: User | None, now: datetime) -> None:
    """Raises NotAllowed."""
    require(campaign, by, Permission.SET_UP)
    if campaign.guideline == text:
        return
    campaign.guideline = text
    campaign.save(update_fields=["guideline"])
    digest = hashlib.sha256(text.encode()).hexdigest()
    events.record(Verb.GUIDELINE_WRITTEN, campaign, campaign=campaign, by=by, now=now, data={"sha256": digest})


@transaction.atomic
def add_member(*, campaign: Campaign, user: User, role: str, by: User | None, now: datetime) -> Membership:
    """Raises NotAllowed."""
    require(campaign, by, Permission.MANAGE_MEMBERS)
    return _add_member(campaign, user, role, by, now)


def _add_member(campaign: Campaign, user: User, role: str, by: User | None, now: datetime) -> Membership:
    """Also for those whom nobody in the campaign adds: its maker, and who was invited."""
    membership, created = Membership.objects.get_or_create(
        campaign=campaign, user=user, role=Role(role), defaults={"since": now}
    )
    if created:
        data = {"user": user.pk, "role": role}
        events.record(Verb.MEMBER_ADDED, membership, campaign=campaign, by=by, now=now, data=data)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None, now: datetime) -> None:
    """Take one role from one person; what they did stays. Raises NotAllowed and LastLead."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=membership.campaign_id)
    require(campaign, by, Permission.MANAGE_MEMBERS)
    if membership.role == Role.LEAD and campaign.memberships.filter(role=Role.LEAD).count() == 1:
        raise LastLead(_("A campaign needs at least one lead."))
    data = {"user": membership.user_id, "role": membership.role}
    events.record(Verb.MEMBER_REMOVED, membership, campaign=campaign, by=by, now=now, data=data)
    membership.delete()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def invite(
    *, campaign: Campaign, roles: Collection[str], by: User, now: datetime, note: str = ""
) -> tuple[Invitation, str]:
    """Return the invitation and its secret, which is shown once and kept only as a digest.

    Raises NotAllowed and BadInvitation.
    """
    require(campaign, by, Permission.MANAGE_MEMBERS)
    if not roles or set(roles) - set(Role.values):
        raise BadInvitation(_("Choose at least one role."))
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        campaign=campaign,
        roles=sorted(roles),
        note=note,
        secret_digest=_digest(secret),
        created_by=by,
        created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )
    data = {"roles": sorted(roles), "note": note}
    events.record(Verb.INVITATION_MADE, invitation, campaign=campaign, by=by, now=now, data=data)
    return invitation, secret


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User, now: datetime) -> None:
    """Used or withdrawn already, it stays as it is. Raises NotAllowed."""
    require(invitation.campaign, by, Permission.MANAGE_MEMBERS)
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if rows.update(withdrawn_at=now):
        events.record(Verb.INVITATION_WITHDRAWN, invitation, campaign=invitation.campaign, by=by, now=now)


def open_invitation(*, secret: str, now: datetime) -> Invitation:
    """Raises BadInvitation."""
    found = (
        Invitation.objects.filter(
            secret_digest=_digest(secret), accepted_at=None, withdrawn_at=None, expires_at__gt=now
        )
        .select_related("campaign")
        .first()
    )
    if found is None:
        raise BadInvitation(_("This invitation is unknown, used, withdrawn or expired. Ask the lead for a new one."))
    return found


@transaction.atomic
def accept_invitation(*, secret: str, user: User, now: datetime) -> Campaign:
    """Give `user` the invitation's roles; an invitation works once. Raises BadInvitation."""
    invitation = open_invitation(secret=secret, now=now)
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if rows.update(accepted_by=user, accepted_at=now) != 1:
        raise BadInvitation(_("This invitation has just been used."))
    campaign: Campaign = invitation.campaign
    for role in invitation.roles:
        _add_member(campaign, user, role, user, now)
    return campaign
