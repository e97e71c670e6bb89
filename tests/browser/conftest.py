"""A real Chromium, driven against the live server. Skipped, in one line, where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from campaigns.models import User

PATIENCE = 30_000  # milliseconds: how long a busy machine may take for what a free one does at once

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
    expect.set_options(timeout=PATIENCE)
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
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda message: _note(complaints, page, message))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            # Chromium may never answer the closing of a window that is just going to another page.
            with suppress(PlaywrightError):
                page.goto("about:blank")
        context.close()
    assert not complaints


def _note(complaints: list[str], page: Page, message: Any) -> None:
    # Answers of 409 and 422 are part of the conversation, as is a draft given up for the submit that holds it too; they
    # are logged as errors all the same.
    expected = ("the server responded with a status of 4", "htmx:sendAbort", "htmx:afterRequest")
    if message.type == "error" and not any(part in message.text for part in expected):
        complaints.append(f"{page.url}: {message.text}")


# What depends on colours; all that axe looks for beside is the same in light and in dark.
_OF_COLOUR = ["color-contrast", "link-in-text-block"]


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """What axe finds on the page as it stands, in light and in dark: rule, what it asks for, and where."""
    axe = "options => axe.run({resultTypes: ['violations'], ...options}).then(results => results.violations)"

    def check(page: Page) -> list[str]:
        page.emulate_media(color_scheme="light")
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = {"light": page.evaluate(axe, {})}
        page.emulate_media(color_scheme="dark")
        found["dark"] = page.evaluate(axe, {"runOnly": _OF_COLOUR})
        return [
            f"{scheme}: {violation['id']}: {violation['help']}: {node['html']}"
            for scheme, rows in found.items()
            for violation in rows
            for node in violation["nodes"]
        ]

    return check
