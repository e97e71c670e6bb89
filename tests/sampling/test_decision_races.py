"""Leads who decide of the same clusters in the same moment."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from sampling import actions
from sampling.models import Cluster, ClusterDecision
from tests.factories import NOW, make_campaign, make_lead, make_seeds


def at_once(*acts: Callable[[], None]) -> list[Exception]:
    """What the acts raise, each in a thread and a connection of its own."""
    raised: list[Exception] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        try:
            start.wait()
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_saw_the_same_only_one_decides() -> None:
    campaign = make_campaign()
    cluster, leads = make_seeds(campaign)[0].cluster, [make_lead(campaign), make_lead(campaign)]

    def named(place: int) -> Callable[[], None]:
        lead = leads[place]
        return lambda: actions.rename(
            cluster=cluster, label=f"Name {place}", campaign=campaign, by=lead, now=NOW, version=0
        )

    (refused,) = at_once(named(0), named(1))
    assert isinstance(refused, actions.Changed)
    assert ClusterDecision.objects.get().version == 1


@pytest.mark.django_db(transaction=True)
def test_two_clusters_are_never_merged_into_each_other() -> None:
    campaign = make_campaign()
    one, lead = make_seeds(campaign)[0].cluster, make_lead(campaign)
    other = Cluster.objects.create(run=one.run, number=one.number + 1000, size=1)

    def merged(cluster: Cluster, into: Cluster) -> Callable[[], None]:
        return lambda: actions.merge(cluster=cluster, into=into, campaign=campaign, by=lead, now=NOW)

    (refused,) = at_once(merged(one, other), merged(other, one))
    assert isinstance(refused, actions.CannotDecide)
    assert ClusterDecision.objects.exclude(merged_into=None).count() == 1
