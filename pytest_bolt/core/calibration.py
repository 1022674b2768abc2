"""What a run of a tree against itself says of the machine: its noise, and what a margin costs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Summary
from pytest_bolt.core.stats import CONFIDENCE, NORMAL_95, student_quantile
from pytest_bolt.core.summary import percent
from pytest_bolt.core.verdict import Verdict

MARGINS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2)
MOST_PAIRS = 32
_SHARE = 0.9  # of the benchmarks that a margin should decide
_ROOM = 0.8  # of the margin for the interval; the rest for an estimate that is not quite zero
_LEAST_PAIRS = 3
_USUAL_PAIRS = 8  # what a confirmation takes at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The noise of a machine, for the benchmarks that were run.

    `spreads` are the standard deviations between process pairs (log-ratio), one a benchmark; `alarms` counts
    benchmarks that were called slower or faster than themselves; `pair_s` is the time that a process pair
    took for one benchmark, in seconds.
    """

    spreads: tuple[float, ...]
    alarms: int
    pair_s: float

    def pairs_for(self, margin: float) -> int | None:
        """Return the process pairs that decide nine benchmarks of ten within `margin`; None beyond 32."""
        spread = float(np.quantile(self.spreads, _SHARE))
        for pairs in range(_LEAST_PAIRS, MOST_PAIRS + 1):
            half = student_quantile(CONFIDENCE, pairs - 1) * spread / math.sqrt(pairs)
            if half < _ROOM * math.log1p(margin):
                return pairs
        return None

    def recommended(self) -> float | None:
        """Return the smallest margin that eight process pairs decide, None where none is."""
        return next((m for m in MARGINS if (self.pairs_for(m) or MOST_PAIRS) <= _USUAL_PAIRS), None)


def calibrate(summary: Summary, spent_s: float) -> Calibration | None:
    """Return what a run against itself came to; None where nothing was measured on two pairs.

    Arguments:
        summary: the run.
        spent_s: what measuring took, in seconds.
    """
    measured = [c for c in summary.comparisons if c.ratio is not None and c.pairs > 1]
    if not measured:
        return None
    return Calibration(
        spreads=tuple(map(_spread, measured)),
        alarms=sum(c.verdict in {Verdict.SLOWER, Verdict.FASTER} for c in measured),
        pair_s=spent_s / sum(c.pairs for c in measured),
    )


def lines(calibration: Calibration) -> Iterator[str]:
    """Yield the calibration in words and a table."""
    count = len(calibration.spreads)
    middle, high = (percent(float(np.quantile(calibration.spreads, at))) for at in (0.5, _SHARE))
    alarms = f"{calibration.alarms} of {count} called slower or faster than themselves"
    yield f"this tree against itself: {alarms}"
    yield f"noise between process pairs: {middle} at the median, {high} for the noisiest tenth"
    yield "margin  process pairs  seconds a benchmark"
    for margin in MARGINS:
        pairs = calibration.pairs_for(margin)
        if pairs is not None:
            yield f"{percent(margin):>6}  {pairs:>13}  {pairs * calibration.pair_s:>19.1f}"
    recommended = calibration.recommended()
    if recommended is None:
        yield "no margin up to 20 % can be recommended: quieten the machine"
    else:
        yield f"recommended: --bolt-margin={100 * recommended:g}%"


def _spread(comparison: Comparison) -> float:
    """Return the standard deviation between pairs that a comparison's interval rests on."""
    if comparison.ratio is None or comparison.detectable is None:
        return math.inf
    half = math.log(comparison.ratio.high / comparison.ratio.low) / 2
    error = (math.log1p(comparison.detectable) - half) / NORMAL_95
    return error * math.sqrt(comparison.pairs)
