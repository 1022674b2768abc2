"""Intervals of what a printed figure can have been before it was rounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` up to `high`, both possible."""

    low: float
    high: float

    @classmethod
    def around(cls, value: float, half: float) -> Interval:
        """Return value +- half."""
        return cls(value - half, value + half)

    @property
    def middle(self) -> float:
        """Return the middle."""
        return (self.low + self.high) / 2

    def meets(self, other: Interval) -> bool:
        """Return whether the two share a value, up to what floating point loses."""
        ends = (self.low, self.high, other.low, other.high)
        slack = _EPSILON * max(abs(end) for end in (*ends, 1e-12) if math.isfinite(end))
        return self.low <= other.high + slack and other.low <= self.high + slack

    def widened(self, factor: float) -> Interval:
        """Return the interval with a share of its middle more on both sides."""
        more = abs(self.middle) * factor
        return Interval(min(self.low, self.middle - more), max(self.high, self.middle + more))

    def scaled(self, factor: float) -> Interval:
        """Return the interval times a positive factor."""
        return Interval(self.low * factor, self.high * factor)

    def stretched(self, factor: float) -> Interval:
        """Return the interval with a share of its width more on both sides."""
        more = (self.high - self.low) * factor
        return Interval(self.low - more, self.high + more)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        products = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        products = [0.0 if math.isnan(product) else product for product in products]
        return Interval(min(products), max(products))

    def __truediv__(self, other: Interval) -> Interval:
        """Return the quotient; everything where the divisor can be zero."""
        if other.low <= 0 <= other.high:
            return Interval(-math.inf, math.inf)
        return self * Interval(1 / other.high, 1 / other.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Interval(0.0, max(-self.low, self.high))

    def mapped(self, function: Callable[[float], float]) -> Interval:
        """Return the image under a growing function; an empty interval outside of where it is defined."""
        try:
            return Interval(function(self.low), function(self.high))
        except (ValueError, OverflowError):
            return Interval(-math.inf, math.inf)


ONE = Interval(1.0, 1.0)
