"""The statistics of a pytest-benchmark file, from the seconds of its rounds.

Definitions as in pytest-benchmark 5: quartiles by halves for an even number of rounds (method 2 of
Wikipedia's "Quartile: computing methods") and by interpolation for an odd one (method 3), outliers beyond one
standard deviation of the mean and beyond 1.5 interquartile ranges of the quartiles.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def stats_of(data: Sequence[float], iterations: int) -> dict[str, object]:
    """Return `stats` of one benchmark.

    Arguments:
        data: `[rounds]` seconds of one iteration, at least one.
        iterations: calls in a round.
    """
    ordered = sorted(data)
    q1, q3 = _quartiles(ordered)
    mean, total = statistics.fmean(ordered), sum(ordered)
    stddev = statistics.stdev(ordered) if len(ordered) > 1 else 0.0
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    by_stddev = _beyond(ordered, mean - stddev, mean + stddev)
    by_iqr = _beyond(ordered, low, high)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": stddev,
        "rounds": len(ordered),
        "median": statistics.median(ordered),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": by_iqr,
        "stddev_outliers": by_stddev,
        "outliers": f"{by_stddev};{by_iqr}",
        "ld15iqr": next(value for value in ordered if value >= low),
        "hd15iqr": next(value for value in reversed(ordered) if value <= high),
        "ops": len(ordered) / total if total else 0,
        "total": total,
        "data": list(data),
        "iterations": iterations,
    }


def _quartiles(ordered: Sequence[float]) -> tuple[float, float]:
    count = len(ordered)
    if count == 1:
        return ordered[0], ordered[0]
    if count % 2 == 0:
        half = count // 2
        return statistics.median(ordered[:half]), statistics.median(ordered[half:])
    n = count // 4
    if count % 4 == 1:
        low = 0.25 * ordered[n - 1] + 0.75 * ordered[n]
        return low, 0.75 * ordered[3 * n] + 0.25 * ordered[3 * n + 1]
    low = 0.75 * ordered[n] + 0.25 * ordered[n + 1]
    return low, 0.25 * ordered[3 * n + 1] + 0.75 * ordered[3 * n + 2]


def _beyond(ordered: Sequence[float], low: float, high: float) -> int:
    return sum(value < low or value > high for value in ordered)
