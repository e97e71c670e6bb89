import fcntl
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from campaigns.models import Event, Verb
from decontamination import actions
from decontamination import indexes as reading
from decontamination.building import NotBuilt, build_apart
from decontamination.indexes import current_index, versions_in_force
from decontamination.leaks import Index, Prompt
from decontamination.models import Reference, ReferencePrompt
from tests.constraints import refused
from tests.factories import NOW, later, make_annotator, make_campaign, make_lead, make_member

pytestmark = pytest.mark.django_db

TEXT = "Write a function that returns the largest product of any three numbers in a list of integers."

CHINESE = "给定一个整数列表，返回其中任意三个位置不同的数字的最大乘积。"


def load(name: str = "toy", *texts: str, minutes: float = 0) -> Reference:
    prompts = [Prompt(name, str(place), text) for place, text in enumerate(texts or (TEXT,))]
    return actions.load_reference(name=name, prompts=prompts, source="toy.jsonl", by=None, now=later(minutes))[0]


def test_loading_the_same_prompts_again_changes_nothing() -> None:
    first = load()
    assert load(minutes=5) == first
    assert Event.objects.filter(verb=Verb.REFERENCE_LOADED).count() == 1


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
    with refused("one_version_in_force_per_reference"):
        Reference.objects.create(name="toy", digest="1" * 64, source="x", prompt_count=1, loaded_at=NOW)


def test_one_prompt_per_reference_and_key() -> None:
    with refused("one_prompt_per_reference_and_key"):
        ReferencePrompt.objects.create(reference=load(), key="0", text="other")


def test_reference_prompts_never_change() -> None:
    load()
    with refused("reference_prompts_never_change"):
        ReferencePrompt.objects.update(text="other")


def test_the_index_follows_the_references_in_force() -> None:
    assert current_index(n=10, cjk_weight=2).matches(TEXT) == []
    reference = load()
    assert current_index(n=10, cjk_weight=2).matches(f"Please: {TEXT}")[0].reference == "toy"
    actions.retire(reference=reference, by=None, now=NOW)
    assert current_index(n=10, cjk_weight=2).matches(TEXT) == []


@pytest.fixture
def indexes(settings: object) -> Iterator[Path]:
    """The folder of indexes, none of them opened before or after."""
    reading._opened.cache_clear()
    yield settings.DATA_DIR / "indexes"  # type: ignore[attr-defined]
    reading._opened.cache_clear()


def reopened() -> Index:
    """The index as another process finds it."""
    reading._opened.cache_clear()
    return current_index(n=10, cjk_weight=2)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many prompts each index had that this very process built."""
    sizes: list[int] = []
    build = Index.build

    def counted(prompts: Iterable[Prompt], **rule: Any) -> Index:
        rows = list(prompts)
        sizes.append(len(rows))
        return build(rows, **rule)

    monkeypatch.setattr(Index, "build", counted)
    return sizes


def test_the_index_is_opened_not_rebuilt(indexes: Path, built: list[int]) -> None:
    load()
    first = current_index(n=10, cjk_weight=2)
    assert current_index(n=10, cjk_weight=2) is first
    assert reopened().matches(TEXT) == first.matches(TEXT) != []
    assert built == [1]


def test_a_damaged_index_is_made_again(indexes: Path, built: list[int]) -> None:
    load()
    digest = reopened().digest
    (path,) = indexes.glob("*.index")
    whole = path.read_bytes()
    for damaged in (whole[:100], whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b"", b"another kind of file"):
        path.write_bytes(damaged)
        index = reopened()
        assert index.digest == digest
        assert index.matches(TEXT)
        assert path.read_bytes() == whole
    assert built == [1] * 6


def test_a_web_worker_builds_no_index(indexes: Path, built: list[int], settings: Any) -> None:
    settings.BUILD_INDEXES_APART = True
    load("toy", TEXT, CHINESE)
    index = reopened()
    assert [match.key for match in index.matches(f"{TEXT} {CHINESE}")] == ["0", "1"]
    assert built == []
    assert {path.suffix for path in indexes.iterdir()} == {".index", ".lock"}


def test_an_index_that_cannot_be_built_apart_says_why(indexes: Path, settings: Any) -> None:
    settings.BUILD_INDEXES_APART = True
    load()
    indexes.parent.mkdir(exist_ok=True)
    with pytest.raises(NotBuilt, match=r"x\.index: .*ValueError: n and shortest are at least 1 word"):
        build_apart(indexes.parent / "x.index", [Prompt("toy", "0", TEXT)], n=0, cjk_weight=1)
    assert not (indexes.parent / "x.index").exists()


def test_of_two_that_need_an_index_one_builds_it(indexes: Path) -> None:
    load()
    digests = tuple(versions_in_force())
    path, prompts = indexes / "both.index", [Prompt("toy", "0", TEXT)]
    indexes.mkdir(parents=True, exist_ok=True)
    with (indexes / "both.lock").open("w") as lock, ThreadPoolExecutor(1) as other:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opened = other.submit(reading._opened, path, 10, 2.0, digests)
        assert not wait([opened], timeout=0.3).done
        Index.build(prompts, cjk_weight=2).save(path)
        before = path.stat().st_mtime_ns
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert opened.result().matches(TEXT)
    assert path.stat().st_mtime_ns == before


def test_what_a_killed_builder_left_goes(indexes: Path) -> None:
    load()
    reopened()
    (path,) = indexes.glob("*.index")
    whole = path.read_bytes()
    path.unlink()
    (indexes / f".{path.name}.k1lled").write_bytes(whole[:1000])
    assert reopened().matches(TEXT)
    assert {each.name for each in indexes.iterdir()} == {path.name, path.with_suffix(".lock").name}


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
    assert [(row["line"], row["leak"]) for row in rows] == [(1, True), (2, False), (3, False)]
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


@pytest.mark.parametrize("broken", ["", "{", '{"prompt": 3}', '{"text": "x"}'])
def test_of_several_references_all_are_loaded_or_none(tmp_path: Path, broken: str) -> None:
    (tmp_path / "humaneval.jsonl").write_text(json.dumps({"prompt": TEXT}) + "\n")
    (tmp_path / "multipl-e.jsonl").write_text(broken)
    with pytest.raises(CommandError, match=r"multipl-e\.jsonl") as refusal:
        call_command("load_references", "humaneval", "multipl-e", "--from", str(tmp_path))
    assert refusal.value.returncode == 2
    assert not Reference.objects.exists()
    assert not ReferencePrompt.objects.exists()


def test_references_are_retired_by_name_all_or_none(tmp_path: Path, indexes: Path, built: list[int]) -> None:
    make_campaign(ngram=8)
    load("one")
    load("two", CHINESE)
    with pytest.raises(CommandError, match="three: no such reference is in force") as refusal:
        call_command("retire_references", "one", "three")
    assert refusal.value.returncode == 2
    assert Reference.objects.in_force().count() == 2
    call_command("retire_references", "one", "--json", str(tmp_path / "figures.json"))
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["references_in_force"] == 1
    assert [row.name for row in Reference.objects.in_force()] == ["two"]
    assert Event.objects.filter(verb=Verb.REFERENCE_RETIRED).count() == 1
    built.clear()
    assert current_index(n=8, cjk_weight=1.5).matches(TEXT) == []  # the campaign's, ready before anybody asks
    assert built == []
    assert load("one").retired_at is None  # back again
