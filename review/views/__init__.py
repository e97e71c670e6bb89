"""The pages of this app: for reviewers, for leads, and the dashboard for everybody."""

from review.views.dashboard import chart, dashboard
from review.views.items import item, items, send_back, withdraw
from review.views.judging import claim, pass_on, queue, revision, vote

__all__ = [
    "chart",
    "claim",
    "dashboard",
    "item",
    "items",
    "pass_on",
    "queue",
    "revision",
    "send_back",
    "vote",
    "withdraw",
]
