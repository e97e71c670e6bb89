"""A real Chromium, driven against the live server. Skipped, in one line, where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from campaigns.models import User

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not CHROMIUM:
        for item in items:
            if "browser" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="needs Chromium"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _database_from_the_browser_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread, which makes Django think that tests are asynchronous."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def signed_in(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody; errors in the console, and anything the security policy blocks, fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(user: User, path: str = "/", **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        cookie = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda message: _note(complaints, page, message))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def _note(complaints: list[str], page: Page, message: Any) -> None:
    # Answers of 409 and 422 are part of the conversation; Chromium logs them as errors all the same.
    if message.type == "error" and "the server responded with a status of 4" not in message.text:
        complaints.append(f"{page.url}: {message.text}")


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """axe finds nothing on the page as it stands."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page).response["violations"]
        assert not found, "\n".join(
            f"{page.url}: {violation['id']}: {violation['help']}: {violation['nodes'][0]['html']}"
            for violation in found
        )

    return check
