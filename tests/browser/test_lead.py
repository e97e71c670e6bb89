"""A lead at work: invite people, write the guideline, mend a category, draw, send an item back, freeze a release."""

import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from annotation.models import Item
from benchmark.models import Release
from campaigns.models import Campaign, User
from config import demo
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling.models import Cluster, Corpus, Seed
from tests.browser.steps import WORDING, cast, expect_message, hand_in, write
from tests.factories import NOW, make_annotator, make_campaign, make_lead, make_reviewer, make_seeds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignedIn = Callable[..., Page]


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def lead(campaign: Campaign) -> User:
    return make_lead(campaign, first_name="Lena", last_name="Lead")


@pytest.fixture
def reviewers(campaign: Campaign) -> list[User]:
    return [make_reviewer(campaign, first_name=f"Judge-{number}") for number in range(1, 5)]


def test_a_guest_follows_an_invitation_and_makes_an_account(
    signed_in: SignedIn, campaign: Campaign, lead: User
) -> None:
    page = signed_in(lead, f"/c/{campaign.slug}/members/", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Make an invitation link").click()
    expect(page.locator(".errorlist, .errors").first).to_contain_text("This field is required.")
    page.get_by_label("Annotator").check()
    page.get_by_label("For whom").fill("Grace from the compiler group")
    page.get_by_role("button", name="Make an invitation link").click()
    link = page.locator("#invitation-link").inner_text().strip()
    page.get_by_role("button", name="Copy the link").click()
    assert page.evaluate("navigator.clipboard.readText()") == link
    expect(page.get_by_text("Grace from the compiler group")).to_be_visible()

    guest = signed_in(None, link)
    expect(guest.locator("main")).to_contain_text(campaign.name)
    expect(guest.locator("main")).to_contain_text("Annotator")
    guest.get_by_label("Username").fill("grace")
    guest.get_by_label("First name").fill("Grace")
    guest.get_by_label("Last name").fill("Guest")
    guest.locator("#id_password1").fill("1234")
    guest.locator("#id_password2").fill("1234")
    guest.get_by_role("button", name="Make the account and join").click()
    expect(guest.locator("main")).to_contain_text("too short")
    expect(guest.get_by_label("Username")).to_have_value("grace")
    guest.locator("#id_password1").fill("a-quiet-compiler-7")
    guest.locator("#id_password2").fill("a-quiet-compiler-7")
    guest.get_by_role("button", name="Make the account and join").click()
    expect(guest).to_have_url(re.compile(rf"/c/{campaign.slug}/annotate/$"))
    expect_message(guest, f"Welcome to {campaign.name}.")
    assert campaign.roles(User.objects.get(username="grace")) == {"annotator"}

    page.goto(f"/c/{campaign.slug}/members/")
    expect(page.locator("main table")).to_contain_text("Grace Guest")
    expect(page.get_by_text("Grace from the compiler group")).to_have_count(0)
    expect(page.locator("#invitation-link")).to_have_count(0)

    # The link works once; the account works again.
    second = signed_in(None, link)
    expect(second.locator("main")).to_contain_text("This invitation is unknown, used, withdrawn or expired.")
    guest.get_by_role("button", name="Sign out").click()
    guest.get_by_label("Username").fill("grace")
    guest.get_by_label("Password").fill("a-quiet-compiler-7")
    guest.locator("main button").click()
    expect(guest.get_by_role("link", name=campaign.name)).to_be_visible()


def test_the_guideline_is_previewed_while_it_is_written_and_stands_below_the_work(
    signed_in: SignedIn, campaign: Campaign, lead: User
) -> None:
    page = signed_in(lead, f"/c/{campaign.slug}/guideline/")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Guideline").fill("# House rules\n\nNever *copy* the seed.\n\n<script>window.hacked = 1</script>")
    expect(page.locator("#preview").get_by_role("heading", name="House rules")).to_be_visible()
    expect(page.locator("#preview em")).to_have_text("copy")
    campaign.refresh_from_db()
    assert "House rules" not in campaign.guideline
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile("/guideline/$"))
    expect_message(page, "The guideline is saved.")
    expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    assert page.evaluate("window.hacked") is None

    make_seeds(campaign)
    work = signed_in(make_annotator(campaign), f"/c/{campaign.slug}/annotate/")
    work.keyboard.press("c")
    work.locator("details", has_text="House rules").locator("summary").click()
    expect(work.get_by_role("heading", name="House rules")).to_be_visible()


def test_the_guideline_without_javascript(signed_in: SignedIn, campaign: Campaign, lead: User) -> None:
    page = signed_in(lead, f"/c/{campaign.slug}/guideline/edit/", java_script_enabled=False)
    page.get_by_label("Guideline").fill("Never *copy* the seed.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview em")).to_have_text("copy")
    expect(page.get_by_label("Guideline")).to_have_value("Never *copy* the seed.")
    campaign.refresh_from_db()
    assert "copy* the seed" not in campaign.guideline
    page.get_by_role("button", name="Save").click()
    campaign.refresh_from_db()
    assert campaign.guideline == "Never *copy* the seed."


@pytest.fixture
def corpus(transactional_db: None, campaign: Campaign, tmp_path: Path) -> Corpus:
    """Sixty documents, embedded with the real model, clustered and classified by the commands."""
    file = tmp_path / "scraped.jsonl"
    with (demo.FOLDER / "corpus.jsonl").open(encoding="utf-8") as source:
        file.write_text("".join(line for line, _ in zip(source, range(60), strict=False)), encoding="utf-8")
    call_command("import_corpus", str(file), "--corpus", "sixty")
    call_command("embed_corpus", "sixty")
    call_command("cluster_corpus", "sixty", "--k", "6")
    call_command("classify_clusters", "sixty")
    return Corpus.objects.get(name="sixty")


def test_a_lead_mends_a_category_and_draws(signed_in: SignedIn, campaign: Campaign, lead: User, corpus: Corpus) -> None:
    cluster = Cluster.objects.select_related("proposed").order_by("-size", "number").first()
    assert cluster is not None
    page = signed_in(lead, f"/c/{campaign.slug}/setup/")
    expect(page.locator("#classify")).to_contain_text("done")
    expect(page.locator("#draw")).to_contain_text("0 seeds")
    page.get_by_role("link", name="Look at the clusters").click()
    expect(page.locator("main table tbody tr")).to_have_count(6)
    page.get_by_label("Sort by").select_option("-size")
    page.get_by_role("button", name="Show").click()
    page.locator("main table tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Cluster {cluster.number}")
    expect(page.locator("main")).to_contain_text(cluster.keywords[0])
    page.get_by_label("Category of all its documents").select_option(label="Cryptography")
    page.get_by_role("button", name="Set the category").click()
    expect_message(page, "The category is now Cryptography.")
    expect(page.locator("main")).to_contain_text("last decided by Lena Lead")

    page.get_by_role("link", name="Set-up").click()
    stage = page.locator("#draw")
    stage.get_by_label("Draw", exact=True).fill("2")
    stage.get_by_role("button", name="Draw seeds").click()
    drawn = Seed.objects.filter(campaign=campaign)
    expect_message(page, f"{drawn.count()} seeds drawn.")
    assert drawn.count() > 2
    expect(page.get_by_role("heading", level=1)).to_contain_text("Draw")
    expect(page.locator("main")).to_contain_text(f"{drawn.count()} seeds from sixty")
    page.get_by_role("link", name="Set-up").click()
    expect(stage).to_contain_text(f"{drawn.count()} seeds")
    mended = drawn.filter(cluster=cluster)
    assert {seed.category.name for seed in mended.select_related("category")} == {"Cryptography"}
    assert mended.count() >= 1
    assert max(Counter(drawn.values_list("category__name", flat=True)).values()) == 2

    # The seed's own page says why it is here.
    page.goto(f"/c/{campaign.slug}/seeds/{mended.order_by('rank')[0].pk}/")
    expect(page.locator("main")).to_contain_text("Cryptography")
    expect(page.locator("main")).to_contain_text("sixty")

    # The same draw again adds nothing.
    before = drawn.count()
    page.goto(f"/c/{campaign.slug}/setup/")
    stage.get_by_label("Draw", exact=True).fill("2")
    stage.get_by_role("button", name="Draw seeds").click()
    expect_message(page, "0 seeds drawn.")
    assert drawn.count() == before


def test_rules_are_changed_on_the_set_up_page(signed_in: SignedIn, campaign: Campaign, lead: User) -> None:
    page = signed_in(lead, f"/c/{campaign.slug}/setup/")
    page.get_by_label("quorum").fill("5")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.locator("#messages .error")).to_be_visible()
    campaign.refresh_from_db()
    assert campaign.quorum == 3
    page.get_by_label("quorum").fill("4")
    page.get_by_role("button", name="Save the rules").click()
    expect_message(page, "The rules are saved.")
    expect(page.get_by_label("quorum")).to_have_value("4")
    campaign.refresh_from_db()
    assert (campaign.reviewers, campaign.quorum) == (4, 4)


def test_an_item_goes_back_with_a_note_and_comes_again(
    signed_in: SignedIn, campaign: Campaign, lead: User, reviewers: list[User]
) -> None:
    author = make_annotator(campaign, first_name="Anna")
    hand_in(campaign, author, query="How do I rotate a matrix in place in C?", programming_languages=["C"])
    item = hand_in(campaign, author)
    cast(item, *zip(reviewers, (True, False, True, False), strict=True))
    assert item.status == Item.Status.REJECTED

    page = signed_in(lead, f"/c/{campaign.slug}/items/")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    page.get_by_label("Search in the queries").press_sequentially("log viewer")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("search=log"))
    page.locator("#results tbody a").click()
    expect(page.locator("main .votes li")).to_have_count(4)
    expect(page.locator("main")).to_contain_text("Judge-2")
    page.get_by_role("button", name="Send back").click()
    expect(page.locator("#note-error")).to_have_text("Say why: the author will read it.")
    page.get_by_label("Note to the author").fill("Say how long a line may be.")
    page.get_by_role("button", name="Send back").click()
    expect_message(page, "Sent back to its author.")

    own = signed_in(author, f"/c/{campaign.slug}/annotate/")
    expect(own.locator("main")).to_contain_text("Say how long a line may be.")
    expect(own.locator("main")).not_to_contain_text("Judge-")
    own.get_by_role("link", name="Mend it").click()
    expect(own.locator("#id_query")).to_have_value(WORDING["query"])
    expect(own.locator(".read").first).to_contain_text("SECRET-RATIONALE")
    own.click("button[data-key='mod+enter']")
    expect(own.get_by_role("alert")).to_be_visible()
    expect(own.locator("#wording")).to_contain_text("Nothing has changed since it was sent back.")
    write(own, query="My log viewer keeps the newest 500 lines of at most 4 KB each. How do I write that in Go?")
    own.keyboard.press("Control+Enter")
    expect_message(own, f"Handed in again: item {item.pk} is back in review.")

    page.reload()
    expect(page.get_by_role("heading", name="Wording 2")).to_be_visible()
    expect(page.locator("main")).to_contain_text("of at most 4 KB each")
    item.refresh_from_db()
    assert item.status == Item.Status.IN_REVIEW
    queue = signed_in(reviewers[0], f"/c/{campaign.slug}/review/")
    expect(queue.locator(".stats")).to_contain_text("2")


def test_a_release_is_frozen_downloaded_and_verified_without_quorum(
    signed_in: SignedIn, campaign: Campaign, lead: User, reviewers: list[User], tmp_path: Path
) -> None:
    author = make_annotator(campaign)
    good = hand_in(campaign, author)
    leaking = "Write a function that returns the sum of all even numbers in a list of integers, please."
    leak = hand_in(campaign, author, query=leaking)
    rejected = hand_in(campaign, author, query="Fix it.")
    for item, valid in ((good, 3), (leak, 4), (rejected, 1)):
        cast(item, *((reviewer, place < valid) for place, reviewer in enumerate(reviewers)))
    prompt = Prompt("late", "1", "Write a function that returns the sum of all even numbers in a list of integers")
    load_reference(name="late", prompts=[prompt], source="test", by=None, now=NOW)

    page = signed_in(lead, f"/c/{campaign.slug}/releases/")
    expect(page.locator("main")).to_contain_text("None yet.")
    page.get_by_role("link", name="Freeze a release").click()
    expect(page.locator("main .stats")).to_contain_text("accepted")
    page.get_by_role("button", name="Look at what would be in it").click()
    expect(page.locator("main .stats")).to_contain_text("items in")
    assert not Release.objects.exists()
    page.get_by_role("button", name="Freeze release 1").click()
    expect_message(page, "Release 1 is frozen.")
    expect(page.locator("main")).to_contain_text("16 words with late 1")
    digest = Release.objects.get().digest
    expect(page.locator("pre.command").first).to_have_text(digest)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    archive = tmp_path / download.value.suggested_filename
    assert archive.name == f"{campaign.slug}-release-1.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" / archive.stem
    rows = [json.loads(line) for line in (folder / "benchmark.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["messages"][0]["content"] for row in rows] == [WORDING["query"]]
    excluded = [json.loads(line) for line in (folder / "excluded.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["reason"] for row in excluded) == ["leak", "rejected"]

    check = [sys.executable, "-I", "verify.py", "--digest", digest]
    verified = subprocess.run(check, cwd=folder, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    benchmark = folder / "benchmark.jsonl"
    benchmark.write_text(benchmark.read_text(encoding="utf-8").replace("five hundred", "six hundred"), encoding="utf-8")
    assert subprocess.run(check, cwd=folder, capture_output=True, text=True).returncode == 1

    # Nothing has changed, so there is no second release.
    page.goto(f"/c/{campaign.slug}/releases/freeze/")
    page.get_by_role("button", name="Look at what would be in it").click()
    expect(page.locator("main")).to_contain_text("Nothing has changed since release 1")
    page.goto(f"/c/{campaign.slug}/releases/")
    expect(page.locator("main tbody tr")).to_have_count(1)


def test_the_dashboard_shows_the_numbers(
    signed_in: SignedIn, campaign: Campaign, lead: User, reviewers: list[User]
) -> None:
    author = make_annotator(campaign, first_name="Anna", last_name="Author")
    accepted = hand_in(campaign, author, difficulty="hard", programming_languages=["Go", "SQL"])
    rejected = hand_in(campaign, author, query="Fix it.")
    hand_in(campaign, author, query="How do I rotate a matrix in place in C?", programming_languages=["C"])
    make_seeds(campaign, 2)
    cast(accepted, *((reviewer, True) for reviewer in reviewers))
    cast(rejected, *zip(reviewers, (True, True, False, False), strict=True))

    page = signed_in(lead, f"/c/{campaign.slug}/dashboard/")
    figures = page.locator("dl.stats").first.locator("div").all_inner_texts()
    assert dict(row.split("\n")[:2] for row in figures) == {
        "Documents": "5", "Seeds": "5", "Queries": "3", "Decided": "2", "Accepted": "1", "Clean": "1", "Released": "0",
    }  # fmt: skip
    agreement = page.locator("dl.stats").nth(1)
    expect(agreement).to_contain_text("66.7 %")  # six pairs of six, and two of six
    for chart in page.locator("main img").all():
        chart.scroll_into_view_if_needed()
        assert chart.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert chart.get_attribute("alt")
    expect(page.locator("main")).to_contain_text("Anna Author")

    languages = page.locator("section", has=page.get_by_role("heading", name="Programming languages"))
    languages.locator("summary").click()
    expect(languages.locator("tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Accepted", exact=True).click()
    languages.locator("summary").click()
    expect(languages.locator("tbody tr")).to_have_count(2)

    # Reviewers see the same numbers, but nobody's name.
    judge = signed_in(reviewers[0], f"/c/{campaign.slug}/dashboard/")
    expect(judge.locator("dl.stats").first).to_contain_text("Queries")
    expect(judge.locator("main")).not_to_contain_text("Anna")
    expect(judge.locator("main")).not_to_contain_text("Judge-2")
