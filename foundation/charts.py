"""Charts as SVG, drawn on the server from numbers: no script on the page, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import altair as alt
import vl_convert

Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
Row = tuple[str, int]


@dataclass(frozen=True)
class _Inks:
    text: str
    muted: str
    line: str
    bar: str
    scale: tuple[str, str, str]  # from the least to the most


_INKS: Final[dict[Theme, _Inks]] = {
    "light": _Inks("#1c2229", "#55606d", "#d5dae0", "#2b5a88", ("#b9d3ea", "#6699c8", "#1f4a75")),
    "dark": _Inks("#e3e7eb", "#a3aebb", "#343d47", "#8fbdea", ("#35516c", "#6f9fcd", "#cfe4f8")),
}
_WIDTH: Final = 330
_STEP: Final = 24


def bars(rows: Sequence[Row], *, theme: Theme, value: str) -> str:
    """A horizontal bar for each row, in the given order, with its number at its end; `value` names the axis."""
    ink = _INKS[theme]
    base = alt.Chart(_data({"name": name, "value": number} for name, number in rows)).encode(
        y=_names("name", [name for name, _number in rows]),
        x=alt.X("value:Q", title=value, axis=alt.Axis(tickMinStep=1, tickCount=5, format=",d")),
    )
    numbers = base.mark_text(align="left", dx=4, color=ink.text).encode(text=alt.Text("value:Q", format=",d"))
    return _svg(base.mark_bar(color=ink.bar) + numbers, theme)


def stacked(rows: Sequence[tuple[str, Sequence[int]]], parts: Sequence[str], *, theme: Theme, value: str) -> str:
    """A horizontal bar for each row, divided into `parts`, which go from the least to the most."""
    ink = _INKS[theme]
    records: Iterable[dict[str, str | int]] = (
        {"name": name, "part": part, "place": place, "value": number}
        for name, numbers in rows
        for place, (part, number) in enumerate(zip(parts, numbers, strict=True))
    )
    chart = (
        alt.Chart(_data(records))
        .mark_bar()
        .encode(
            y=_names("name", [name for name, _numbers in rows]),
            x=alt.X("value:Q", title=value, stack="zero", axis=alt.Axis(tickMinStep=1, tickCount=5, format=",d")),
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=list(parts), range=list(ink.scale)),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("place:O"),
        )
    )
    return _svg(chart, theme)


def _data(records: Iterable[dict[str, str | int]]) -> alt.InlineData:
    return alt.InlineData(values=list(records))


def _names(field: str, order: Sequence[str]) -> alt.Y:
    return alt.Y(f"{field}:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=270, ticks=False, domain=False))


def _svg(chart: alt.Chart | alt.LayerChart, theme: Theme) -> str:
    ink = _INKS[theme]
    text = {"labelColor": ink.text, "titleColor": ink.muted, "labelFontSize": 12, "titleFontSize": 12}
    spec = chart.properties(width=_WIDTH, height=alt.Step(_STEP)).to_dict()
    spec["background"] = "transparent"
    # Browsers' fonts are wider than what the labels were measured with.
    spec["padding"] = {"left": 28, "top": 5, "right": 5, "bottom": 5}
    spec["config"] = {
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": {
            **text,
            "titleFontWeight": "normal",
            "gridColor": ink.line,
            "domainColor": ink.line,
            "tickColor": ink.line,
        },
        "legend": text,
        "text": {"fontSize": 12},
    }
    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))
