from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from campaigns.triggers import Trigger


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def in_force(self) -> ReferenceQuerySet:
        """The versions that a text must not share words with, in a fixed order."""
        return self.filter(retired_at=None).order_by("name", "digest")


class Reference(models.Model):
    """One version of one benchmark's prompts; a changed file is a new version."""

    name = models.SlugField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=300, help_text="file names or hub dataset the prompts were read from")
    prompt_count = models.PositiveIntegerField()
    loaded_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(retired_at=None), name="one_version_in_force_per_reference"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:12]})"


class ReferencePrompt(models.Model):
    reference = models.ForeignKey(Reference, models.CASCADE, related_name="prompts")
    key = models.CharField(max_length=200)
    text = models.TextField()

    triggers: ClassVar[tuple[Trigger, ...]] = (Trigger("reference_prompts_never_change", ("UPDATE",)),)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference", "key"], name="one_prompt_per_reference_and_key")]
