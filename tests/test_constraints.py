"""Every constraint and trigger has a name of its own, and some test tries it; here, those that no other test tries."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from benchmark.models import Release, ReleaseExclusion, ReleaseItem
from campaigns import actions
from campaigns.models import Category, Invitation
from decontamination.models import ReferenceSet
from foundation import triggers
from sampling.models import SimilarityCalibration
from tests.constraints import refused, unique_by_columns
from tests.factories import NOW, make_campaign, make_lead, shipped_taxonomy
from tests.team import Team

pytestmark = pytest.mark.django_db


def test_every_constraint_and_trigger_is_tried() -> None:
    names = {each.name for model in apps.get_models() for each in model._meta.constraints if not model._meta.proxy}
    names |= {trigger.name for _model, trigger in triggers.declared()}
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py"))
    assert {name for name in names if f'"{name}"' not in written} == set()


def test_sqlites_words_tell_every_unique_constraint_apart() -> None:
    declared = [
        each.name
        for model in apps.get_models()
        for each in model._meta.constraints
        if isinstance(each, models.UniqueConstraint)
    ]
    assert sorted(unique_by_columns().values()) == sorted(declared)


def test_another_constraint_than_the_named_one_fails_the_test() -> None:
    category = Category(taxonomy=shipped_taxonomy(), slug="security", position=900)
    with (
        pytest.raises(AssertionError, match="one_category_per_taxonomy_and_slug"),
        refused("one_category_per_position"),
    ):
        category.save()


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("one_category_per_taxonomy_and_slug", {"position": 900}),
        ("one_category_per_position", {"slug": "another"}),
    ],
)
def test_categories(name: str, changed: dict[str, Any]) -> None:
    there = shipped_taxonomy().categories.get(slug="security")
    fields = {"taxonomy": there.taxonomy, "slug": there.slug, "position": there.position, **changed}
    with refused(name):
        Category.objects.create(**fields)


def test_invitations() -> None:
    campaign = make_campaign()
    lead = make_lead(campaign)
    actions.invite(campaign=campaign, roles=["annotator"], by=lead, now=NOW)
    accepted = {"accepted_by": lead, "accepted_at": NOW}
    for wrong in ({"accepted_by": lead}, {"accepted_at": NOW}, {**accepted, "withdrawn_at": NOW}):
        with refused("invitation_accepted_by_someone_and_not_withdrawn"):
            Invitation.objects.update(**wrong)
    assert Invitation.objects.update(**accepted) == 1


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (
            ReferenceSet(digest="0" * 64, ngram=10, cjk_weight=2, references=[], made_at=NOW),
            "reference_sets_append_only",
        ),
        (
            SimilarityCalibration(model="none", references=[], threshold=None, rows=[], made_at=NOW),
            "similarity_calibrations_append_only",
        ),
    ],
    ids=["reference sets", "similarity calibrations"],
)
def test_what_verdicts_were_made_with_is_kept(row: models.Model, name: str) -> None:
    row.save()
    with refused(name):
        type(row)._default_manager.update(made_at=NOW)
    with refused(name):
        row.delete()


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("one_release_item_per_position", "position"),
        ("one_place_per_release_and_item", "item"),
        ("one_place_per_release_and_uid", "uid"),
    ],
)
def test_released_items(team: Team, name: str, same: str) -> None:
    release = Release.objects.create(campaign=team.campaign, number=1, created_at=NOW)
    first, second = (
        {
            "position": number, "item": item, "uid": str(number), "revision": item.revision,
            "valid_votes": 4, "votes": 4,
        }
        for number, item in enumerate(team.item(True, True, True, True) for _ in range(2))
    )  # fmt: skip
    ReleaseItem.objects.create(release=release, **first)
    with refused(name):
        ReleaseItem.objects.create(release=release, **second | {same: first[same]})
    ReleaseItem.objects.create(release=release, **second)


@pytest.mark.parametrize(
    ("name", "same"), [("one_exclusion_per_release_and_item", "item"), ("one_exclusion_per_release_and_uid", "uid")]
)
def test_left_out_items(team: Team, name: str, same: str) -> None:
    release = Release.objects.create(campaign=team.campaign, number=1, created_at=NOW)
    first, second = (
        {"item": item, "uid": str(number), "revision": item.revision, "reason": "in_review"}
        for number, item in enumerate(team.item() for _ in range(2))
    )
    ReleaseExclusion.objects.create(release=release, **first)
    with refused(name):
        ReleaseExclusion.objects.create(release=release, **second | {same: first[same]})
    ReleaseExclusion.objects.create(release=release, **second)


def test_the_database_has_every_constraint_by_its_name() -> None:
    for model in apps.get_models():
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
        assert {each.name for each in model._meta.constraints} <= set(there)
