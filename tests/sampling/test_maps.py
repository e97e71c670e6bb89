"""The command that makes the map of a corpus, and the pages that show it."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.models import Campaign, Category, Event, Verb
from sampling import actions
from sampling.actions.summaries import changed
from sampling.maps import mapfile
from sampling.maps.mapfile import Map
from sampling.models import Assignment, Corpus, Document
from sampling.queries.embedding import chosen_model, store_of
from sampling.queries.points import FACETS, Points, points
from sampling.queries.runs import map_path
from tests.factories import NOW, category, make_campaign, make_corpus, make_document, make_lead, make_seeds
from tests.sampling.conftest import TOPICS, fake_vector

pytestmark = pytest.mark.django_db

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def mapped(run: Run, small_corpus: Path, fake_model: list[str]) -> Corpus:
    run("import_corpus", small_corpus, "--corpus", "small")
    run("embed_corpus", "small")
    run("cluster_corpus", "small", "--k", 3)
    assert run("map_corpus", "small")["texts"] == 36
    for topic in TOPICS:
        chosen = Category.objects.get(slug=topic)
        Assignment.objects.filter(document__key__startswith=topic).update(category=chosen)
    return Corpus.objects.get(name="small")


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign("mapped")


@pytest.fixture
def lead(campaign: Campaign, client: Client) -> Client:
    client.force_login(make_lead(campaign))
    return client


def the_map(corpus: Corpus) -> Map:
    found = mapfile.read(map_path(corpus.cluster_runs.get()))
    assert found is not None
    return found


def the_points(campaign: Campaign, corpus: Corpus) -> Points:
    run = corpus.cluster_runs.get()
    found = points(campaign, run, map_path(run))
    assert found is not None
    return found


def place_more(corpus: Corpus, number: int) -> list[Document]:
    """Documents that came after the clusters, embedded and placed into the first of them."""
    cluster = corpus.cluster_runs.get().clusters.get(number=1)
    documents = [make_document(corpus) for _ in range(number)]
    with store_of(chosen_model()).writing({}) as writer:
        vectors = np.stack([fake_vector(document.wording) for document in documents])
        writer.append([document.text_digest for document in documents], vectors)
    for document in documents:
        Assignment.objects.create(run=cluster.run, cluster=cluster, document=document, distance=0.5)
    changed(corpus)
    return documents


def test_a_map_is_made_once_and_the_same_again(run: Run, mapped: Corpus) -> None:
    path, events = map_path(mapped.cluster_runs.get()), Event.objects.count()
    before = path.read_bytes()
    again = run("map_corpus", "small")
    assert (again["changed"], again["kept"]) == (False, 36)
    assert Event.objects.count() == events
    path.unlink()
    assert run("map_corpus", "small")["changed"] is True
    assert path.read_bytes() == before
    assert run("map_corpus", "small", "--seed", 5)["kept"] == 0
    assert path.read_bytes() != before
    event = Event.objects.filter(verb=Verb.CORPUS_MAPPED).order_by("-pk")[0]
    assert (event.data["seed"], event.data["texts"]) == (5, 36)


def test_documents_of_one_topic_lie_together_on_the_map(campaign: Campaign, mapped: Corpus) -> None:
    found = the_points(campaign, mapped)
    places = mapfile.fractions(found.places)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(36) * 9
    assert np.mean(found.clusters[apart.argmin(axis=1)] == found.clusters) > 0.9


def test_what_is_placed_later_is_added_and_nothing_else_moves(run: Run, campaign: Campaign, mapped: Corpus) -> None:
    before = the_map(mapped)
    (new,) = place_more(mapped, 1)
    assert the_points(campaign, mapped).missing == 1
    figures = run("map_corpus", "small")
    assert (figures["texts"], figures["kept"]) == (37, 36)
    after = dict(zip(the_map(mapped).digests, the_map(mapped).places.tolist(), strict=True))
    assert {digest: after[digest] for digest in before.digests} == dict(
        zip(before.digests, before.places.tolist(), strict=True)
    )
    assert the_points(campaign, mapped).missing == 0
    assert new.pk in the_points(campaign, mapped).documents
    Document.objects.filter(pk=new.pk).update(text_digest="ab" * 32)
    assert the_points(campaign, mapped).documents.tolist().count(new.pk) == 1  # nobody recorded that it changed
    Assignment.objects.filter(document=new).delete()
    assert run("map_corpus", "small")["texts"] == 36


def test_a_map_that_is_mostly_new_is_laid_out_anew(run: Run, mapped: Corpus) -> None:
    place_more(mapped, 40)
    assert (figures := run("map_corpus", "small"))["kept"] == 0
    assert figures["texts"] == 76


def test_a_map_has_room_for_so_many_and_says_so(
    run: Run, lead: Client, campaign: Campaign, mapped: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapfile, "LARGEST", 20)
    figures = run("map_corpus", "small")
    assert (figures["texts"], figures["kept"], figures["left_out"]) == (20, 20, 16)
    found = the_points(campaign, mapped)
    assert (len(found), found.missing, found.left_out) == (20, 0, 16)
    assert "no room for 16 more documents" in lead.get("/c/mapped/map/").content.decode()
    before = the_map(mapped)
    place_more(mapped, 5)
    run("map_corpus", "small")
    after = the_map(mapped)
    assert (len(after.digests), after.left_out) == (20, 21)
    assert len(the_points(campaign, mapped)) == 20
    kept = dict(zip(after.digests, after.places.tolist(), strict=True))
    assert all(
        kept.get(digest, place) == place for digest, place in zip(before.digests, before.places.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nowhere", "no such corpus"), ("bare", "run cluster_corpus first"), ("lacking", "run embed_corpus first")],
)
def test_without_what_it_needs_there_is_no_map(
    run: Run, small_corpus: Path, fake_model: list[str], name: str, reason: str
) -> None:
    for corpus in ("bare", "lacking"):
        run("import_corpus", small_corpus, "--corpus", corpus)
    run("embed_corpus", "lacking")
    run("cluster_corpus", "lacking", "--k", 3)
    Document.objects.filter(corpus__name="lacking", key="machine-learning-00").update(text_digest="ab" * 32)
    with pytest.raises(CommandError, match=reason) as caught:
        call_command("map_corpus", name)
    assert caught.value.returncode == 2
    assert not (settings.DATA_DIR / "maps").exists()


def test_where_the_file_cannot_be_written_nothing_is_recorded(run: Run, mapped: Corpus) -> None:
    folder = map_path(mapped.cluster_runs.get()).parent
    for entry in folder.iterdir():
        entry.unlink()
    folder.rmdir()
    folder.write_text("no folder")
    events = Event.objects.count()
    with pytest.raises(CommandError, match="maps") as caught:
        call_command("map_corpus", "small")
    assert caught.value.returncode == 2
    assert Event.objects.count() == events


def test_the_page_says_what_makes_a_map(run: Run, lead: Client, mapped: Corpus) -> None:
    path = map_path(mapped.cluster_runs.get())
    assert "36 documents of small" in (page := lead.get("/c/mapped/map/").content.decode())
    assert "manage.py map_corpus" not in page
    place_more(mapped, 2)
    page = lead.get("/c/mapped/map/").content.decode()
    assert "2 documents were added or changed" in page
    assert "manage.py map_corpus small" in page
    path.write_bytes(path.read_bytes()[:200])
    page = lead.get("/c/mapped/map/").content.decode()
    assert "not a map" in page
    assert "manage.py map_corpus small" in page
    assert lead.get(f"/c/mapped/map/{mapped.cluster_runs.get().pk}/points/").status_code == 404
    assert run("map_corpus", "small")["changed"] is True
    path.unlink()
    page = lead.get("/c/mapped/map/").content.decode()
    assert "There is no map of these clusters yet" in page
    assert "manage.py map_corpus small" in page
    assert "3 clusters with 36 documents" in page
    assert "<canvas" not in page
    assert lead.get(f"/c/mapped/map/{mapped.cluster_runs.get().pk}/points/").status_code == 404
    make_corpus("empty")
    assert "There are no clusters yet" in lead.get("/c/mapped/map/", {"corpus": "empty"}).content.decode()


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, list[int]]]:
    size = int.from_bytes(content[:4], "little")
    head, at = json.loads(content[4 : 4 + size]), 4 + size
    columns = {}
    kinds = [("document", "<u4"), ("cluster", "<u4"), ("x", "<u2"), ("y", "<u2"), ("category", "u1")]
    for name, kind in [*kinds, *((facet, "u1") for facet in FACETS)]:
        column = np.frombuffer(content, dtype=kind, count=head["count"], offset=at)
        columns[name], at = column.tolist(), at + column.nbytes
    assert at == len(content)
    return head, columns


def test_the_browser_gets_every_point_and_asks_again_only_for_what_changed(
    lead: Client, campaign: Campaign, mapped: Corpus
) -> None:
    run = mapped.cluster_runs.get()
    address = f"/c/mapped/map/{run.pk}/points/"
    answer = lead.get(address)
    head, columns = unpacked(answer.content)
    names = list(campaign.taxonomy.categories.order_by("position").values_list("name", flat=True))
    assert head["categories"] == names
    rows = Assignment.objects.filter(run=run).values_list("document_id", "cluster__number", "category__name")
    assert sorted(zip(columns["document"], columns["cluster"], columns["category"], strict=True)) == sorted(
        (pk, number, names.index(name)) for pk, number, name in rows
    )
    assert [head["facets"]["natural"][at] for at in columns["natural"]] == ["en"] * 36
    assert [head["facets"]["programming"][at] for at in columns["programming"]] == ["Python"] * 36
    assert "no-store" not in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    assert lead.get(address, headers={"if-none-match": answer["ETag"]}).status_code == 304

    cluster = run.clusters.get(number=1)
    actions.overrule(
        cluster=cluster, category=category(campaign, "cryptography"), campaign=campaign,
        by=campaign.memberships.get().user, now=NOW,
    )  # fmt: skip
    changed = lead.get(address, headers={"if-none-match": answer["ETag"]})
    assert changed.status_code == 200
    _head, columns = unpacked(changed.content)
    of_first = [at for number, at in zip(columns["cluster"], columns["category"], strict=True) if number == 1]
    assert of_first == [names.index("Cryptography")] * 12
    other = make_campaign()
    assert "Cryptography" not in {names[at] for at in the_points(other, mapped).categories}


def test_a_place_is_read_from_its_middle_outwards(lead: Client, campaign: Campaign, mapped: Corpus) -> None:
    found = the_points(campaign, mapped)
    x, y = mapfile.fractions(found.places)[7].tolist()
    apart = np.hypot(*(mapfile.fractions(found.places) - (x, y)).T)
    near = int((apart <= 0.2).sum())
    assert 1 < near < 36
    page = lead.get("/c/mapped/map/", {"x": x, "y": y, "r": "0.2"}, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in page
    assert f"{near} document" in page
    titles = dict(Document.objects.values_list("pk", "title"))
    nearest = [titles[pk] for pk in found.documents[np.argsort(apart, kind="stable")][:near].tolist()]
    places = [page.index(f"<summary>{title}</summary>") for title in nearest[:20]]
    assert places == sorted(places)


def test_a_cluster_is_read_and_the_legend_narrows_it(lead: Client, mapped: Corpus) -> None:
    run = mapped.cluster_runs.get()
    page = lead.get("/c/mapped/map/", {"cluster": 1}).content.decode()
    assert "12 documents" in page
    assert "<html" in page
    members = run.assignments.filter(cluster__number=1).values_list("document__title", flat=True)
    assert all(f"<summary>{title}</summary>" in page for title in members)
    assert f"/c/mapped/clusters/1/?run={run.pk}" in page
    assert "0 documents" in lead.get("/c/mapped/map/?cluster=1&natural=zh").content.decode()
    assert "12 documents" in lead.get("/c/mapped/map/?cluster=1&natural=en&natural=zh").content.decode()
    assert "0 documents" in lead.get("/c/mapped/map/?cluster=1&topic=2").content.decode()
    assert "0 documents" in lead.get("/c/mapped/map/", {"cluster": 99}).content.decode()


def test_the_table_counts_what_the_legend_leaves(lead: Client, campaign: Campaign, mapped: Corpus) -> None:
    assert "3 clusters with 36 documents" in lead.get("/c/mapped/map/").content.decode()
    majors = {row.name: row.major for row in campaign.taxonomy.categories.all()}
    order = list(dict.fromkeys(campaign.taxonomy.categories.order_by("position").values_list("major", flat=True)))
    counts = Counter(majors[name] for name in Assignment.objects.values_list("category__name", flat=True))
    for at, major in enumerate(order):
        page = lead.get("/c/mapped/map/", {"major": at}).content.decode()
        assert f"with {counts[major]} documents" in page
    assert "Nothing is left by the filter" in lead.get("/c/mapped/map/", {"major": ""}).content.decode()
    assert 'value="0" checked' not in lead.get("/c/mapped/map/", {"major": ""}).content.decode()
    assert 'aria-sort="descending"' in lead.get("/c/mapped/map/", {"sort": "-shown"}).content.decode()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"x": "nan", "y": "inf", "r": "-1"}, {"x": "0.5"}, {"cluster": "-3"}, {"cluster": "x" * 99}, {"sort": "no"},
        {"colour": "<b>"}, {"page": "none"}, {"corpus": "none"}, {"major": "<script>"}, {"cluster": "99999999999999"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_ignored(lead: Client, mapped: Corpus, nonsense: dict[str, str]) -> None:
    answer = lead.get("/c/mapped/map/", nonsense)
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_scraped_text_stays_text(lead: Client, mapped: Corpus) -> None:
    row = Assignment.objects.filter(run__corpus=mapped, cluster__number=1).order_by("pk")[0]
    hostile = "<img src=x onerror=alert(1)>"
    Document.objects.filter(pk=row.document_id).update(title=hostile, text=f"<script>alert(1)</script> {hostile}")
    page = lead.get("/c/mapped/map/", {"cluster": 1}).content.decode()
    assert "<img" not in page.split("<main")[1]
    assert "<script>alert" not in page
    answer = lead.get(f"/c/mapped/map/documents/{row.document_id}/")
    assert answer.json() == {"title": hostile}
    assert answer["Content-Type"] == "application/json"
    assert lead.get("/c/mapped/map/documents/0/").status_code == 404


def test_many_documents_need_as_many_queries_as_few(
    lead: Client, mapped: Corpus, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    place_more(mapped, 60)
    run("map_corpus", "small")
    for query in ({}, {"cluster": "1"}, {"x": "0.5", "y": "0.5", "r": "0.4"}):
        with django_assert_max_num_queries(22):
            lead.get("/c/mapped/map/", query)


def test_a_run_of_another_corpus_is_not_mixed_up(lead: Client, campaign: Campaign, mapped: Corpus) -> None:
    seeds = make_seeds(campaign, 2)
    page = lead.get("/c/mapped/map/", {"corpus": seeds[0].document.corpus.name}).content.decode()
    assert "There is no map of these clusters yet" in page
    page = lead.get("/c/mapped/map/", {"run": mapped.cluster_runs.get().pk}).content.decode()
    assert "36 documents of small" in page
