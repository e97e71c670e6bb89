from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from annotation.models import Purpose, Revision
from campaigns.models import Membership
from foundation.triggers import Trigger, append_only
from review.ballot import CHECKLIST


class SeatQuerySet(models.QuerySet["Seat"]):
    def live(self, now: datetime) -> SeatQuerySet:
        """Kept for somebody who has not voted yet: their lease has not run out."""
        voted = Vote.objects.filter(revision=OuterRef("revision"), seat=OuterRef("number"))
        return self.filter(lease_expires_at__gt=now).exclude(Exists(voted))


class Seat(models.Model):
    """A reviewer's place at one revision: kept for them until the lease runs out, or for good once they voted."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="seats")
    number = models.PositiveSmallIntegerField(help_text="1 … revision.reviewers")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="seats")
    lease_expires_at = models.DateTimeField()

    objects = SeatQuerySet.as_manager()

    triggers: ClassVar[tuple[Trigger, ...]] = (
        Trigger(
            "never_more_seats_than_reviewers",
            ("INSERT", "UPDATE"),
            "NEW.number < 1 OR NEW.number > "
            "(SELECT r.reviewers FROM {annotation.Revision} r WHERE r.id = NEW.revision_id)",
        ),
        Trigger(
            "seat_with_a_vote_is_kept",
            ("UPDATE", "DELETE"),
            "EXISTS (SELECT 1 FROM {review.Vote} v WHERE v.revision_id = OLD.revision_id AND v.seat = OLD.number)",
        ),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "number"], name="one_reviewer_per_seat"),
            models.UniqueConstraint(fields=["revision", "reviewer"], name="one_seat_per_reviewer_and_revision"),
        ]


class Desk(models.Model):
    """A reviewer's place of work: what lies on it waits for this person. It goes with the role."""

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="desk")
    filled = models.BooleanField(default=False, help_text="what was in review before it was set up lies on it, too")


class Waiting(models.Model):
    """A wording in review that a reviewer has neither written nor judged, so that nobody has to look for it."""

    class Place(models.IntegerChoices):
        SEATED = 0, _("this reviewer has a seat at it")
        OPEN = 1, _("waits")
        PASSED = 2, _("was passed on: at the end")

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="waiting")
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="waiting")
    place = models.PositiveSmallIntegerField(choices=Place, default=Place.OPEN)
    votes_in = models.PositiveSmallIntegerField(help_text="on the wording, so far")
    since = models.DateTimeField(help_text="when the wording was handed in")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "revision"], name="one_place_per_desk_and_revision"),
            models.CheckConstraint(condition=Q(place__lte=2), name="place_on_a_desk_known"),
        ]
        indexes = [models.Index(fields=["desk", "place", "-votes_in", "since", "revision"], name="desk_in_order")]


class VoteQuerySet(models.QuerySet["Vote"]):
    def counted(self) -> VoteQuerySet:
        return self.filter(revision__item__purpose=Purpose.REAL)

    def revealed(self) -> VoteQuerySet:
        """Those on decided wordings: the only votes of others that any page may show."""
        return self.filter(Exists(Decision.objects.filter(revision=OuterRef("revision"))))


class Vote(models.Model):
    """One reviewer's judgement of one wording. Never changed."""

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="votes")
    digest = models.CharField(max_length=64, help_text="of the wording that was on the reviewer's screen")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="votes")
    seat = models.PositiveSmallIntegerField()
    clear = models.BooleanField(_("The question is clear"))
    ethical = models.BooleanField(_("It raises no ethical issue"))
    solvable = models.BooleanField(_("It can be solved"))
    valid = models.BooleanField()
    rationale = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = VoteQuerySet.as_manager()

    triggers: ClassVar[tuple[Trigger, ...]] = (
        append_only("votes_append_only"),
        Trigger(
            "never_more_votes_than_reviewers",
            ("INSERT",),
            "NEW.seat < 1 OR NEW.seat > (SELECT r.reviewers FROM {annotation.Revision} r WHERE r.id = NEW.revision_id)",
        ),
        Trigger(
            "vote_judges_the_wording_it_saw",
            ("INSERT",),
            "NEW.digest <> (SELECT r.digest FROM {annotation.Revision} r WHERE r.id = NEW.revision_id)",
        ),
        Trigger(
            "nobody_votes_on_their_own_item",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {annotation.Revision} r JOIN {annotation.Item} i ON i.id = r.item_id "
            "JOIN {annotation.Revision} w ON w.item_id = i.id "
            "WHERE r.id = NEW.revision_id AND NEW.reviewer_id IN (w.author_id, i.author_id))",
        ),
        Trigger(
            "no_vote_after_the_decision",
            ("INSERT",),
            "EXISTS (SELECT 1 FROM {review.Decision} d WHERE d.revision_id = NEW.revision_id)",
        ),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "reviewer"], name="one_vote_per_reviewer_and_revision"),
            models.UniqueConstraint(fields=["revision", "seat"], name="one_vote_per_seat"),
            models.CheckConstraint(
                condition=Q(valid=False) | Q(**dict.fromkeys(CHECKLIST, True)),
                name="valid_vote_passes_the_checklist",
            ),
            models.CheckConstraint(condition=Q(valid=True) | ~Q(rationale=""), name="invalid_vote_has_a_rationale"),
        ]


class DecisionQuerySet(models.QuerySet["Decision"]):
    def counted(self) -> DecisionQuerySet:
        return self.filter(revision__item__purpose=Purpose.REAL)


class Decision(models.Model):
    """What became of a revision: counted from its votes, or a lead's own act. Never changed."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")
        RETURNED = "returned", _("sent back")
        WITHDRAWN = "withdrawn", _("withdrawn")

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=10, choices=Outcome)
    valid_votes = models.PositiveSmallIntegerField()
    votes = models.PositiveSmallIntegerField()
    quorum = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="decisions")
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("decisions_append_only"),)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["revision"], condition=Q(outcome__in=["accepted", "rejected"]), name="one_count_per_revision"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="accepted") | Q(valid_votes__gte=models.F("quorum")), name="accepted_by_a_quorum"
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False, outcome__in=["returned", "withdrawn"])
                | Q(by__isnull=True, outcome__in=["accepted", "rejected"]),
                name="votes_accept_or_reject_and_leads_send_back",
            ),
        ]
