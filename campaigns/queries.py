"""Campaigns and taxonomies by the names that people give them."""

from django.urls import reverse
from django.utils.text import slugify

from campaigns.models import Campaign, Event, Taxonomy


class UnknownCampaign(Exception):
    """There is no campaign of this slug."""


class UnknownTaxonomy(Exception):
    """There is no taxonomy of this slug, or none was named where there are several."""


def campaign_called(slug: str) -> Campaign:
    """Raises UnknownCampaign."""
    campaign = Campaign.objects.select_related("taxonomy").filter(slug=slug).first()
    if campaign is None:
        raise UnknownCampaign(f"{slug}: there is no such campaign (there are: {_listed(Campaign)})")
    return campaign


def taxonomy_called(slug: str = "") -> Taxonomy:
    """The taxonomy of this slug; without one, the only taxonomy there is. Raises UnknownTaxonomy."""
    if slug:
        found = Taxonomy.objects.filter(slug=slug).first()
        if found is None:
            raise UnknownTaxonomy(f"{slug}: there is no such taxonomy (there are: {_listed(Taxonomy)})")
        return found
    several = list(Taxonomy.objects.order_by("pk")[:2])
    if not several:
        raise UnknownTaxonomy("no taxonomy is loaded; run load_taxonomy first")
    if len(several) > 1:
        raise UnknownTaxonomy(f"there are several taxonomies: name one with --taxonomy ({_listed(Taxonomy)})")
    return several[0]


def category_slug(name: str) -> str:
    return slugify(name.replace("/", " "))


# What an event is about → its page, and where the page's argument stands: in the object's key or in the event's data.
_PAGES: dict[str, tuple[str, str]] = {
    "campaign": ("setup", ""),
    "membership": ("campaigns:members", ""),
    "invitation": ("campaigns:members", ""),
    "item": ("review:item", "object"),
    "vote": ("review:item", "item"),
    "revision": ("review:item", "item"),
    "seed": ("sampling:seed", "object"),
    "draw": ("sampling:draw-page", "object"),
    "cluster": ("sampling:cluster", "cluster"),
    "release": ("benchmark:release", "number"),
    "waiver": ("decontamination:waivers", ""),
    "waiverrequest": ("decontamination:waivers", ""),
}


def page_of(event: Event, campaign: Campaign) -> str:
    """The address of what an event is about; empty where that has no page of its own."""
    name, key = _PAGES.get(event.object_type, ("", ""))
    if not name:
        return ""
    if not key:
        return reverse(name, args=[campaign.slug])
    value = event.object_id if key == "object" else event.data.get(key)
    return reverse(name, args=[campaign.slug, value]) if value else ""


def _listed(model: type[Campaign] | type[Taxonomy]) -> str:
    return ", ".join(model.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
