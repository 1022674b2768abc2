"""The colours of all figures by what they mean, in light and in dark.

A figure is drawn in the light colours; each also has a class, so that a style sheet can turn it dark. No
meaning rests on a colour alone: every verdict has a shape of its own too. Orange, blue and grey of unlike
lightness stay apart in every common kind of colour blindness, which a test works out.
"""

from __future__ import annotations

from typing import NamedTuple

from pytest_bolt.core.verdict import Verdict


class Shade(NamedTuple):
    """One meaning in both schemes; of a figure's light colours no two are equal."""

    light: str
    dark: str


SHADES = {
    "paper": Shade("#ffffff", "#0d1117"),
    "ink": Shade("#1f2328", "#e6edf3"),
    "quiet": Shade("#57606a", "#9da7b3"),
    "grid": Shade("#d8dee4", "#30363d"),
    "band": Shade("#e6edf5", "#1d2a3a"),
    "slower": Shade("#a84300", "#ff8c42"),
    "faster": Shade("#00408f", "#58a6ff"),
    "same": Shade("#7c858f", "#d0d7de"),
    "undecided": Shade("#7d4fc4", "#c49bff"),
}
BACKGROUNDS = ("paper", "band")
TEXTS = ("ink", "quiet")
MARKS = ("ink", "quiet", "slower", "faster", "same", "undecided")


class Look(NamedTuple):
    """How a verdict is drawn: its shade, its shape by the drawing library's name, filled or hollow."""

    shade: str
    shape: str
    filled: bool


LOOKS = {
    Verdict.SLOWER: Look("slower", "triangle-up", filled=True),
    Verdict.FASTER: Look("faster", "triangle-down", filled=True),
    Verdict.SAME: Look("same", "circle", filled=True),
    Verdict.INCONCLUSIVE: Look("undecided", "diamond", filled=False),
}
MEASURED = Look("ink", "square", filled=True)  # a ratio without one of these verdicts


def look_of(verdict: Verdict) -> Look:
    """Return how a verdict is drawn."""
    return LOOKS.get(verdict, MEASURED)


def light(shade: str) -> str:
    """Return the colour to draw with."""
    return SHADES[shade].light


def style_sheet() -> str:
    """Return the CSS that turns every figure to the scheme of the reader; figures of one page share it."""
    lines = [_rules("light"), "@media screen and (prefers-color-scheme:dark){", _rules("dark"), "}"]
    return "\n".join(lines)


def _rules(scheme: str) -> str:
    return "\n".join(
        f".bolt-f-{name}{{fill:{getattr(shade, scheme)}}}.bolt-s-{name}{{stroke:{getattr(shade, scheme)}}}"
        for name, shade in SHADES.items()
    )
