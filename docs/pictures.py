"""Pictures of the main pages, from a running demo: `python docs/pictures.py ADDRESS PASSWORD [--out DIR]`.

By default the README's six, at one size; with --all every main page, wide and narrow, light and dark.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

README = ["annotate", "review", "dashboard", "setup", "map", "release"]
# Who looks, and where: an address, "claim:ADDRESS" for what its claim button gives out, or "first:ADDRESS:PART…" for
# the first link there whose address holds PART, and so on. tests/browser/test_accessibility.py goes there too.
PAGES = {
    "login": ("", "/login/"),
    "home": ("lead", "/"),
    "annotator-home": ("annotator-1", "/c/demo/annotate/"),
    "annotate": ("annotator-1", "claim:/c/demo/annotate/"),
    "annotator-item": ("annotator-1", "first:/c/demo/annotate/:/annotate/items/"),
    "queue": ("reviewer-4", "/c/demo/review/"),
    "review": ("reviewer-4", "claim:/c/demo/review/"),
    "dashboard": ("lead", "/c/demo/dashboard/"),
    "dashboard-reviewer": ("reviewer-1", "/c/demo/dashboard/"),
    "setup": ("lead", "/c/demo/setup/"),
    "clusters": ("lead", "/c/demo/clusters/"),
    "cluster": ("lead", "first:/c/demo/clusters/:/clusters/"),
    "map": ("lead", "/c/demo/map/"),
    "draws": ("lead", "/c/demo/draws/"),
    "draw": ("lead", "first:/c/demo/draws/:/draws/"),
    "leaks": ("lead", "/c/demo/leaks/"),
    "items": ("lead", "/c/demo/items/"),
    "item": ("lead", "first:/c/demo/items/:/items/"),
    "seed": ("lead", "first:/c/demo/items/:/items/:/seeds/"),
    "references": ("lead", "/c/demo/references/"),
    "reference": ("lead", "first:/c/demo/references/:/references/"),
    "members": ("lead", "/c/demo/members/"),
    "guideline": ("annotator-1", "/c/demo/guideline/"),
    "guideline-edit": ("lead", "/c/demo/guideline/edit/"),
    "events": ("lead", "/c/demo/events/"),
    "freeze": ("lead", "/c/demo/releases/freeze/"),
    "releases": ("lead", "/c/demo/releases/"),
    "release": ("lead", "/c/demo/releases/1/"),
    "account": ("lead", "/account/"),
}


def go(page: Page, where: str) -> None:
    kind, _, rest = where.partition(":")
    if kind == "claim":
        page.goto(rest)
        page.click("form[action$='/claim/'] button")
    elif kind == "first":
        start, *parts = rest.split(":")
        page.goto(start)
        for part in parts:
            page.locator(f"main a[href*='{part}']:not([href='{start}'])").first.click()
            page.wait_for_load_state()
    else:
        page.goto(where)
    page.wait_for_load_state()


def open_page(browser: Browser, base: str, password: str, name: str, width: int, scheme: str) -> Page:
    who, where = PAGES[name]
    page = browser.new_page(base_url=base, viewport={"width": width, "height": 860}, color_scheme=scheme)  # type: ignore[arg-type]
    if who:
        page.goto("/login/")
        page.fill("[name=username]", f"demo-{who}")
        page.fill("[name=password]", password)
        page.click("main button")
        page.wait_for_load_state()
    go(page, where)
    page.wait_for_timeout(400)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("password")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    shots = [(name, 1280, "light") for name in README]
    if options.all:
        names = options.only or list(PAGES)
        shots = [(name, width, scheme) for name in names for width in (1280, 390) for scheme in ("light", "dark")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, width, scheme in shots:
            page = open_page(browser, options.base, options.password, name, width, scheme)
            suffix = f"-{width}-{scheme}" if options.all else ""
            page.screenshot(path=options.out / f"{name}{suffix}.png", full_page=options.all)
            if options.all:
                wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
                print(f"{name}{suffix}" + ("  WIDER THAN THE SCREEN" if wider else ""))  # noqa: T201
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
