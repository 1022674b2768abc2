"""From what the drawing library wrote to a figure: themed, labelled, with foreign text as text.

The drawing library sees numbers and marks like `@7` only. What such a mark stands for is put in here, by an
XML writer, so that no name of a benchmark is ever read as anything but characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from pytest_bolt.core.plain_text import one_line, shortened
from pytest_bolt.plots.palette import SHADES, style_sheet

_SPACE = "http://www.w3.org/2000/svg"
_MARK = re.compile(r"@(\d+)")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_KEPT = frozenset(
    {
        "d", "transform", "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity",
        "fill-opacity", "text-anchor", "font-family", "font-size", "font-weight", "x", "y", "x1", "x2", "y1",
        "y2", "width", "height", "viewBox",
    }
)  # fmt: skip
_SHADE_OF = {shade.light: name for name, shade in SHADES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text in a figure, shortened in its middle to `columns`; all of it is told on hovering."""

    text: str
    columns: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A figure. `title` names it, `description` says in words what it shows; `root` is the drawing."""

    title: str
    description: str
    drawing: ET.Element

    def standalone(self) -> str:
        """Return a file of its own: light or dark as its reader's browser asks for."""
        return self._written(styled=True) + "\n"

    def inline(self) -> str:
        """Return an element for a page that has `palette.style_sheet` once for all its figures."""
        return self._written(styled=False)

    def _written(self, *, styled: bool) -> str:
        root = ET.Element("svg", {"xmlns": _SPACE, "role": "img", **self.drawing.attrib})
        ET.SubElement(root, "title").text = one_line(self.title)
        ET.SubElement(root, "desc").text = one_line(self.description)
        if styled:
            ET.SubElement(root, "style").text = style_sheet()
        root.extend(self.drawing)
        return ET.tostring(root, encoding="unicode")


def finished(svg: str, labels: Sequence[Label], *, title: str, description: str) -> Plot:
    """Return the figure of a drawing whose text marks `@N` stand for `labels[N]`."""
    drawn = ET.fromstring(svg)  # noqa: S314 - written by the drawing library from numbers
    root = ET.Element("svg", _attributes(drawn))
    root.extend(_clean(child, labels) for child in drawn if not _is_empty(child))
    return Plot(title=title, description=description, drawing=root)


def _clean(element: ET.Element, labels: Sequence[Label]) -> ET.Element:
    made = ET.Element(_name(element), _attributes(element))
    made.text = element.text if (element.text or "").strip() else None
    made.extend(_clean(child, labels) for child in element if not _is_empty(child))
    mark = _MARK.fullmatch(made.text or "")
    if mark is not None:
        _write(made, labels[int(mark[1])])
    return made


def _write(element: ET.Element, label: Label) -> None:
    full = one_line(label.text)
    element.text = shortened(full, label.columns)
    if element.text != full:
        ET.SubElement(element, "title").text = full


def _attributes(element: ET.Element) -> dict[str, str]:
    """Return what of an element is drawn, colours as classes too, numbers to two decimals."""
    kept = {
        name: _LONG_NUMBER.sub(_rounded, value) for name, value in element.attrib.items() if name in _KEPT
    }
    classes = [
        f"bolt-{name[0]}-{_SHADE_OF[kept[name]]}"
        for name in ("fill", "stroke")
        if kept.get(name) in _SHADE_OF
    ]
    return {"class": " ".join(classes), **kept} if classes else kept


def _rounded(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _is_empty(element: ET.Element) -> bool:
    """Return whether an element draws nothing: a group without content, a path without a line."""
    if _name(element) == "path":
        return not element.get("d") or element.get("fill") == element.get("stroke") == "none"
    return _name(element) == "g" and all(map(_is_empty, element))


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
