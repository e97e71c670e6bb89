"""A real Chromium, driven against the live server. Skipped, in one line, where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from campaigns.models import User

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not CHROMIUM:
        for item in items:
            if "browser" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="needs Chromium"))


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """One browser for a module. While it is there, Playwright's loop runs in this thread, and Django takes the tests
    for asynchronous ones; after it, nothing of that is left for tests elsewhere.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def signed_in(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody, or with None as a visitor, in a browser window of their own.

    Errors in the console, and anything the security policy blocks, fail the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(user: User | None, path: str = "/", **options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
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
def violations() -> Callable[[Page], list[str]]:
    """What axe finds on the page as it stands: rule, what it asks for, and where."""
    axe = Axe()

    def check(page: Page) -> list[str]:
        return [
            f"{found['id']}: {found['help']}: {node['html']}"
            for found in axe.run(page).response["violations"]
            for node in found["nodes"]
        ]

    return check


@pytest.fixture
def accessible(violations: Callable[[Page], list[str]]) -> Callable[[Page], None]:
    """axe finds nothing on the page as it stands, in light and in dark."""

    def check(page: Page) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == []

    return check


@pytest.fixture
def kept_vectors(settings: LazySettings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Vectors that the real model has made in one test are there in the next, as they are in an installation."""
    folder = tmp_path_factory.getbasetemp() / "embeddings"
    folder.mkdir(exist_ok=True)
    (settings.DATA_DIR / "embeddings").symlink_to(folder, target_is_directory=True)
