"""The pages of this app: for reviewers, for leads, and the dashboard for everybody."""

from review.views.dashboard import chart, dashboard
from review.views.items import item, items, send_back, withdraw
from review.views.judging import claim, queue, revision, vote

__all__ = ["chart", "claim", "dashboard", "item", "items", "queue", "revision", "send_back", "vote", "withdraw"]
