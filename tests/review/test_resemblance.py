"""The nearest reference prompt of an item: an advisory column for leads, decided by nothing and deciding nothing."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from annotation.models import Resemblance
from annotation.resemblance import find_similar, hints
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling.embedding.model import Model
from sampling.models import SimilarityCalibration
from sampling.queries.embedding import chosen_model, store_of
from sampling.text import cleaning
from tests.constraints import refused
from tests.factories import NOW
from tests.team import Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Model, "key", f"fake-{tmp_path.name}")


def place(**angles: float) -> None:
    """Put a vector for each of these texts into the store, by its angle, so that no model is needed."""
    store = store_of(chosen_model())
    with store.writing({"model": chosen_model().key}) as writer:
        for text, angle in angles.items():
            vector = [[np.cos(np.radians(angle)), np.sin(np.radians(angle))]]
            writer.append([cleaning.digest("", text)], np.array(vector, np.float32))


def references(**prompts: str) -> None:
    for name, text in prompts.items():
        load_reference(name=name, source=name, prompts=[Prompt(name, "1", text)], by=None, now=NOW)


def calibrated(threshold: float | None) -> None:
    rows = [
        {"kind": "", "pairs": 10, "found": 4, "false_alarms": 1},
        {"kind": "in Chinese (MBPP)", "pairs": 10, "found": 0, "false_alarms": 0},
    ]
    SimilarityCalibration.objects.create(
        model=chosen_model().key, references=[], threshold=threshold, rows=rows, made_at=NOW
    )


def test_the_nearest_prompt_is_kept_and_shown_as_advice(team: Team, client: Client, vectors: None) -> None:
    near, far = team.item(query="QUERY-NEAR"), team.item(query="QUERY-FAR")
    references(mine="PROMPT-NEAR", other="PROMPT-OTHER")
    place(**{"QUERY-NEAR": 10, "QUERY-FAR": 60, "PROMPT-NEAR": 0, "PROMPT-OTHER": 170})
    client.force_login(team.lead)
    page, slug = f"/c/{team.campaign.slug}/items/{near.pk}/", team.campaign.slug
    assert "manage.py find_similar" in client.get(page).content.decode()
    assert find_similar(campaign=team.campaign, now=NOW) == (2, 2)
    assert find_similar(campaign=team.campaign, now=NOW) == (2, 0)
    found = Resemblance.objects.get(revision=near.revision)
    assert (found.prompt.reference.name, found.prompt.key, round(found.cosine, 3)) == ("mine", "1", 0.985)
    shown = client.get(page).content.decode()
    assert "PROMPT-NEAR" in shown
    assert "not measured yet" in shown
    calibrated(0.9)
    shown = client.get(page).content.decode()
    assert "From cosine 0.90 on: precision 0.80, recall 0.40" in shown
    assert "undefined" in shown  # the precision of a kind of which nothing was found
    assert ">resembles<" in shown
    assert ">resembles<" not in client.get(f"/c/{slug}/items/{far.pk}/").content.decode()
    assert "mine 0.9" in client.get(f"/c/{slug}/items/").content.decode()
    near.refresh_from_db()
    assert near.status == "in_review"  # advice changes nothing


def test_what_resembles_is_named_before_a_release_is_frozen(team: Team, client: Client, vectors: None) -> None:
    item = team.item(True, True, True, True, query="QUERY-NEAR")
    references(mine="PROMPT-NEAR")
    place(**{"QUERY-NEAR": 10, "PROMPT-NEAR": 0})
    calibrated(0.9)
    client.force_login(team.lead)
    address = f"/c/{team.campaign.slug}/releases/freeze/look/"
    assert "Not looked up yet" in client.post(address).content.decode()
    find_similar(campaign=team.campaign, now=NOW)
    shown = client.post(address).content.decode()
    assert f"/items/{item.pk}/#resemblance" in shown
    assert "0.98" in shown


def test_new_references_make_it_stale_and_are_looked_up(team: Team, client: Client, vectors: None) -> None:
    item = team.item(query="QUERY")
    references(mine="PROMPT-MINE")
    place(**{"QUERY": 10, "PROMPT-MINE": 90, "PROMPT-NEARER": 12})
    find_similar(campaign=team.campaign, now=NOW)
    references(other="PROMPT-NEARER")
    assert item.revision is not None
    assert hints([item.revision.pk])[item.revision.pk].stale
    assert find_similar(campaign=team.campaign, now=NOW) == (1, 1)
    hint = hints([item.revision.pk])[item.revision.pk]
    assert (hint.found.prompt.text, hint.stale) == ("PROMPT-NEARER", False)


def test_without_calibration_or_precision_nothing_is_near(team: Team, vectors: None) -> None:
    item = team.item(query="QUERY")
    references(mine="PROMPT")
    place(QUERY=0, PROMPT=0)
    find_similar(campaign=team.campaign, now=NOW)
    assert item.revision is not None
    assert not hints([item.revision.pk])[item.revision.pk].near
    calibrated(None)
    assert not hints([item.revision.pk])[item.revision.pk].near
    calibrated(0.5)
    assert hints([item.revision.pk])[item.revision.pk].near


def test_the_command_lists_what_is_near(team: Team, vectors: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="no reference is in force") as refused:
        call_command("find_similar", team.campaign.slug)
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="no such campaign"):
        call_command("find_similar", "nothing")
    item = team.item(query="QUERY")
    references(mine="PROMPT")
    place(QUERY=0, PROMPT=8)
    call_command("find_similar", team.campaign.slug)
    assert "undefined: run calibrate_similarity" in capsys.readouterr().out
    calibrated(0.9)
    call_command("find_similar", team.campaign.slug)
    assert f"item {item.pk}: mine 1, cosine 0.99" in capsys.readouterr().out


def test_the_database_keeps_one_resemblance_for_each_wording(team: Team, vectors: None) -> None:
    team.item(query="QUERY")
    references(mine="PROMPT")
    place(QUERY=0, PROMPT=8)
    find_similar(campaign=team.campaign, now=NOW)
    row = Resemblance.objects.get()
    row.pk = None
    with refused("one_resemblance_per_revision"):
        row.save()
    with refused("resemblance_is_a_cosine"):
        Resemblance.objects.update(cosine=2)
