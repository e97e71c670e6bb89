"""Template tags and filters that every app's pages use."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from foundation import markdown as renderer

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Sanitised HTML of untrusted Markdown."""
    return mark_safe(renderer.render(text or ""))  # noqa: S308  # nh3 has sanitised it


@register.filter
def percent(share: float | None) -> str:
    """0.934 → 93.4 %; an undefined share stays undefined."""
    return "undefined" if share is None else f"{share * 100:.1f} %"


@register.filter
def get(mapping: dict[str, object], key: str) -> object:
    return mapping.get(key, "")


@register.filter
def entries(mapping: dict[str, object]) -> list[tuple[str, object]]:
    """Its keys and values; `mapping.items` in a template is the value of a key of that name, where there is one."""
    return list(mapping.items())


@register.filter
def web_address(url: str) -> str:
    """A scraped URL if it is safe to link to, else nothing."""
    return url if url.startswith(("https://", "http://")) else ""
