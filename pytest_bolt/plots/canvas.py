"""A drawing on one pair of axes, as a Vega-Lite chart; everything foreign is a mark until it is SVG.

Sizes are fixed and no text is measured, so that the bytes do not depend on the fonts of a machine. The chart
is written as the data that Vega-Lite is, without Altair: its checks of each object took 80 % of the time of a
figure, and a page has a hundred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import vl_convert

from pytest_bolt.plots.palette import light
from pytest_bolt.plots.svg import Label, Plot, finished

_SANS = "system-ui, sans-serif"
_MONO = "ui-monospace, monospace"
_CONFIG: Mapping[str, Any] = {
    "background": light("paper"),
    "view": {"stroke": None},
    "axis": {
        "labelFont": _SANS, "titleFont": _SANS, "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": "normal", "labelColor": light("quiet"), "titleColor": light("quiet"),
        "gridColor": light("grid"), "domain": False, "ticks": False, "labelOverlap": True,
    },
}  # fmt: skip
_SIGNED = "datum.value ? datum.label : '0'"  # no plus sign before zero
_Style: TypeAlias = tuple[tuple[str, Any], ...]  # the properties of a mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A named axis; `signed` puts a plus sign before what is above zero.

    `extent` are the pixels between the area and the title, fixed because labels are not measured.
    """

    title: str
    signed: bool = False
    ticks: int = 7
    extent: int = 20

    def spec(self) -> dict[str, Any]:
        """Return it in Vega-Lite's words."""
        extent = {"minExtent": self.extent, "maxExtent": self.extent}
        found = {"title": self.title, "tickCount": self.ticks, "format": "~f", **extent}
        return {**found, "format": "+~f", "labelExpr": _SIGNED} if self.signed else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Width and height of the data's area and what lies around it, in pixels, and what the area spans."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x: tuple[float, float]
    y: tuple[float, float]


@dataclass(slots=True, kw_only=True)
class Canvas:
    """Collects marks from back to front; those of one style are one layer, where its first one stands."""

    frame: Frame
    x_axis: Axis | None = None
    y_axis: Axis | None = None
    marks: dict[_Style, list[dict[str, Any]]] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)

    def box(self, shade: str, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Fill a rectangle."""
        self._add({"type": "rect", "color": light(shade)}, {"x": x[0], "x2": x[1], "y": y[0], "y2": y[1]})

    def line(
        self,
        shade: str,
        ends: tuple[float, float, float, float],
        *,
        width: float = 1,
        dash: tuple[int, ...] = (),
    ) -> None:
        """Draw a straight line from (x, y) to (x2, y2)."""
        style = {"type": "rule", "color": light(shade), "strokeWidth": width}
        style |= {"strokeDash": dash} if dash else {}
        self._add(style, dict(zip(("x", "y", "x2", "y2"), ends, strict=True)))

    def point(
        self, shade: str, shape: str, place: tuple[float, float], *, filled: bool = True, size: float = 64
    ) -> None:
        """Draw a shape; `size` is its area in square pixels. A hollow one hides what is behind it."""
        style = {
            "type": "point",
            "shape": shape,
            "size": size,
            "fill": light(shade if filled else "paper"),
            "stroke": light(shade),
            "strokeWidth": 0.5 if filled else 1.75,
            "opacity": 1,
        }
        self._add(style, {"x": place[0], "y": place[1]})

    def text(
        self,
        label: Label,
        *,
        x: float,
        y: float,
        align: str = "left",
        shade: str = "ink",
        mono: bool = False,
        size: int = 11,
    ) -> None:
        """Write at `x` pixels from the left edge of the area, `y` pixels from its upper edge."""
        style = {
            "type": "text",
            "align": align,
            "baseline": "middle",
            "color": light(shade),
            "font": _MONO if mono else _SANS,
            "fontSize": size,
            "limit": 0,
        }
        self._add(style, {"left": x, "top": y, "text": f"@{len(self.labels)}"})
        self.labels.append(label)

    def plot(self, *, title: str, description: str) -> Plot:
        """Return the figure."""
        frame = self.frame
        chart = {
            "width": frame.width,
            "height": frame.height,
            "padding": {"left": frame.left, "right": frame.right, "top": frame.top, "bottom": frame.bottom},
            "autosize": "none",
            "config": _CONFIG,
            "layer": [self._layer(dict(style), rows) for style, rows in self.marks.items()],
        }
        svg = vl_convert.vegalite_to_svg(chart, allowed_base_urls=[])
        return finished(svg, self.labels, title=title, description=description)

    def _add(self, style: Mapping[str, Any], row: dict[str, Any]) -> None:
        self.marks.setdefault(tuple(style.items()), []).append(row)

    def _layer(self, mark: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        if mark["type"] == "text":
            encoding = {"x": _pixels("left"), "y": _pixels("top"), "text": {"field": "text"}}
        else:
            encoding = {
                "x": _numbers("x", self.frame.x, self.x_axis),
                "y": _numbers("y", self.frame.y, self.y_axis),
                **({"x2": {"field": "x2"}, "y2": {"field": "y2"}} if "x2" in rows[0] else {}),
            }
        return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _numbers(field: str, domain: tuple[float, float], axis: Axis | None) -> dict[str, Any]:
    scale = {"domain": domain, "nice": False, "zero": False}
    spec = axis.spec() if axis is not None else None
    return {"field": field, "type": "quantitative", "scale": scale, "axis": spec}


def _pixels(field: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "scale": None, "axis": None}
