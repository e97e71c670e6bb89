"""The annotator's pages: home, work on a seed, own items; and for leads the skipped seeds."""

from annotation.views.home import claim, home, reopen, skipped
from annotation.views.items import item, item_draft, item_preview, revise
from annotation.views.seeds import draft, preview, release, skip, submit, work

__all__ = [
    "claim", "draft", "home", "item", "item_draft", "item_preview", "preview", "release", "reopen", "revise", "skip",
    "skipped", "submit", "work",
]  # fmt: skip
