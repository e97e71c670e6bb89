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
from django.utils.text import slugify
from django.utils.translation import gettext as _

from campaigns import events
from campaigns.models import Campaign, Category, Invitation, Membership, Role, Taxonomy, User, Verb

INVITATION_DAYS = 14


class BadTaxonomy(Exception):
    """The taxonomy file cannot be read; says which entry and why."""


class BadRules(Exception):
    """A rule is out of range, or would change the terms of work already handed in."""


class BadInvitation(Exception):
    """Unknown, used, withdrawn or expired."""


class LastLead(Exception):
    """A campaign keeps at least one lead."""


def category_slug(name: str) -> str:
    return slugify(name.replace("/", " "))


@transaction.atomic
def load_taxonomy(*, path: Path | None = None) -> Taxonomy:
    """Read a taxonomy file (`{name, title, categories: [{major, name, description}]}`); the shipped one by default.

    Loading again brings titles, descriptions and the order up to date. A category that is gone from the file stays,
    behind the others, since documents and items refer to it. Raises BadTaxonomy.
    """
    path = path or settings.FIXTURES_DIR / "taxonomy.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        entries = [(entry["major"], entry["name"], entry.get("description", "")) for entry in data["categories"]]
        slug, title = data["name"], data.get("title", data["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadTaxonomy(f"{path}: {error!r}") from error
    found = [category_slug(name) for _major, name, _description in entries]
    if twice := sorted({one for one in found if found.count(one) > 1}):
        raise BadTaxonomy(f"{path}: more than one category is called {', '.join(twice)}")
    taxonomy, _created = Taxonomy.objects.update_or_create(slug=slug, defaults={"title": title})
    taxonomy = Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
    known = {row.slug: row for row in taxonomy.categories.order_by("position")}
    gone = [one for one in known if one not in found]
    # No two categories may share a position, not even while they change places: all move out of the way first.
    taxonomy.categories.update(position=F("position") + len(known) + len(entries))
    for position, (one, (major, name, description)) in enumerate(zip(found, entries, strict=True)):
        Category.objects.update_or_create(
            taxonomy=taxonomy,
            slug=one,
            defaults={"major": major, "name": name, "description": description, "position": position},
        )
    for position, one in enumerate(gone, len(entries)):
        Category.objects.filter(pk=known[one].pk).update(position=position)
    return taxonomy


@transaction.atomic
def create_campaign(
    *, slug: str, name: str, taxonomy: Taxonomy, now: datetime, by: User | None = None, is_demo: bool = False
) -> Campaign:
    """Make a campaign with the paper's rules and the guideline template; its maker becomes its lead."""
    guideline = (settings.FIXTURES_DIR / "guideline.md").read_text(encoding="utf-8")
    campaign = Campaign(slug=slug, name=name, taxonomy=taxonomy, guideline=guideline, created_at=now, is_demo=is_demo)
    campaign.full_clean()
    campaign.save()
    events.record(Verb.CAMPAIGN_CREATED, campaign, campaign=campaign, by=by, now=now)
    if by is not None:
        add_member(campaign=campaign, user=by, role=Role.LEAD, by=by, now=now)
    return campaign


@transaction.atomic
def change_rules(*, campaign: Campaign, rules: Mapping[str, Any], by: User | None, now: datetime) -> None:
    """Set any of the campaign's rules. They hold for revisions handed in from now on. Raises BadRules."""
    allowed = {
        "name", "reviewers", "quorum", "ngram", "cjk_weight", "seeds_per_category", "random_seed", "lease_minutes",
    }  # fmt: skip
    if unknown := set(rules) - allowed:
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
    if campaign.guideline == text:
        return
    campaign.guideline = text
    campaign.save(update_fields=["guideline"])
    digest = hashlib.sha256(text.encode()).hexdigest()
    events.record(Verb.GUIDELINE_WRITTEN, campaign, campaign=campaign, by=by, now=now, data={"sha256": digest})


@transaction.atomic
def add_member(*, campaign: Campaign, user: User, role: str, by: User | None, now: datetime) -> Membership:
    membership, created = Membership.objects.get_or_create(
        campaign=campaign, user=user, role=Role(role), defaults={"since": now}
    )
    if created:
        data = {"user": user.pk, "role": role}
        events.record(Verb.MEMBER_ADDED, membership, campaign=campaign, by=by, now=now, data=data)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None, now: datetime) -> None:
    """Take one role from one person; what they did stays. Raises LastLead."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=membership.campaign_id)
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
    """Return the invitation and its secret, which is shown once and kept only as a digest."""
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
        add_member(campaign=campaign, user=user, role=role, by=user, now=now)
    return campaign
