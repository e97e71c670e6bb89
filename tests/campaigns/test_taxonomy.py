"""Loading a taxonomy, again and again, and choosing one."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from campaigns import actions
from campaigns.forms import CampaignForm
from campaigns.models import Campaign, Category, Taxonomy
from campaigns.queries import UnknownTaxonomy, taxonomy_called
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A taxonomy file of these categories."""

    def written(*names: str, **fields: Any) -> Path:
        path = tmp_path / "taxonomy.json"
        categories = [{"major": "All", "name": name, "description": f"About {name}."} for name in names]
        path.write_text(json.dumps({"name": "toy", "title": "Toy", "categories": categories} | fields))
        return path

    return written


def load(path: Path) -> list[str]:
    """The categories in their order, whose positions have no gaps."""
    rows = actions.load_taxonomy(path=path).categories.order_by("position")
    assert [row.position for row in rows] == list(range(len(rows)))
    return [row.slug for row in rows]


def keys() -> dict[str, int]:
    return dict(Category.objects.values_list("slug", "pk"))


@pytest.mark.parametrize(
    ("then", "order"),
    [
        (("a", "b", "new", "c"), ["a", "b", "new", "c"]),
        (("new", "a", "b", "c"), ["new", "a", "b", "c"]),
        (("c", "a", "b"), ["c", "a", "b"]),
        (("c", "b", "a"), ["c", "b", "a"]),
        (("a", "c"), ["a", "c", "b"]),
        (("c",), ["c", "a", "b"]),
        (("new",), ["new", "a", "b", "c"]),
        (("c", "new", "a", "other"), ["c", "new", "a", "other", "b"]),
        (("a", "b", "c"), ["a", "b", "c"]),
    ],
)
def test_categories_come_move_and_go_as_the_same_rows(write: Write, then: tuple[str, ...], order: list[str]) -> None:
    assert load(write("a", "b", "c")) == ["a", "b", "c"]
    before = keys()
    assert load(write(*then)) == order
    assert before.items() <= keys().items()
    assert load(write(*then)) == order


def test_a_category_that_went_comes_back_where_the_file_has_it(write: Write) -> None:
    load(write("a", "b", "c"))
    assert load(write("a", "c")) == ["a", "c", "b"]
    assert load(write("a", "d", "c")) == ["a", "d", "c", "b"]
    assert load(write("a", "b", "c")) == ["a", "b", "c", "d"]


def test_loading_again_brings_the_words_up_to_date(write: Write) -> None:
    load(write("a"))
    load(write(title="New title", categories=[{"major": "Other", "name": "A"}]))
    row = Category.objects.select_related("taxonomy").get()
    assert (row.taxonomy.title, row.major, row.name, row.description) == ("New title", "Other", "A", "")


def test_two_taxonomies_do_not_mix(write: Write) -> None:
    load(write("a", "b"))
    assert load(write("b", "c", name="other")) == ["b", "c"]
    assert list(Taxonomy.objects.get(slug="toy").categories.order_by("position").values_list("slug", flat=True)) == [
        "a",
        "b",
    ]


def test_the_database_keeps_places_and_names_apart(write: Write) -> None:
    load(write("a", "b"))
    for changes in ({"slug": "a"}, {"position": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.filter(slug="b").update(**changes)


BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"categories": [{"major": "x", "name": "Web / UI"}, {"major": "y", "name": "web ui"}]},
        "two categories are called",
    ),
    ({"categories": [{"major": "x"}]}, "category 1: KeyError"),
    ({"categories": [{"major": "x", "name": 5}]}, "category 1: "),
    ({"categories": [{"major": "x", "name": "!"}]}, "category 1: slug"),
    ({"categories": [{"major": "x", "name": "a"}, {"major": "x", "name": "b" * 121}]}, "category 2: slug"),
    ({"categories": [{"major": "", "name": "a"}]}, "category 1: major"),
    ({"categories": ["a"]}, "TypeError"),
    ({"categories": 5}, "TypeError"),
    ({"name": "not a slug"}, "the taxonomy: slug"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD)
def test_a_file_that_makes_no_sense_changes_nothing(write: Write, fields: dict[str, Any], reason: str) -> None:
    load(write("a", "b"))
    path = write("a", **fields)
    with pytest.raises(CommandError) as refused:
        call_command("load_taxonomy", str(path))
    assert refused.value.returncode == 2
    assert reason in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(Category.objects.order_by("position").values_list("slug", flat=True)) == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"name": "toy"}', None])
def test_what_is_no_taxonomy_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "taxonomy.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        call_command("load_taxonomy", str(path))
    assert refused.value.returncode == 2
    assert not Taxonomy.objects.exists()


def test_the_command_loads_the_shipped_one_and_counts(tmp_path: Path) -> None:
    for _again in range(2):
        call_command("load_taxonomy", stdout=StringIO(), json=tmp_path / "out.json")
        figures = json.loads((tmp_path / "out.json").read_text())
        assert figures == {"taxonomy": "codearena", "categories": 40, "majors": 7}


def test_the_only_taxonomy_needs_no_name(write: Write) -> None:
    with pytest.raises(UnknownTaxonomy, match="run load_taxonomy first"):
        taxonomy_called()
    with pytest.raises(UnknownTaxonomy, match=r"toy: there is no such taxonomy .*none yet"):
        taxonomy_called("toy")
    load(write("a"))
    assert taxonomy_called().slug == taxonomy_called("toy").slug == "toy"
    load(write("a", name="other"))
    with pytest.raises(UnknownTaxonomy, match=r"several taxonomies.*other, toy"):
        taxonomy_called()
    assert taxonomy_called("other").slug == "other"


def test_a_campaign_is_made_of_the_taxonomy_that_was_named(write: Write) -> None:
    for arguments in (["mine"], ["mine", "--taxonomy", "nothing"]):
        with pytest.raises(CommandError) as refused:
            call_command("create_campaign", *arguments)
        assert refused.value.returncode == 2
    load(write("a"))
    load(write("a", name="other"))
    with pytest.raises(CommandError, match="several taxonomies"):
        call_command("create_campaign", "mine")
    call_command("create_campaign", "mine", "--taxonomy", "other", stdout=StringIO())
    assert Campaign.objects.get().taxonomy.slug == "other"


def test_the_form_asks_for_the_taxonomy_where_there_are_several(write: Write) -> None:
    given = {"name": "Mine", "slug": "mine"}
    load(write("a"))
    assert "taxonomy" not in CampaignForm().fields
    assert CampaignForm(given).is_valid()
    load(write("a", name="other"))
    assert not CampaignForm(given).is_valid()
    other = Taxonomy.objects.get(slug="other")
    form = CampaignForm(given | {"taxonomy": other.pk})
    assert form.is_valid()
    campaign = actions.create_campaign(**form.cleaned_data, by=make_user(is_staff=True), now=NOW)
    assert campaign.taxonomy == other


def rows() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


@pytest.mark.parametrize("loaded", [False, True])
def test_a_dry_run_of_an_import_writes_nothing_at_all(write: Write, tmp_path: Path, loaded: bool) -> None:
    if loaded:
        load(write("a"))
    source = tmp_path / "questions.jsonl"
    source.write_text(json.dumps({"id": "1", "title": "How?", "body": "<p>How is it done?</p>"}) + "\nbroken\n")
    before, files = rows(), sorted(tmp_path.rglob("*"))
    call_command("import_corpus", str(source), "--corpus", "qa", "--dry-run", stdout=StringIO())
    assert rows() == before
    assert sorted(tmp_path.rglob("*")) == files
