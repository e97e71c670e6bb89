import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from campaigns.models import Event
from decontamination import actions
from decontamination.leaks import Prompt
from decontamination.models import Reference, ReferencePrompt
from tests.factories import NOW, later, make_annotator, make_campaign, make_lead, make_member

pytestmark = pytest.mark.django_db

TEXT = "Write a function that returns the largest product of any three numbers in a list of integers."


def load(name: str = "toy", *texts: str, minutes: float = 0) -> Reference:
    prompts = [Prompt(name, str(place), text) for place, text in enumerate(texts or (TEXT,))]
    return actions.load_reference(name=name, prompts=prompts, source="toy.jsonl", by=None, now=later(minutes))[0]


def test_loading_the_same_prompts_again_changes_nothing() -> None:
    first = load()
    assert load(minutes=5) == first
    assert Event.objects.filter(verb="reference loaded").count() == 1


def test_a_changed_version_retires_the_one_before_and_comes_back() -> None:
    first = load()
    second = load("toy", TEXT, "Another prompt that has enough words to count as one.", minutes=1)
    first.refresh_from_db()
    assert first.retired_at == later(1)
    assert list(Reference.objects.in_force()) == [second]
    assert load(minutes=2) == first
    assert list(Reference.objects.in_force()) == [first]


def test_a_reference_without_prompts_is_refused() -> None:
    with pytest.raises(actions.NoPrompts):
        actions.load_reference(name="toy", prompts=[], source="x", by=None, now=NOW)


def test_one_version_in_force_per_reference() -> None:
    load()
    with pytest.raises(IntegrityError), transaction.atomic():
        Reference.objects.create(name="toy", digest="1" * 64, source="x", prompt_count=1, loaded_at=NOW)


def test_one_prompt_per_reference_and_key() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ReferencePrompt.objects.create(reference=load(), key="0", text="other")


def test_reference_prompts_never_change() -> None:
    load()
    with pytest.raises(IntegrityError, match="reference_prompts_never_change"), transaction.atomic():
        ReferencePrompt.objects.update(text="other")


def test_the_index_follows_the_references_in_force() -> None:
    assert actions.current_index(n=10, cjk_weight=2).matches(TEXT) == []
    reference = load()
    assert actions.current_index(n=10, cjk_weight=2).matches(f"Please: {TEXT}")[0].reference == "toy"
    actions.retire(reference=reference, by=None, now=NOW)
    assert actions.current_index(n=10, cjk_weight=2).matches(TEXT) == []


def test_the_index_is_opened_not_rebuilt_and_mended_if_broken(settings: object) -> None:
    load()
    built = actions.current_index(n=10, cjk_weight=2)
    assert actions.current_index(n=10, cjk_weight=2) is built
    path = next(settings.DATA_DIR.glob("indexes/*.index"))  # type: ignore[attr-defined]
    actions._opened.cache_clear()
    before = path.stat().st_mtime_ns
    assert actions.current_index(n=10, cjk_weight=2).digest == built.digest
    assert path.stat().st_mtime_ns == before
    actions._opened.cache_clear()
    path.write_bytes(path.read_bytes()[:100])
    assert actions.current_index(n=10, cjk_weight=2).digest == built.digest


def test_commands_load_and_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "toy.jsonl").write_text(json.dumps({"prompt": TEXT, "id": "a"}) + "\n")
    figures = tmp_path / "figures.json"
    call_command("load_references", "toy", "--from", str(tmp_path), "--field", "prompt", "--json", str(figures))
    assert json.loads(figures.read_text())["toy"] == 1
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"text": f"x {TEXT.upper()}"}) + "\n\n" + json.dumps({"text": "clean"}) + "\n")
    report = tmp_path / "report.jsonl"
    with pytest.raises(SystemExit) as exit_code:
        call_command("check_contamination", str(texts), "--json", str(report))
    assert exit_code.value.code == 1
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(row["line"], row["leak"]) for row in rows] == [(1, True), (3, False)]
    match = rows[0]["matches"][0]
    assert match == {"reference": "toy", "key": "toy/a", "start": 2, "end": 2 + len(TEXT) - 1, "words": 17}
    capsys.readouterr()


@pytest.mark.parametrize(
    ("line", "said"),
    [('{"text": 3}', "line 2: field 'text'"), ('{"other": ""}', "line 2: field 'text'"), ("{", "line 2")],
)
def test_bad_input_is_named_by_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    load()
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "fine"}\n' + line + "\n")
    with pytest.raises(CommandError, match=said) as refusal:
        call_command("check_contamination", str(texts))
    assert refusal.value.returncode == 2
    assert "texts.jsonl" in str(refusal.value)


def test_checking_against_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no reference is in force"):
        call_command("check_contamination", str(tmp_path / "x.jsonl"))


def test_the_api_answers_members_only(client: Client) -> None:
    campaign = make_campaign()
    load()
    page = reverse("api-check", args=[campaign.slug])
    assert client.post(page, {"text": TEXT}, content_type="application/json").status_code == 403
    client.force_login(make_member(make_campaign(), "lead"))
    assert client.post(page, {"text": TEXT}, content_type="application/json").status_code == 404
    client.force_login(make_annotator(campaign))
    answer = client.post(page, {"text": TEXT}, content_type="application/json").json()
    assert answer["leak"] is True
    assert answer["matches"][0]["reference"] == "toy"
    assert client.post(page, {}, content_type="application/json").status_code == 400
    assert client.post(page, "[" * 100_000, content_type="application/json").status_code == 400
    assert [row["slug"] for row in client.get(reverse("api-campaigns")).json()] == [campaign.slug]


def test_only_the_installations_lead_retires_a_reference(client: Client) -> None:
    campaign = make_campaign()
    reference = load()
    page = reverse("decontamination:retire", args=[campaign.slug, reference.pk])
    client.force_login(make_lead(campaign))
    assert client.post(page).status_code == 403
    client.force_login(make_lead(campaign, is_staff=True))
    assert client.post(page).status_code == 302
    assert not Reference.objects.in_force().exists()


def test_a_reference_is_loaded_by_name_and_file(tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"question": "Sort these numbers in place."}\n')
    call_command("load_references", "--name", "mine", "--field", "question", str(file))
    assert Reference.objects.in_force().get().name == "mine"
    with pytest.raises(CommandError, match="--name goes with one FILE"):
        call_command("load_references", "--name", "mine", "--field", "question", str(file), "other.jsonl")
