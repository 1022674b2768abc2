"""A whole run: one row a benchmark with its interval, the most telling first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.record import Summary
from pytest_bolt.core.summary import effect_text, first_line, percent, shows_speed
from pytest_bolt.core.verdict import SEVERITY, Verdict
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
    verdict_word,
)
from pytest_bolt.plots.palette import look_of
from pytest_bolt.plots.svg import Label, Plot

MOST_ROWS = 30
_ROW = 22
_WIDTH = 300
_NAME_COLUMNS = 44
_NEAR = 60.0  # percent; effects up to here are always shown
_TELLING = (Verdict.SLOWER, Verdict.FASTER, Verdict.INCONCLUSIVE, Verdict.SAME)


def overview(summary: Summary, most: int = MOST_ROWS) -> Plot | None:
    """Return the figure of a run, None where no benchmark has an interval.

    Arguments:
        summary: the finished run.
        most: rows at most; how many more there are is said below them.
    """
    found = most_telling(summary.timed)
    if not found:
        return None
    rows = found[:most]
    height = _ROW * len(rows)
    rest = _rest(summary, len(found) - len(rows))
    frame = Frame(
        width=_WIDTH,
        height=height,
        left=310,
        right=220,
        top=8,
        bottom=44 + 18 * len(rest),
        x=_axis(rows),
        y=(height, 0),
    )
    canvas = Canvas(frame=frame, x_axis=AXIS)
    _draw_ground(canvas, rows)
    for number, comparison in enumerate(rows):
        _draw_row(canvas, comparison, _ROW * (number + 0.5))
    for number, text in enumerate(rest):
        canvas.text(Label(text=text), x=-300, y=height + 52 + 18 * number, shade="quiet")
    description = f"{first_line(summary)}. {len(rows)} of them with their intervals. {' '.join(rest)}".strip()
    return canvas.plot(title=f"Changes of run {summary.run.run_id}", description=description)


def most_telling(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons that have an interval to show: by verdict, then the surest and largest first."""
    shown = [c for c in comparisons if c.ratio is not None and shows_speed(c)]
    return sorted(shown, key=lambda c: (_rank(c.verdict), -_certain(c.ratio), c.case.case_id.node_id))


def _rank(verdict: Verdict) -> int:
    return _TELLING.index(verdict) if verdict in _TELLING else len(_TELLING)


def _certain(ratio: Interval | None) -> float:
    """Return the least effect that the interval leaves; of one that holds no effect, how large it looks."""
    if ratio is None or not (ratio.low > 0 and math.isfinite(ratio.high) and ratio.estimate > 0):
        return -math.inf
    least = max(math.log(ratio.low), -math.log(ratio.high))
    return least if least > 0 else -1 / (1 + abs(math.log(ratio.estimate)))


def _axis(rows: Sequence[Comparison]) -> tuple[float, float]:
    """Return an axis for all rows; one that is far beyond all others ends in an arrow."""
    ends = [end for c in rows if c.ratio is not None for end in ends_of(c.ratio)]
    near = [end for end in ends if abs(end) <= _NEAR]
    margins = [end for c in rows for end in band_of(c.margin)]
    return span_of([*near, *typical(ends), *margins])


def _draw_ground(canvas: Canvas, rows: Sequence[Comparison]) -> None:
    """Draw each row's own margin behind it, and the line of no change."""
    first, last = canvas.frame.x
    for number, comparison in enumerate(rows):
        low, high = band_of(comparison.margin)
        canvas.box("band", (max(low, first), min(high, last)), (_ROW * number, _ROW * (number + 1)))
    canvas.line("quiet", (0, 0, 0, canvas.frame.height))


def _draw_row(canvas: Canvas, comparison: Comparison, y: float) -> None:
    look, ratio = look_of(comparison.verdict), comparison.ratio
    name = Label(text=comparison.case.case_id.node_id, columns=_NAME_COLUMNS)
    canvas.text(name, x=-10, y=y, align="right", mono=True)
    if ratio is None:
        return
    draw_interval(canvas, ratio, y, look.shade)
    if inside(canvas, percent_of(ratio.estimate)):
        place = (percent_of(ratio.estimate), y)
        canvas.point(look.shade, look.shape, place, filled=look.filled, size=80)
    said = f"{verdict_word(comparison.verdict)} {effect_text(comparison)}"
    canvas.text(Label(text=said), x=canvas.frame.width + 10, y=y)


def _rest(summary: Summary, more: int) -> list[str]:
    """Return what the rows do not show: less telling ones, and those without an interval."""
    lines = [f"and {more} more, each less telling than these"] if more else []
    without = [c for c in summary.timed if c.ratio is None or not shows_speed(c)]
    counts = {verdict: sum(c.verdict is verdict for c in without) for verdict in SEVERITY}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    margins = sorted({c.margin for c in summary.timed if c.ratio is not None})
    if margins:
        span = (
            percent(margins[0]) if len(margins) == 1 else f"{percent(margins[0])} to {percent(margins[-1])}"
        )
        lines.append(f"The band behind a row is its margin, {span}.")
    return [*lines, *([f"Without an interval: {said}."] if said else [])]
