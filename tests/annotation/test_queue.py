"""Which seed comes next, and that finding it takes no longer with a thousand times as many."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation import leases
from annotation.queue import next_seed, waiting_count
from campaigns.models import Campaign, User
from foundation import counts
from foundation.counts import Count, count_up_to
from sampling.models import Seed
from tests.factories import NOW, later, make_annotator, make_lead, make_seeds


def test_the_next_seed_is_the_first_by_rank_of_those_drawn_and_those_left_behind(campaign: Campaign) -> None:
    first, second, _third = make_seeds(campaign, 3)
    one, two = make_annotator(campaign), make_annotator(campaign)
    assert leases.claim_next(campaign=campaign, by=one, now=NOW) == first
    assert next_seed(campaign=campaign, now=NOW) == second
    assert waiting_count(campaign=campaign, now=NOW) == Count(2)
    late = later(minutes=31)
    assert next_seed(campaign=campaign, now=late) == first
    assert waiting_count(campaign=campaign, now=late) == Count(3)
    assert leases.claim_next(campaign=campaign, by=two, now=late) == first


def test_a_queue_with_nothing_left_has_no_next_seed(campaign: Campaign) -> None:
    assert next_seed(campaign=campaign, now=NOW) is None
    assert not waiting_count(campaign=campaign, now=NOW)


def test_a_count_says_more_than_where_it_stops_counting(campaign: Campaign) -> None:
    make_seeds(campaign, 3)
    rows = Seed.objects.filter(campaign=campaign)
    assert str(count_up_to(rows, 3)) == "3"
    assert str(count_up_to(rows, 2)) == "more than 2"
    assert str(count_up_to(rows, 2) + Count(4)) == "more than 6"


def test_finding_the_next_seed_reads_one_end_of_an_index_whatever_is_done(campaign: Campaign, annotator: User) -> None:
    make_seeds(campaign, 2000)
    done = Seed.objects.filter(campaign=campaign, rank__lt=1000)
    Seed.objects.filter(pk__in=list(done.values_list("pk", flat=True))).update(status="submitted")
    with CaptureQueriesContext(connection) as many:
        assert next_seed(campaign=campaign, now=NOW) is not None
    assert len(many) == 2
    if connection.vendor == "postgresql":  # which knows nothing yet of rows written in this transaction
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    seeds = Seed.objects.filter(campaign=campaign)
    drawn = str(seeds.filter(status="drawn").order_by("rank")[:1].explain())
    assert "seed_queue" in drawn
    assert "TEMP B-TREE" not in drawn  # SQLite's word for sorting
    assert "Sort" not in drawn
    left = str(seeds.left_behind(NOW).order_by("rank")[:1].explain())  # of claimed ones, which are few
    assert "SCAN sampling_seed" not in left
    assert "Seq Scan" not in left


@pytest.mark.parametrize("page", ["annotation:home", "setup"])
def test_no_page_counts_beyond_its_bound(
    client: Client, campaign: Campaign, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same statements with two seeds and with two thousand, each with a limit where it counts."""
    lead = make_lead(campaign)
    make_annotator(campaign)
    for role in ("annotator",):
        campaign.memberships.create(user=lead, role=role, since=NOW)
    client.force_login(lead)
    address = reverse(page, args=[campaign.slug])

    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return [query["sql"] for query in captured]

    make_seeds(campaign, 2)
    client.get(address)
    few = asked()
    make_seeds(campaign, 2000)
    many = asked()
    assert len(many) == len(few)
    for statement in many:
        if "COUNT(" in statement and '"sampling_' in statement:
            assert f"LIMIT {counts.MOST + 1}" in statement, statement
