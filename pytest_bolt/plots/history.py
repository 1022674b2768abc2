"""One benchmark over its stored runs in one environment."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from pytest_bolt.core.history import HistoryPoint
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.units import format_time
from pytest_bolt.plots.canvas import Axis, Canvas, Frame
from pytest_bolt.plots.palette import Look
from pytest_bolt.plots.svg import Label, Plot

_WIDTH, _HEIGHT = 560, 150
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))
_APART = 0.14  # of the distance between runs, by which the sides of one stand apart
_MOST_NAMES = 8  # commits below the axis
_AIR = 0.1
_BASE = Look("quiet", "square", filled=False)
_HEAD = Look("faster", "circle", filled=True)
_DIRTY = Look("faster", "diamond", filled=True)
_THIS = Look("ink", "triangle-down", filled=True)
_LEGEND = ((_BASE, "base"), (_HEAD, "head"), (_DIRTY, "head, uncommitted changes"), (_THIS, "this run"))


def history(node_id: str, points: Sequence[HistoryPoint], current: str = "") -> Plot | None:
    """Return the figure of a benchmark's past, None for fewer than two runs.

    Arguments:
        node_id: the benchmark.
        points: both sides of each run, oldest first.
        current: id of the run that is marked.
    """
    points = [point for point in points if math.isfinite(point.time.ns) and point.time.ns > 0]
    runs = [tuple(group) for _, group in groupby(points, key=lambda point: point.run_id)]
    if len(runs) < 2:
        return None
    scale, unit = _unit(points)
    low, high = _span(points, scale)
    frame = Frame(
        width=_WIDTH,
        height=_HEIGHT,
        left=64,
        right=20,
        top=24,
        bottom=58,
        x=(-0.6, len(runs) - 0.4),
        y=(low, high),
    )
    y_axis = Axis(title=f"time of one iteration, {unit}", ticks=5, extent=42)
    canvas = Canvas(frame=frame, x_axis=None, y_axis=y_axis)
    _draw_gaps(canvas, runs)
    _draw_values(canvas, runs, scale)
    _draw_names(canvas, runs)
    _draw_current(canvas, runs, current)
    _draw_legend(canvas)
    return canvas.plot(title=f"History of {node_id}", description=_described(runs))


def _unit(points: Sequence[HistoryPoint]) -> tuple[float, str]:
    largest = max(point.time.ns for point in points)
    return next((each for each in _UNITS if largest >= each[0]), _UNITS[-1])


def _span(points: Sequence[HistoryPoint], scale: float) -> tuple[float, float]:
    times = [time.ns / scale for point in points for time in (point.time, point.low, point.high) if time]
    low, high = min(times), max(times)
    air = _AIR * (high - low or abs(high) or 1.0)
    return max(0.0, low - air), high + air


def _place(index: int, point: HistoryPoint) -> float:
    return index - _APART if point.side is Side.BASE else index + _APART


def _draw_values(canvas: Canvas, runs: Sequence[Sequence[HistoryPoint]], scale: float) -> None:
    placed = [(_place(index, point), point) for index, run in enumerate(runs) for point in run]
    for x, point in placed:
        if point.low and point.high:
            canvas.line("quiet", (x, point.low.ns / scale, x, point.high.ns / scale), width=1.5)
    for ends in _steps(runs, scale):
        canvas.line("faster", ends, width=1.5)
    for x, point in placed:
        canvas.point(*_look(point)[:2], (x, point.time.ns / scale), filled=_look(point).filled, size=50)


def _look(point: HistoryPoint) -> Look:
    if point.side is Side.BASE:
        return _BASE
    return _DIRTY if point.dirty else _HEAD


def _steps(
    runs: Sequence[Sequence[HistoryPoint]], scale: float
) -> Iterator[tuple[float, float, float, float]]:
    """Yield the lines between the heads of neighbouring runs that can be compared."""
    heads = [(i, run, p) for i, run in enumerate(runs) for p in run if p.side is Side.HEAD]
    for (i, _, old), (j, run, new) in pairwise(heads):
        if j == i + 1 and not any(point.gap for point in run):
            yield _place(i, old), old.time.ns / scale, _place(j, new), new.time.ns / scale


def _draw_gaps(canvas: Canvas, runs: Sequence[Sequence[HistoryPoint]]) -> None:
    low, high = canvas.frame.y
    gaps = [index - 0.5 for index, run in enumerate(runs) if any(point.gap for point in run)]
    for x in gaps:
        canvas.line("quiet", (x, low, x, high), dash=(2, 3))
    if gaps:
        text = "dotted: measured in another environment in between, or by another clock"
        canvas.text(Label(text=text), x=0, y=-12, shade="quiet")


def _draw_names(canvas: Canvas, runs: Sequence[Sequence[HistoryPoint]]) -> None:
    step = -(-len(runs) // _MOST_NAMES)
    first, last = canvas.frame.x
    for index in range(len(runs) - 1, -1, -step):
        point = runs[index][-1]
        x = (index - first) / (last - first) * canvas.frame.width
        name = point.commit[:7] + ("+" if point.dirty else "")
        canvas.text(Label(text=name, columns=9), x=x, y=_HEIGHT + 12, align="center", mono=True, size=10)
        day = f"{point.started:%Y-%m-%d}"
        canvas.text(Label(text=day), x=x, y=_HEIGHT + 25, align="center", shade="quiet", size=10)


def _draw_current(canvas: Canvas, runs: Sequence[Sequence[HistoryPoint]], current: str) -> None:
    low, high = canvas.frame.y
    for index, run in enumerate(runs):
        if run[0].run_id == current:
            canvas.point(_THIS.shade, _THIS.shape, (index, high - 0.03 * (high - low)), size=50)


def _draw_legend(canvas: Canvas) -> None:
    first, last = canvas.frame.x
    low, high = canvas.frame.y
    per_pixel = (last - first) / _WIDTH, (high - low) / _HEIGHT
    x = 0.0
    below = low - 46 * per_pixel[1]
    for look, text in _LEGEND:
        canvas.point(
            look.shade, look.shape, (first + (x + 4) * per_pixel[0], below), filled=look.filled, size=50
        )
        canvas.text(Label(text=text), x=x + 14, y=_HEIGHT + 46, shade="quiet")
        x += 30 + 6.2 * len(text)


def _described(runs: Sequence[Sequence[HistoryPoint]]) -> str:
    """Return in words what the figure shows."""
    heads = [point for run in runs for point in run if point.side is Side.HEAD] or [run[-1] for run in runs]
    first, last = heads[0], heads[-1]
    gaps = sum(any(point.gap for point in run) for run in runs)
    text = (
        f"{len(runs)} stored runs of one environment; {format_time(first.time)} on {first.started:%Y-%m-%d}, "
        f"{format_time(last.time)} on {last.started:%Y-%m-%d}; bars span the middle half of a run's rounds"
    )
    return f"{text}; {gaps} gap{'s' * (gaps != 1)}." if gaps else f"{text}."
