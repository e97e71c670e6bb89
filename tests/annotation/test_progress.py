from typing import Any

import pytest

from annotation import actions, leases, progress
from annotation.models import Item
from campaigns.models import Campaign, Membership, User
from tests.factories import NOW, later, make_annotator, make_campaign, make_seeds
from tests.team import write_item

pytestmark = pytest.mark.django_db


def test_progress_counts_acts_and_items_by_person(
    campaign: Campaign, annotator: User, django_assert_num_queries: Any
) -> None:
    make_seeds(campaign, 9)
    other, idle = make_annotator(campaign, username="bob"), make_annotator(campaign, username="cy")
    for status in ("accepted", "accepted", "rejected", "in_review"):
        item = write_item(campaign, annotator)
        Item.objects.filter(pk=item.pk).update(status=status)
    for _ in range(2):
        seed = leases.claim_next(campaign=campaign, by=other, now=NOW)
        assert seed is not None
        actions.skip(seed=seed, token=seed.lease_token, reason="why", by=other, now=NOW)
    leases.claim_next(campaign=campaign, by=other, now=NOW)
    Membership.objects.filter(user=other).delete()
    with django_assert_num_queries(2):
        rows = progress.progress_by_annotator(campaign)
    assert [(row.user, row.claimed, row.skipped, row.submitted) for row in rows] == [
        (annotator, 4, 0, 4),
        (other, 3, 2, 0),
        (idle, 0, 0, 0),
    ]
    assert (rows[0].accepted, rows[0].rejected, rows[0].in_review, rows[0].returned) == (2, 1, 1, 0)
    assert progress.progress_by_annotator(make_campaign()) == []


def test_the_queue_is_counted_by_status(campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, 5)
    make_seeds(make_campaign(), 2)
    write_item(campaign, annotator)
    leases.claim_next(campaign=campaign, by=annotator, now=NOW)
    counts = progress.queue_counts(campaign)
    assert (counts.drawn, counts.claimed, counts.submitted, counts.skipped) == (3, 1, 1, 0)
    assert counts.total == 5


def test_today_begins_at_midnight(campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, 2)
    write_item(campaign, annotator)
    assert progress.own_counts(campaign=campaign, user=annotator, now=later(minutes=60)).today == 1
    tomorrow = progress.own_counts(campaign=campaign, user=annotator, now=later(minutes=16 * 60))
    assert (tomorrow.today, tomorrow.total, tomorrow.in_review) == (0, 1, 1)
