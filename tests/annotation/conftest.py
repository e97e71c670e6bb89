import pytest
from django.test import Client

from annotation import leases
from campaigns.models import Campaign, User
from sampling.models import Seed
from tests.factories import NOW, make_annotator, make_campaign, make_seeds


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def annotator(campaign: Campaign) -> User:
    return make_annotator(campaign, username="ada")


@pytest.fixture
def seed(campaign: Campaign) -> Seed:
    return make_seeds(campaign)[0]


@pytest.fixture
def held(campaign: Campaign, seed: Seed, annotator: User) -> Seed:
    """The seed in the annotator's hand."""
    claimed = leases.claim_next(campaign=campaign, by=annotator, now=NOW)
    assert claimed is not None
    return claimed


@pytest.fixture
def browser(client: Client, annotator: User) -> Client:
    client.force_login(annotator)
    return client
