"""References from the hub, read from a folder in its layout; nothing here needs a network."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from decontamination.models import Reference

CARD = """---
configs:
- config_name: full
  default: true
  data_files:
  - split: test
    path: full/test-*
  - split: train
    path: full/train-*
- config_name: small
  data_files:
  - split: test
    path: small/*.parquet
---
"""


@pytest.fixture
def dataset(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    datasets = pytest.importorskip("datasets", reason="needs the datasets library")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    folder = tmp_path / "toy-set"
    (folder / "full").mkdir(parents=True)
    (folder / "small").mkdir()
    for split, keys in (("test", [1, 2]), ("train", [3])):
        rows = pd.DataFrame({"task_id": keys, "prompt": [f"{split} prompt number {key}" for key in keys]})
        rows.to_parquet(folder / "full" / f"{split}-00000-of-00001.parquet")
    pd.DataFrame([{"id": "x", "question": "what is asked here"}]).to_parquet(folder / "small" / "part.parquet")
    (folder / "README.md").write_text(CARD)
    return folder


def load(name: str, dataset: Path | str, *options: str) -> dict[str, str]:
    call_command("load_references", name, "--hub", str(dataset), *options)
    reference = Reference.objects.in_force().get(name=name)
    return dict(reference.prompts.order_by("key").values_list("key", "text"))


def test_every_split_is_read(dataset: Path) -> None:
    assert load("toy", dataset, "--field", "prompt") == {
        "test/1": "test prompt number 1",
        "test/2": "test prompt number 2",
        "train/3": "train prompt number 3",
    }
    assert Reference.objects.get().source == "hub: toy-set"  # and no folder above it


def test_one_split_of_one_configuration_is_read(dataset: Path) -> None:
    assert load("humaneval", dataset, "--split", "train", "--revision", "main") == {"train/3": "train prompt number 3"}
    found = load("toy", dataset, "--config", "small", "--split", "test", "--field", "question", "--key", "id")
    assert found == {"small/test/x": "what is asked here"}
    assert Reference.objects.get(name="toy").source == "hub: toy-set small test"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--field", "text"), "toy-set: test: row 1: no field 'text', only task_id, prompt"),
        (("--field", "prompt", "--split", "dev"), 'toy-set: cannot be read from the hub: Unknown split "dev"'),
        (
            ("--field", "prompt", "--config", "none"),
            "toy-set: cannot be read from the hub: BuilderConfig 'none' not found",
        ),
        ((), "say which field holds its prompts"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(dataset: Path, options: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError) as refusal:
        load("toy", dataset, *options)
    assert refusal.value.returncode == 2
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_without_a_network_it_says_so(dataset: Path) -> None:
    with pytest.raises(CommandError, match="nobody/nothing: cannot be read from the hub: Couldn't reach") as refusal:
        load("toy", "nobody/nothing", "--field", "prompt")
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toy"], "either --from DIR or --hub"),
        (["toy", "--from", ".", "--hub", "a/b"], "either --from DIR or --hub"),
        (["toy", "other", "--hub", "a/b"], "one reference at a time"),
        (["toy", "--from", ".", "--split", "test"], "--split goes with --hub only"),
    ],
)
def test_the_source_is_one_or_the_other(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as refusal:
        call_command("load_references", *arguments)
    assert refusal.value.returncode == 2


def test_without_the_library_one_line_says_so(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)  # what Python takes for a library that cannot be imported
    with pytest.raises(CommandError, match=r"^someone/toy: reading the hub needs the datasets library") as refused:
        load("mbpp", "someone/toy")
    assert refused.value.returncode == 2
    assert not Reference.objects.exists()
