import pytest

from annotation import leases, progress
from campaigns.models import Campaign, User
from tests.factories import NOW, later, make_campaign, make_seeds
from tests.team import write_item

pytestmark = pytest.mark.django_db


def test_the_queue_is_counted_by_status(campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, 5)
    make_seeds(make_campaign(), 2)
    write_item(campaign, annotator)
    leases.claim_next(campaign=campaign, by=annotator, now=NOW)
    counts = progress.queue_counts(campaign)
    assert [str(each) for each in (counts.drawn, counts.claimed, counts.submitted, counts.skipped)] == [
        "3",
        "1",
        "1",
        "0",
    ]


def test_today_begins_at_midnight(campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, 2)
    write_item(campaign, annotator)
    assert progress.own_counts(campaign=campaign, user=annotator, now=later(minutes=60)).today == 1
    tomorrow = progress.own_counts(campaign=campaign, user=annotator, now=later(minutes=16 * 60))
    assert (tomorrow.today, tomorrow.total, tomorrow.in_review) == (0, 1, 1)
