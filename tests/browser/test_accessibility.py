"""Every main page, for everybody: axe finds nothing, nothing is wider than a phone, and Tab shows where it is."""

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from benchmark import actions as benchmark
from campaigns import actions as campaigns
from campaigns.models import Campaign, Role, User
from config import demo
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from docs.pictures import PAGES, go
from review import actions as review
from sampling.models import Assignment, Draw, DrawExclusion, Seed
from tests.browser.steps import cast, hand_in
from tests.factories import NOW, PASSWORD, make_campaign, make_document, make_seeds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignedIn = Callable[..., Page]
Pages = dict[str, tuple[str, str]]  # name: who looks, and where

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
STOPS = 15
UNBROKEN = "x" * 130
LONG = f"""\
A `deque` with **maxlen** was [proposed](https://example.org/deque), see the table.

```python
window = collections.deque(maxlen=100)  # a line of code that is longer than a phone is wide, in any orientation
```

| structure | cost | remembers | forgets | needs |
|---|---|---|---|---|
| collections.deque | O(1) | the last hundred | the first one | a maximum length |

> https://example.org/{UNBROKEN}
"""
PUBLISHED = f"Write a function that counts the vowels of every word in a list of words, {UNBROKEN}, without a loop."


@pytest.fixture
def pages(transactional_db: None) -> Pages:
    """The pages that are pictured and some more, of a campaign that has something to show on each."""
    campaign = make_campaign("demo", is_demo=True)
    demo.people(campaign=campaign, password=PASSWORD, now=NOW)
    lead, author = (User.objects.get(username=name) for name in ("demo-lead", "demo-annotator-1"))
    reviewers = demo.members(campaign, Role.REVIEWER)

    queries = [f"How would you build number {number} of these?\n\n{LONG}" for number in range(5)]
    queries[1] += PUBLISHED
    accepted, leaking, rejected, returned, waiting = (hand_in(campaign, author, query=query) for query in queries)
    for item in (accepted, leaking):
        cast(item, *((reviewer, True) for reviewer in reviewers))
    cast(rejected, *((reviewer, place > 2) for place, reviewer in enumerate(reviewers)))
    cast(returned, (reviewers[0], False))
    cast(waiting, (reviewers[0], True))
    review.send_back(item=returned, note="Say how long a line is.", by=lead, now=timezone.now())
    prompts = [Prompt("puzzles", "1", PUBLISHED)]
    load_reference(name="puzzles", prompts=prompts, source="test", by=None, now=timezone.now())
    benchmark.freeze(campaign=campaign, by=lead, now=timezone.now())
    cluster_seeds(campaign)
    campaigns.invite(campaign=campaign, roles=["annotator"], by=lead, now=timezone.now(), note="Grace")
    _, secret = campaigns.invite(campaign=campaign, roles=["reviewer"], by=lead, now=timezone.now())
    return PAGES | {
        "decided item": ("annotator-1", f"/c/demo/annotate/items/{rejected.pk}/"),
        "own vote": ("reviewer-1", f"/c/demo/review/{accepted.revision_id}/"),
        "skipped": ("lead", "/c/demo/annotate/skipped/"),
        "freeze": ("lead", "/c/demo/releases/freeze/"),
        "invitation": ("", f"/join/{secret}/"),
        "refused invitation": ("", "/join/none/"),
        "not found": ("lead", "/c/demo/nothing/"),
        "no entry": ("reviewer-1", "/c/demo/setup/"),
    }


def cluster_seeds(campaign: Campaign) -> None:
    """Seeds, and the cluster that they come from, with its documents, as after a draw from a real corpus."""
    seeds = make_seeds(campaign, 8, title="Which structure forgets its oldest entry?", text=LONG)
    for place, seed in enumerate(seeds):
        Assignment.objects.create(
            cluster=seed.cluster, run=seed.cluster.run, document=seed.document, text_digest=seed.document.text_digest,
            distance=place / 10, category=seed.category, score=0.5,
        )  # fmt: skip
    row = {"quota": 9, "before": 0, "available": 8, "filled": 8, "shortfall": 1, "clusters": 1, "clusters_covered": 1}
    spread = {"drawn": 1.0, "random": 1.0, "deviation": 0.0, "samples": 20}
    Draw.objects.filter(pk=seeds[0].draw_id).update(
        report={seeds[0].category.slug: row}, spread={"clusters": spread, "categories": spread, "by_category": {}}
    )
    evidence = {"of": UNBROKEN, "similarity": 1.0}
    left_out = make_document(seeds[0].document.corpus, title=UNBROKEN)
    DrawExclusion.objects.create(draw=seeds[0].draw, document=left_out, reason="duplicate", evidence=evidence)
    Seed.objects.filter(pk=seeds[-1].pk).update(status=Seed.Status.SKIPPED, skip_reason="not about code")


def visited(signed_in: SignedIn, pages: Pages) -> Iterator[tuple[str, Page]]:
    windows: dict[str, Page] = {}
    for name, (who, where) in pages.items():
        if who not in windows:
            user = User.objects.get(username=f"demo-{who}") if who else None
            windows[who] = signed_in(user, "/login/", viewport=WIDE)
        go(windows[who], where)
        yield name, windows[who]


def test_axe_finds_nothing_on_any_page(
    signed_in: SignedIn, pages: Pages, violations: Callable[[Page], list[str]]
) -> None:
    found = []
    for name, page in visited(signed_in, pages):
        for width in (WIDE, NARROW):
            page.set_viewport_size(width)  # type: ignore[arg-type]
            found += [f"{name}, {width['width']}, {line}" for line in violations(page)]
    assert not found, "\n".join(found)


def test_nothing_is_wider_than_a_phone(signed_in: SignedIn, pages: Pages) -> None:
    wider = {}
    for name, page in visited(signed_in, pages):
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wider[name] = width
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    assert wider == {}


# What has the focus: null outside of the page, else how it is called and whether one sees that it has the focus.
FOCUS = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    return {
        name: element.outerHTML.slice(0, 120),
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
        onScreen: box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0 && box.left < innerWidth
            && box.top < innerHeight,
    };
}"""


def test_tab_goes_through_every_page_and_shows_where_it_is(signed_in: SignedIn, pages: Pages) -> None:
    problems = []
    for name, page in visited(signed_in, pages):
        stops = []
        for _ in range(STOPS):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUS)
            if stop is None:
                break
            stops.append(stop)
        problems += [f"{name}: {stop['name']}" for stop in stops if not (stop["outlined"] and stop["onScreen"])]
        if len({stop["name"] for stop in stops}) < 2:  # some pages have a single form or link
            problems.append(f"{name}: Tab goes nowhere")
    assert not problems, "\n".join(problems)
