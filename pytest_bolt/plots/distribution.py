"""One comparison: every process pair, the interval over them, the margin, the null control."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_bolt.core.comparison import Comparison, NullControl
from pytest_bolt.core.summary import change_text, percent, shows_speed, verdict_text
from pytest_bolt.core.units import format_change
from pytest_bolt.plots.canvas import Canvas, Frame
from pytest_bolt.plots.changes import (
    AXIS,
    band_of,
    draw_interval,
    ends_of,
    inside,
    percent_of,
    span_of,
    typical,
)
from pytest_bolt.plots.palette import look_of
from pytest_bolt.plots.svg import Label, Plot

_WIDTH = 500
_LANE = 84  # pixels of height for the pairs
_ROW = 24
_DOTS = ((40, 8.0), (200, 5.0))  # up to so many pairs, a dot has this diameter in pixels
_SMALLEST = 3.0


def distribution(comparison: Comparison, control: NullControl | None = None) -> Plot | None:
    """Return the figure of one comparison, None where there is no time to show.

    Arguments:
        comparison: with one ratio a process pair; without them the interval is shown alone.
        control: what the base differed by from itself in the same run.
    """
    ratio = comparison.ratio
    if ratio is None or not shows_speed(comparison):
        return None
    changes = [percent_of(value) for value in comparison.pair_ratios]
    controls = ends_of(control.ratio) if control is not None else ()
    shown = [*typical(changes), *ends_of(ratio), *band_of(comparison.margin), *controls]
    rows = 1 if control is None else 2
    height = _LANE + _ROW * rows
    frame = Frame(
        width=_WIDTH,
        height=height,
        left=110,
        right=20,
        top=8,
        bottom=44,
        x=_axis(shown, ratio.estimate),
        y=(height, 0),
    )
    canvas = Canvas(frame=frame, x_axis=AXIS)
    low, high = band_of(comparison.margin)
    canvas.box("band", (max(low, frame.x[0]), min(high, frame.x[1])), (0, height))
    canvas.line("quiet", (0, 0, 0, height))
    _draw_pairs(canvas, changes)
    _draw_estimate(canvas, comparison, _LANE + _ROW / 2)
    if control is not None:
        _draw_control(canvas, control, _LANE + 1.5 * _ROW)
    return canvas.plot(
        title=f"Change of {comparison.case.case_id.node_id}",
        description=_described(comparison, changes, control),
    )


def _axis(shown: Sequence[float], estimate: float) -> tuple[float, float]:
    """Return the axis; an end of the interval that is much farther away than its middle is cut off."""
    farthest = 4 * max(20.0, abs(percent_of(estimate)))
    return span_of(value for value in shown if abs(value) <= farthest)


def _draw_pairs(canvas: Canvas, changes: Sequence[float]) -> None:
    canvas.text(Label(text=_pairs_text(len(changes))), x=-10, y=_LANE / 2, align="right", shade="quiet")
    size = next((size for most, size in _DOTS if len(changes) <= most), _SMALLEST)
    first, last = canvas.frame.x
    for place in _stacked(canvas, changes, size):
        canvas.point("ink", "circle", place, size=0.785 * size * size)
    for shape, edge, count in (
        ("triangle-left", first, sum(change < first for change in changes)),
        ("triangle-right", last, sum(change > last for change in changes)),
    ):
        if count:
            canvas.point("ink", shape, (edge, 10), size=50)
            at, align = (10, "left") if edge == first else (canvas.frame.width - 10, "right")
            canvas.text(Label(text=f"{count} beyond"), x=at, y=10, align=align, shade="quiet")


def _stacked(canvas: Canvas, changes: Sequence[float], size: float) -> list[tuple[float, float]]:
    """Return a place for each dot: at its change, above those that would hide it."""
    first, last = canvas.frame.x
    per_dot = (last - first) / canvas.frame.width * size
    shown = sorted(change for change in changes if inside(canvas, change))
    columns = Counter(round(change / per_dot) for change in shown)
    step = min(size, (_LANE - 2 * size) / max([1, *columns.values()]))
    above: Counter[int] = Counter()
    places = []
    for change in shown:
        column = round(change / per_dot)
        places.append((change, _LANE - size - above[column] * step))
        above[column] += 1
    return places


def _draw_estimate(canvas: Canvas, comparison: Comparison, y: float) -> None:
    look, ratio = look_of(comparison.verdict), comparison.ratio
    canvas.text(Label(text="interval"), x=-10, y=y, align="right", shade="quiet")
    if ratio is None:
        return
    draw_interval(canvas, ratio, y, look.shade)
    if inside(canvas, percent_of(ratio.estimate)):
        place = (percent_of(ratio.estimate), y)
        canvas.point(look.shade, look.shape, place, filled=look.filled, size=110)


def _draw_control(canvas: Canvas, control: NullControl, y: float) -> None:
    canvas.text(Label(text="null control"), x=-10, y=y, align="right", shade="quiet")
    draw_interval(canvas, control.ratio, y, "quiet", width=2)
    estimate = percent_of(control.ratio.estimate)
    if inside(canvas, estimate):
        canvas.point("quiet", "square", (estimate, y), filled=False, size=50)


def _pairs_text(count: int) -> str:
    return f"{count} process pair{'s' * (count != 1)}" if count else "pairs not kept"


def _described(comparison: Comparison, changes: Sequence[float], control: NullControl | None) -> str:
    """Return in words what the figure shows."""
    ratios = comparison.pair_ratios
    parts = [f"Verdict {verdict_text(comparison)}; change {change_text(comparison.ratio)}"]
    if changes:
        ends = f"from {format_change(min(ratios))} to {format_change(max(ratios))}"
        parts.append(f"{_pairs_text(len(changes))} {ends}")
    parts.append(f"the band is the margin of {percent(comparison.margin)}")
    if control is not None:
        parts.append(f"the base against itself {change_text(control.ratio)}")
    return "; ".join(parts) + "."
