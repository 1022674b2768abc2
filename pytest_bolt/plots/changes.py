"""What figures on a change axis share: ratios in percent, and the part of the axis that is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.plots.canvas import Axis, Canvas

_FENCE = 3.0  # interquartile ranges beyond the quartiles from which on a value is drawn at the edge
_AIR = 0.06  # of the axis, on either side
_LEAST = 1.0  # percent on either side of zero that an axis shows at least
AXIS = Axis(title="change of the time in percent; right is slower", signed=True)


def percent_of(ratio: float) -> float:
    """Return a ratio head/base as a change in percent: 1.05 is 5."""
    return 100.0 * (ratio - 1.0)


def band_of(margin: float) -> tuple[float, float]:
    """Return the changes in percent between which a benchmark counts as the same."""
    return percent_of(1 / (1 + margin)), percent_of(1 + margin)


def ends_of(interval: Interval) -> tuple[float, float, float]:
    """Return low, estimate and high in percent."""
    return percent_of(interval.low), percent_of(interval.estimate), percent_of(interval.high)


def typical(values: Sequence[float]) -> list[float]:
    """Return the values that are not far beyond all others (Tukey's outer fences)."""
    found = [value for value in values if math.isfinite(value)]
    if len(found) < 4:
        return found
    low, high = np.quantile(found, [0.25, 0.75])
    room = _FENCE * max(high - low, 1e-3)
    return [value for value in found if low - room <= value <= high + room]


def span_of(values: Iterable[float]) -> tuple[float, float]:
    """Return an axis that holds the values and zero, with some air; what is no number is left out."""
    found = [value for value in values if math.isfinite(value)]
    low, high = min([-_LEAST, *found]), max([_LEAST, *found])
    air = _AIR * (high - low)
    return low - air, high + air


def draw_interval(canvas: Canvas, interval: Interval, y: float, shade: str, *, width: float = 3) -> None:
    """Draw an interval as far as the axis goes, an arrow where it goes on."""
    low, _, high = ends_of(interval)
    first, last = canvas.frame.x
    start, stop = (first if not low > first else low), (last if not high < last else high)
    start, stop = min(start, last), max(stop, first)
    canvas.line(shade, (start, y, stop, y), width=width)
    if start == first:
        canvas.point(shade, "triangle-left", (first, y), size=50)
    if stop == last:
        canvas.point(shade, "triangle-right", (last, y), size=50)


def inside(canvas: Canvas, value: float) -> bool:
    """Return whether the axis shows a change."""
    first, last = canvas.frame.x
    return math.isfinite(value) and first <= value <= last


def verdict_word(verdict: Verdict) -> str:
    """Return a verdict for a narrow column."""
    return "cannot tell" if verdict is Verdict.INCONCLUSIVE else str(verdict)
