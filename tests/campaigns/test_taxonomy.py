import json
from pathlib import Path

import pytest

from campaigns.actions import BadTaxonomy, load_taxonomy
from campaigns.models import Category

pytestmark = pytest.mark.django_db


def taxonomy_file(folder: Path, *categories: tuple[str, str]) -> Path:
    entries = [{"major": "All", "name": name, "description": told} for name, told in categories]
    path = folder / "taxonomy.json"
    path.write_text(json.dumps({"name": "small", "title": "Small", "categories": entries}), encoding="utf-8")
    return path


def test_loading_again_updates_and_keeps_what_is_gone(tmp_path: Path) -> None:
    first = load_taxonomy(path=taxonomy_file(tmp_path, ("Sorting", "old"), ("Text I/O", "")))
    before = dict(Category.objects.values_list("slug", "pk"))
    assert load_taxonomy(path=taxonomy_file(tmp_path, ("Sorting", "new"))) == first
    assert list(first.categories.order_by("position").values_list("slug", "description")) == [
        ("sorting", "new"),
        ("text-i-o", ""),
    ]
    assert dict(Category.objects.values_list("slug", "pk")) == before


def test_two_categories_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTaxonomy, match="more than one category is called text-io"):
        load_taxonomy(path=taxonomy_file(tmp_path, ("Text/IO", ""), ("Sorting", ""), ("text io", "")))
    assert not Category.objects.exists()


def test_what_is_no_taxonomy_is_refused_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.json"
    for content in ("", "{}", '{"name": "x", "categories": [{}]}'):
        path.write_text(content)
        with pytest.raises(BadTaxonomy, match=r"taxonomy\.json"):
            load_taxonomy(path=path)
