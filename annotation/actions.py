"""Every write to drafts, items and revisions. Claims and leases are in `annotation.leases`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation import languages, leases
from annotation.leases import LeaseLost
from annotation.models import Difficulty, Draft, Item, NaturalLanguage, Revision
from annotation.wording import FIELDS, LONGEST, MOST_LANGUAGES, Problem, Wording
from annotation.workflow import ITEM, SEED
from campaigns import events
from campaigns.access import Permission, require
from campaigns.models import Campaign, Category, User, Verb
from campaigns.transitions import move
from decontamination.checks import current_check
from decontamination.leaks import Match
from sampling.models import Seed

_PROBLEMS: dict[Problem, Promise] = {
    "missing": gettext_lazy("This field is needed."),
    "too_long": gettext_lazy("This is longer than {longest} characters."),
    "too_many": gettext_lazy("At most {most} languages."),
    "unknown": gettext_lazy("This is not one of the choices."),
    "general_not_alone": gettext_lazy("“general” means no particular language: choose it alone."),
}


class BadWording(Exception):
    """A wording that cannot be handed in; `errors` says by field why."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in errors.items()))
        self.errors = dict(errors)


class Leaks(Exception):
    """The query shares words with reference prompts; `matches` says where."""

    def __init__(self, matches: Sequence[Match]) -> None:
        names = sorted({f"{match.reference} {match.key}" for match in matches})
        super().__init__(_("The query shares words with: %(prompts)s") % {"prompts": ", ".join(names)})
        self.matches = list(matches)


class NotTheAuthor(Exception):
    """Only its author revises an item."""


class NotSentBack(Exception):
    """Only an item that was sent back is revised."""


class ReasonMissing(Exception):
    """A seed is skipped with a reason."""


def save_draft(*, seed: Seed, token: str, fields: Mapping[str, Any], by: User, now: datetime) -> Draft:
    """Keep what was typed, as it was typed, and renew the lease. Raises NotAllowed and LeaseLost."""
    require(seed.campaign, by, Permission.WRITE)
    with transaction.atomic():
        leases.renew(seed=seed, token=token, by=by, now=now)
        return _keep(seed, fields, by, now)


def submit(*, seed: Seed, token: str, fields: Mapping[str, Any], by: User, now: datetime) -> Item:
    """Hand in the seed's query as a new item with its first revision; sent twice, it is the same item.

    Raises NotAllowed, LeaseLost, BadWording and Leaks; after the latter two the fields are kept as the draft.
    """
    campaign = seed.campaign
    wording = Wording.of(fields)
    if (done := _handed_in(seed, wording, by)) is not None:
        return done
    try:
        save_draft(seed=seed, token=token, fields=fields, by=by, now=now)
        category = _validated(campaign, wording)
        with transaction.atomic():
            leases.end(seed=seed, to=Seed.Status.SUBMITTED, token=token, by=by, now=now, verb=Verb.SEED_SUBMITTED)
            item = Item.objects.create(campaign=campaign, seed=seed, author=by, submitted_at=now)
            item.revision = _revision(item, 1, wording, category, by, now)
            item.save(update_fields=["revision"])
            Draft.objects.filter(seed=seed, annotator=by).delete()
            data = {"revision": item.revision.pk, "digest": item.revision.digest}
            events.record(Verb.ITEM_SUBMITTED, item, campaign=campaign, by=by, now=now, data=data)
            return item
    except LeaseLost:
        if (done := _handed_in(seed, wording, by)) is not None:  # the same form was sent twice at once
            return done
        raise


def skip(*, seed: Seed, token: str, reason: str, by: User, now: datetime) -> None:
    """Put a seed aside for good, unless a lead reopens it. Raises NotAllowed, LeaseLost and ReasonMissing."""
    require(seed.campaign, by, Permission.WRITE)
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason:
        raise ReasonMissing(_("Say why nothing can be made of this seed."))
    with transaction.atomic():
        to = Seed.Status.SKIPPED
        leases.end(seed=seed, to=to, token=token, by=by, now=now, verb=Verb.SEED_SKIPPED, skip_reason=reason)
        Draft.objects.filter(seed=seed, annotator=by).delete()


def reopen_skipped(*, seed: Seed, by: User, now: datetime) -> None:
    """Put a skipped seed back into the queue at its old place. Raises NotAllowed, IllegalTransition, LostRace."""
    require(seed.campaign, by, Permission.OVERSEE)
    to, campaign, data = Seed.Status.DRAWN, seed.campaign, {"reason": seed.skip_reason}
    move(seed, to, table=SEED, campaign=campaign, by=by, now=now, verb=Verb.SEED_REOPENED, data=data, skip_reason="")


def save_revision_draft(*, item: Item, fields: Mapping[str, Any], by: User, now: datetime) -> Draft:
    """Keep what its author has typed to mend a returned item. Raises NotTheAuthor, NotAllowed and NotSentBack."""
    _require_author(item, by)
    require(item.campaign, by, Permission.WRITE)
    if item.status != Item.Status.RETURNED:
        raise NotSentBack(_("This item is not waiting for you."))
    return _keep(item.seed, fields, by, now)


def revise(*, item: Item, fields: Mapping[str, Any], by: User, now: datetime) -> Revision:
    """Hand in a new wording of an item that was sent back; sent twice, it is the same revision.

    Votes on earlier wordings no longer count. Raises NotTheAuthor, NotAllowed, NotSentBack, BadWording and Leaks;
    after the latter two the fields are kept as the draft.
    """
    campaign = item.campaign
    _require_author(item, by)
    require(campaign, by, Permission.WRITE)
    wording = Wording.of(fields)
    digest = wording.digest()
    if Item.objects.filter(pk=item.pk, status=Item.Status.RETURNED).exists():
        _keep(item.seed, fields, by, now)
    category = _validated(campaign, wording)
    with transaction.atomic():
        current = Item.objects.select_for_update(no_key=True).get(pk=item.pk)
        before = current.revisions.latest("number")
        if current.status == Item.Status.IN_REVIEW and before.digest == digest:
            Draft.objects.filter(seed_id=item.seed_id, annotator=by).delete()
            return before
        if current.status != Item.Status.RETURNED:
            raise NotSentBack(_("This item is not waiting for you."))
        if before.digest == digest:
            raise BadWording({"query": _("Nothing has changed since it was sent back.")})
        revision = _revision(item, before.number + 1, wording, category, by, now)
        data = {"revision": revision.pk, "number": revision.number, "digest": digest}
        move(
            current,
            Item.Status.IN_REVIEW,
            table=ITEM,
            campaign=campaign,
            by=by,
            now=now,
            verb=Verb.ITEM_REVISED,
            data=data,
            revision=revision,
            queued_at=None,
        )
        Draft.objects.filter(seed_id=item.seed_id, annotator=by).delete()
    item.status, item.revision = current.status, revision
    return revision


def _require_author(item: Item, by: User) -> None:
    if item.author_id != by.pk:
        raise NotTheAuthor(_("Only its author revises an item."))


def _handed_in(seed: Seed, wording: Wording, by: User) -> Item | None:
    """The item that this person has made of this seed with this very wording."""
    return Item.objects.filter(seed=seed, author=by, revisions__number=1, revisions__digest=wording.digest()).first()


def _keep(seed: Seed, fields: Mapping[str, Any], by: User, now: datetime) -> Draft:
    typed = {name: _storable(fields[name]) for name in FIELDS if name in fields}
    draft, _created = Draft.objects.update_or_create(
        seed=seed, annotator=by, defaults={"fields": typed, "saved_at": now}
    )
    return draft


def _storable(value: Any) -> Any:
    """PostgreSQL keeps no NUL, and nobody can type one."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    return [_storable(part) for part in value] if isinstance(value, list | tuple) else value


def _validated(campaign: Campaign, wording: Wording) -> Category:
    """The wording's category. Raises BadWording and Leaks."""
    categories = {category.slug: category for category in campaign.taxonomy.categories.order_by("position", "pk")}
    problems = wording.problems(
        difficulties=Difficulty.values,
        natural_languages=NaturalLanguage.values,
        languages=languages.names(),
        categories=categories,
    )
    if problems:
        raise BadWording(
            {
                name: str(_PROBLEMS[problem]).format(longest=f"{LONGEST.get(name, 0):,}", most=MOST_LANGUAGES)
                for name, problem in problems.items()
            }
        )
    if matches := current_check(campaign).leaks(wording.query):
        raise Leaks(matches)
    return categories[wording.category]


def _revision(item: Item, number: int, wording: Wording, category: Category, by: User, now: datetime) -> Revision:
    return Revision.objects.create(
        item=item,
        number=number,
        original=wording.original,
        knowledge=wording.knowledge,
        query=wording.query,
        difficulty=wording.difficulty,
        programming_languages=list(wording.programming_languages),
        natural_language=wording.natural_language,
        category=category,
        author=by,
        digest=wording.digest(),
        reviewers=item.campaign.reviewers,
        quorum=item.campaign.quorum,
        created_at=now,
    )
