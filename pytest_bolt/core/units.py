"""Quantities with their unit in the type, and how each is printed.

The time of a batch and the time of one iteration are different types: dividing a batch by its
iterations is the only way from one to the other, so it cannot happen twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_TIME_STEPS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))
_UNREADABLE = 1e9  # beyond it a number is written with an exponent
_BYTE_STEPS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


@dataclass(frozen=True, slots=True, order=True)
class BatchTime:
    """Elapsed time of one batch of iterations, in nanoseconds."""

    ns: float

    def per_iteration(self, iterations: int) -> IterationTime:
        """Return the mean time of one of `iterations` calls."""
        if iterations < 1:
            msg = f"a batch has at least one iteration, not {iterations}"
            raise ValueError(msg)
        return IterationTime(self.ns / iterations)


@dataclass(frozen=True, slots=True, order=True)
class IterationTime:
    """Time of one iteration, in nanoseconds."""

    ns: float

    def __str__(self) -> str:
        return format_time(self)


def format_time(time: IterationTime) -> str:
    """Return three significant digits with a unit: `12.3 us`."""
    if not math.isfinite(time.ns):
        return "-"
    for scale, unit in _TIME_STEPS:
        if _round3(time.ns) >= scale:
            return f"{_three_digits(time.ns / scale)} {unit}"
    return f"{_three_digits(time.ns)} ns"


def format_bytes(count: float) -> str:
    """Return a byte count with a binary unit: `1.50 MiB`."""
    for scale, unit in _BYTE_STEPS:
        if abs(count) >= scale:
            return f"{count:.0f} B" if unit == "B" else f"{_three_digits(count / scale)} {unit}"
    return f"{count:.0f} B"


def format_rate(per_second: float, unit: str) -> str:
    """Return a decimal rate: `12.3 GB/s`, `1.20 TFLOP/s`."""
    for scale, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if per_second >= scale:
            return f"{_three_digits(per_second / scale)} {prefix}{unit}/s"
    return f"{_three_digits(per_second)} {unit}/s"


def format_change(ratio: float, digits: int = 1) -> str:
    """Return a ratio head/base as a signed change in percent: 1.05 is `+5.0 %`."""
    if not math.isfinite(ratio):
        return "-"
    change = 100.0 * (ratio - 1.0)
    if abs(change) >= _UNREADABLE:
        return f"{change:+.3g} %"
    text = f"{change:+.{digits}f} %"
    return text.replace("-", "+", 1) if float(f"{change:.{digits}f}") == 0.0 else text


def _round3(value: float) -> float:
    return float(f"{value:.3g}")


def _three_digits(value: float) -> str:
    rounded = _round3(value)
    if abs(rounded) >= _UNREADABLE:
        return f"{rounded:.3g}"
    if rounded >= 100:
        return f"{rounded:.0f}"
    return f"{rounded:.1f}" if rounded >= 10 else f"{rounded:.2f}"
