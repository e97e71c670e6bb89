from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator, StepValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.triggers import Trigger, append_only

# Measured on real Chinese texts: perf/results/chinese.md and docs/leads.md.
CJK_WEIGHT = 1.5


class User(AbstractUser):
    """One account for the whole installation; what it may do is said by its memberships."""

    def name(self) -> str:
        return self.get_full_name() or self.username


class Taxonomy(models.Model):
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.title


class Category(models.Model):
    """A subcategory within its major; the taxonomy's leaves."""

    taxonomy = models.ForeignKey(Taxonomy, models.CASCADE, related_name="categories")
    slug = models.SlugField(max_length=80)
    major = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["taxonomy", "slug"], name="one_category_per_taxonomy_and_slug"),
            models.UniqueConstraint(fields=["taxonomy", "position"], name="one_category_per_position"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    LEAD = "lead", _("Lead")
    ANNOTATOR = "annotator", _("Annotator")
    REVIEWER = "reviewer", _("Reviewer")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def of(self, user: User) -> CampaignQuerySet:
        """The campaigns in which a person holds any role."""
        return self.filter(memberships__user=user).distinct()


class Campaign(models.Model):
    """One benchmark in the making, and the rules by which it is made (paper, construction)."""

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=200)
    taxonomy = models.ForeignKey(Taxonomy, models.PROTECT, related_name="campaigns")
    guideline = models.TextField(_("guideline"), blank=True, help_text=_("Markdown"))
    reviewers = models.PositiveSmallIntegerField(
        _("reviewers per item"), default=4, validators=[MinValueValidator(1), MaxValueValidator(25)]
    )
    quorum = models.PositiveSmallIntegerField(
        _("quorum"), default=3, validators=[MinValueValidator(1)], help_text=_("valid votes that accept an item")
    )
    ngram = models.PositiveSmallIntegerField(
        _("n-gram length"),
        default=10,
        validators=[MinValueValidator(5), MaxValueValidator(50)],
        help_text=_("words shared with a reference prompt that make a leak"),
    )
    cjk_weight = models.FloatField(
        _("Chinese, Japanese and Korean characters that count as one word"),
        default=CJK_WEIGHT,
        validators=[MinValueValidator(1), MaxValueValidator(5), StepValueValidator(0.1)],
        help_text=_("1: each is a word of its own; more: fewer false alarms on stock phrases"),
    )
    seeds_per_category = models.PositiveIntegerField(_("seeds per category"), default=2000)
    random_seed = models.PositiveIntegerField(_("random seed"), default=0)
    lease_minutes = models.PositiveSmallIntegerField(
        _("lease in minutes"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text=_("how long a claimed seed stays with one person after the last save"),
    )
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quorum__gte=1, quorum__lte=F("reviewers")), name="quorum_between_one_and_reviewers"
            ),
            models.CheckConstraint(condition=Q(ngram__gte=5), name="ngram_at_least_five"),
            models.CheckConstraint(condition=Q(cjk_weight__gte=1), name="cjk_weight_at_least_one"),
            models.CheckConstraint(condition=Q(lease_minutes__gte=1), name="lease_at_least_one_minute"),
        ]

    def __str__(self) -> str:
        return self.name

    def roles(self, user: Any) -> set[str]:
        if not user.is_authenticated:
            return set()
        return set(self.memberships.filter(user=user).values_list("role", flat=True))


class Membership(models.Model):
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "user", "role"], name="one_membership_per_user_and_role"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]


class Invitation(models.Model):
    """A link that lets one person join with given roles; only the digest of its secret is kept."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="invitations")
    roles = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    secret_digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_by__isnull=True, accepted_at__isnull=True)
                | Q(accepted_by__isnull=False, accepted_at__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_someone_and_not_withdrawn",
            )
        ]


class Verb(models.TextChoices):
    """Everything that an event may tell."""

    CAMPAIGN_CREATED = "campaign created", _("campaign created")
    RULES_CHANGED = "rules changed", _("rules changed")
    GUIDELINE_WRITTEN = "guideline written", _("guideline written")
    MEMBER_ADDED = "member added", _("member added")
    MEMBER_REMOVED = "member removed", _("member removed")
    INVITATION_MADE = "invitation made", _("invitation made")
    INVITATION_WITHDRAWN = "invitation withdrawn", _("invitation withdrawn")
    ACCOUNT_CREATED = "account created", _("account created")
    ACCOUNT_CHANGED = "account changed", _("account changed")
    PASSWORD_CHANGED = "password changed", _("password changed")
    REFERENCE_LOADED = "reference loaded", _("reference loaded")
    REFERENCE_LOADED_AGAIN = "reference loaded again", _("reference loaded again")
    REFERENCE_RETIRED = "reference retired", _("reference retired")
    WORDS_WAIVED = "words waived", _("words waived")
    WAIVER_WITHDRAWN = "waiver withdrawn", _("waiver withdrawn")
    WAIVER_ASKED_FOR = "waiver asked for", _("waiver asked for")
    WAIVER_DECLINED = "waiver declined", _("waiver declined")
    CORPUS_IMPORTED = "corpus imported", _("corpus imported")
    CORPUS_EMBEDDED = "corpus embedded", _("corpus embedded")
    CORPUS_CLUSTERED = "corpus clustered", _("corpus clustered")
    DOCUMENTS_ASSIGNED = "documents assigned", _("documents assigned")
    CORPUS_MAPPED = "corpus mapped", _("corpus mapped")
    CLUSTERS_CLASSIFIED = "clusters classified", _("clusters classified")
    CATEGORIES_PROPOSED = "categories proposed", _("categories proposed")
    CLUSTER_OVERRULED = "cluster overruled", _("cluster overruled")
    CLUSTER_RENAMED = "cluster renamed", _("cluster renamed")
    CLUSTER_EXCLUDED = "cluster excluded", _("cluster excluded")
    CLUSTER_TAKEN_IN_AGAIN = "cluster taken in again", _("cluster taken in again")
    CLUSTER_MERGED = "cluster merged", _("cluster merged")
    CLUSTER_PARTED = "cluster parted", _("cluster parted")
    SIMILARITY_CALIBRATED = "similarity calibrated", _("similarity calibrated")
    SEEDS_DRAWN = "seeds drawn", _("seeds drawn")
    SEED_CLAIMED = "seed claimed", _("seed claimed")
    SEED_RELEASED = "seed released", _("seed released")
    SEED_SUBMITTED = "seed submitted", _("seed submitted")
    SEED_SKIPPED = "seed skipped", _("seed skipped")
    SEED_REOPENED = "seed reopened", _("seed reopened")
    LEASE_EXPIRED = "lease expired", _("lease expired")
    ITEM_SUBMITTED = "item submitted", _("item submitted")
    ITEM_REVISED = "item revised", _("item revised")
    ITEM_ACCEPTED = "item accepted", _("item accepted")
    ITEM_REJECTED = "item rejected", _("item rejected")
    ITEM_SENT_BACK = "item sent back", _("item sent back")
    ITEM_WITHDRAWN = "item withdrawn", _("item withdrawn")
    VOTE_CAST = "vote cast", _("vote cast")
    QUERY_PASSED_ON = "query passed on", _("query passed on")
    RELEASE_FROZEN = "release frozen", _("release frozen")


class Event(models.Model):
    """Who did what to what, when. Corpus-wide events belong to no campaign; the system's own have no actor."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events")
    verb = models.CharField(max_length=40, choices=Verb)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=80)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    triggers: ClassVar[tuple[Trigger, ...]] = (append_only("event_log_append_only"),)

    class Meta:
        indexes = [models.Index(fields=["campaign", "-at", "-id"], name="event_by_campaign_and_time")]
