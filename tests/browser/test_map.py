"""The map of a corpus, with mouse and keyboard, with and without script."""

import hashlib
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign, User
from sampling.maps import mapfile
from sampling.maps.mapfile import Map
from sampling.models import Assignment, Cluster, ClusterRun, Document
from sampling.queries.runs import map_path
from tests.browser.steps import tab_to
from tests.factories import NOW, category, make_campaign, make_corpus, make_document, make_lead

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignedIn = Callable[..., Page]

HOSTILE = "<img src=x onerror=window.hacked=1>"
# Three clusters far from each other: name, category, language, where it lies, documents.
GROUPS = [
    ("lists sorting", "data-structures", "en", (0.2, 0.2), 12),
    ("joins index", "database-management", "en", (0.8, 0.2), 9),
    ("css grid", "frontend-technologies", "zh", (0.5, 0.8), 7),
]


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def lead(campaign: Campaign) -> User:
    return make_lead(campaign)


@pytest.fixture
def run(campaign: Campaign) -> ClusterRun:
    """Clusters whose documents lie at known places: the first of each exactly at its middle, the others around it."""
    corpus = make_corpus("mapped")
    run = ClusterRun.objects.create(
        corpus=corpus, model="none", corpus_digest="0" * 64, method="none", k=3, asked_k=3, seed=0, digest="d" * 64,
        created_at=NOW,
    )  # fmt: skip
    places: dict[str, tuple[float, float]] = {}
    for number, (words, slug, language, (x, y), size) in enumerate(GROUPS, start=1):
        cluster = Cluster.objects.create(
            run=run, number=number, size=size, keywords=words.split(), proposed=category(campaign, slug), score=0.9
        )
        for at in range(size):
            title = f"{words} {at}" if at else f"{words} {HOSTILE}"
            document = make_document(corpus, title=title, natural_language=language, text=f"Body of {title}")
            Assignment.objects.create(
                run=run, cluster=cluster, document=document, distance=at / 100, category=cluster.proposed, score=0.9
            )
            turn = 2 * np.pi * at / size
            aside = 0.06 if at else 0
            places[document.text_digest] = (x + aside * float(np.cos(turn)), y + aside * float(np.sin(turn)))
    digests = mapfile.chosen(places)
    numbers = mapfile.numbers(np.array([places[digest] for digest in digests], dtype=np.float32))
    mapfile.write(map_path(run), Map("by hand", "none", 0, digests, numbers, 0))
    return run


def opened(signed_in: SignedIn, lead: User, campaign: Campaign, query: str = "", **options: object) -> Page:
    page = signed_in(lead, f"/c/{campaign.slug}/map/{query}", **{"viewport": {"width": 1280, "height": 900}, **options})
    page.wait_for_selector("[data-ready='28']")
    return page


def spot(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    """Where a place of the map is on the page: the map's own arithmetic, from the places above."""
    box = page.locator(".map-over").bounding_box()
    assert box
    xs, ys = [], []
    for _words, _slug, _language, (x, y), size in GROUPS:
        turns = [2 * np.pi * at / size for at in range(1, size)]
        xs += [x, *(x + 0.06 * np.cos(turn) for turn in turns)]
        ys += [y, *(y + 0.06 * np.sin(turn) for turn in turns)]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    scale = min(box["width"] / wide, box["height"] / high) * 0.92
    middle = (min(xs) + wide / 2, min(ys) + high / 2)
    return (
        float(box["x"] + box["width"] / 2 + (place[0] - middle[0]) * scale),
        float(box["y"] + box["height"] / 2 + (place[1] - middle[1]) * scale),
    )


DRAWN = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
    done(document.querySelector('.map-points').toDataURL()))))"""


def picture(page: Page) -> str:
    """Of the points alone, once what was asked for is drawn."""
    return hashlib.sha256(page.evaluate(DRAWN).encode()).hexdigest()


def changed(page: Page, before: str) -> str:
    """The next picture that is another one."""
    return _awaited(page, lambda now: now != before)


def restored(page: Page, before: str) -> None:
    _awaited(page, lambda now: now == before)


def _awaited(page: Page, is_it: Callable[[str], bool]) -> str:
    for _ in range(200):
        if is_it(now := picture(page)):
            return now
        page.wait_for_timeout(100)
    raise AssertionError("the map is not drawn as expected")


def ring_of(place: tuple[float, float], size: int, at: int) -> tuple[float, float]:
    turn = 2 * np.pi * at / size
    return place[0] + 0.06 * float(np.cos(turn)), place[1] + 0.06 * float(np.sin(turn))


def test_the_pointer_shows_a_title_and_a_click_the_documents(
    signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun
) -> None:
    page = opened(signed_in, lead, campaign)
    expect(page.locator("#beside caption")).to_contain_text("3 clusters with 28 documents")
    page.mouse.move(*spot(page, ring_of((0.2, 0.2), 12, 3)))
    tip = page.locator(".map-tip")
    expect(tip).to_contain_text("lists sorting 3", timeout=20_000)
    expect(tip).to_contain_text("Data Structures · 1: lists · sorting")
    page.mouse.move(*spot(page, (0.5, 0.45)))
    expect(tip).to_be_hidden()

    page.mouse.click(*spot(page, ring_of((0.2, 0.2), 12, 3)))
    title = page.locator("#beside-title")
    expect(title).to_contain_text(re.compile(r"^\s*\d+ documents?\s*$"))
    expect(page.locator(".map-documents summary").first).to_have_text("lists sorting 3")
    expect(page.locator("#map-status")).to_contain_text("document")
    query = parse_qs(urlsplit(page.url).query)
    assert abs(float(query["x"][0]) - ring_of((0.2, 0.2), 12, 3)[0]) < 0.001
    page.locator(".map-documents summary").first.click()
    expect(page.locator(".map-documents .prose").first).to_contain_text("Body of lists sorting 3")

    page.locator("#beside .badge").first.click()
    expect(title).to_contain_text("Cluster 1: lists · sorting · 12 documents")
    assert parse_qs(urlsplit(page.url).query)["cluster"] == ["1"]
    assert page.evaluate("window.hacked") is None
    expect(page.locator(".map-documents summary").first).to_contain_text(HOSTILE)
    page.go_back()
    expect(title).to_contain_text(re.compile(r"^\s*\d+ documents?\s*$"))
    page.go_back()
    expect(title).to_have_text("Clusters")
    page.go_forward()
    expect(page.locator(".map-documents summary").first).to_have_text("lists sorting 3")
    page.reload()
    page.wait_for_selector("[data-ready='28']")
    expect(page.locator(".map-documents summary").first).to_have_text("lists sorting 3")
    page.get_by_role("link", name="← All clusters").click()
    expect(title).to_have_text("Clusters")


def test_a_title_that_looks_like_markup_is_shown_as_text(
    signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun
) -> None:
    Document.objects.filter(title="joins index 4").update(title=HOSTILE)
    page = opened(signed_in, lead, campaign)
    page.mouse.move(*spot(page, ring_of((0.8, 0.2), 9, 4)))
    expect(page.locator(".map-tip strong")).to_have_text(HOSTILE, timeout=20_000)
    assert page.locator(".map-tip img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_legend_colours_and_filters(signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun) -> None:
    page = opened(signed_in, lead, campaign)
    whole = picture(page)
    page.get_by_label("Databases and Data Handling").uncheck()
    expect(page.locator("#beside caption")).to_contain_text("2 clusters with 19 documents")
    narrowed = changed(page, whole)
    page.get_by_label("Natural language", exact=True).check()
    expect(page.locator("[data-facet=natural]")).to_have_attribute("open", "")
    changed(page, narrowed)
    page.get_by_label("zh", exact=False).uncheck()
    expect(page.locator("#beside caption")).to_contain_text("1 cluster with 12 documents")
    query = parse_qs(urlsplit(page.url).query)
    assert query["colour"] == ["natural"]
    assert query["natural"] == ["en"]
    assert "6" not in query["major"]

    # What is filtered away is neither found by the pointer nor read.
    page.mouse.move(*spot(page, ring_of((0.8, 0.2), 9, 4)))
    page.wait_for_timeout(400)
    expect(page.locator(".map-tip")).to_be_hidden()
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("[data-ready='28']")
    expect(page.get_by_label("zh", exact=False)).not_to_be_checked()
    expect(page.locator("#beside caption")).to_contain_text("1 cluster with 12 documents")
    page.locator("[data-facet=natural] [data-map=all]").click()
    expect(page.locator("#beside caption")).to_contain_text("2 clusters with 19 documents")
    page.locator("[data-facet=natural] [data-map=none]").click()
    expect(page.locator("#beside")).to_contain_text("Nothing is left by the filter.")


def test_zoom_and_pan_move_the_points_and_buttons_bring_them_back(
    signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun
) -> None:
    page = opened(signed_in, lead, campaign)
    whole = picture(page)
    page.get_by_role("button", name="Zoom in").click()
    near = changed(page, whole)
    x, y = spot(page, (0.5, 0.45))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=4)
    page.mouse.up()
    changed(page, near)
    expect(page.locator("#beside-title")).to_have_text("Clusters")  # a drag picks nothing
    page.get_by_role("button", name="Show the whole map").click()
    restored(page, whole)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    changed(page, whole)
    page.get_by_role("button", name="Show the whole map").click()
    restored(page, whole)


def test_a_name_on_the_map_picks_its_cluster(
    signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun
) -> None:
    page = opened(signed_in, lead, campaign)
    whole = picture(page)
    page.mouse.click(*spot(page, (0.8, 0.2)))
    expect(page.locator("#beside-title")).to_contain_text("Cluster 2: joins · index · 9 documents")
    changed(page, whole)  # the others are faint


def test_the_map_by_keyboard(signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun) -> None:
    page = opened(signed_in, lead, campaign)
    tab_to(page, "input[name=colour]")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("colour=natural"))
    tab_to(page, ".map-over")
    whole = picture(page)
    for key in ("+", "ArrowLeft", "ArrowUp"):
        before = picture(page)
        page.keyboard.press(key)
        changed(page, before)
    page.keyboard.press("0")
    restored(page, whole)
    page.keyboard.press("Enter")
    expect(page.locator("#beside-title")).to_contain_text("0 documents")
    page.keyboard.press("Escape")
    expect(page.locator("#beside-title")).to_have_text("Clusters")
    for stop in ("[data-map=in]", "[data-map=out]", "[data-map=reset]", "[data-facet=natural] input", "#beside th a"):
        tab_to(page, stop)
    page.locator("#beside tbody a", has_text="css").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#beside-title")).to_contain_text("Cluster 3: css · grid · 7 documents")


def test_two_fingers_and_a_tap(signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun) -> None:
    page = opened(signed_in, lead, campaign, viewport={"width": 390, "height": 844}, has_touch=True)
    page.locator(".map-over").scroll_into_view_if_needed()
    page.touchscreen.tap(*spot(page, ring_of((0.5, 0.8), 7, 2)))
    expect(page.locator(".map-documents summary").first).to_contain_text("css grid")
    whole = picture(page)
    x, y = spot(page, (0.5, 0.5))
    wire = page.context.new_cdp_session(page)

    def fingers(kind: str, *apart: int) -> None:
        points = [{"x": x + at, "y": y, "id": number} for number, at in enumerate(apart)]
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", -20, 20)
    fingers("touchMove", -60, 60)
    fingers("touchEnd")
    changed(page, whole)


def test_the_map_without_javascript(signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun) -> None:
    page = signed_in(lead, f"/c/{campaign.slug}/map/", java_script_enabled=False)
    expect(page.locator(".map-view")).to_be_hidden()
    page.get_by_label("Databases and Data Handling").uncheck()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#beside caption")).to_contain_text("2 clusters with 19 documents")
    expect(page.get_by_label("Databases and Data Handling")).not_to_be_checked()
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#beside th[aria-sort=descending]")).to_contain_text("Documents")
    page.get_by_role("link", name=re.compile("css")).click()
    expect(page.locator("#beside-title")).to_contain_text("Cluster 3: css · grid · 7 documents")
    page.get_by_role("link", name=re.compile("Open the cluster")).click()
    expect(page).to_have_url(re.compile("/clusters/3/"))
    page.get_by_role("link", name=re.compile("On the map")).click()
    expect(page.locator("#beside-title")).to_contain_text("Cluster 3")
    page.goto(f"/c/{campaign.slug}/map/?x=0.5&y=0.8&r=0.1")
    expect(page.locator("#beside-title")).to_contain_text("7 documents")


def test_axe_finds_nothing_on_the_map_and_it_is_no_wider_than_a_phone(
    signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun, violations: Callable[[Page], list[str]]
) -> None:
    found = []
    for query in ("", "?colour=topic&cluster=2", "?x=0.5&y=0.8&r=0.1"):
        for width in (1280, 390):
            page = opened(signed_in, lead, campaign, query, viewport={"width": width, "height": 860})
            page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
            found += [f"{query}, {width}, {line}" for line in violations(page)]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not found, "\n".join(found)


def test_the_map_follows_the_theme(signed_in: SignedIn, lead: User, campaign: Campaign, run: ClusterRun) -> None:
    page = opened(signed_in, lead, campaign)
    light = picture(page)
    page.emulate_media(color_scheme="dark")
    changed(page, light)
    page.emulate_media(color_scheme="light")
    restored(page, light)
