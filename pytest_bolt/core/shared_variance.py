"""What the benchmarks of a run know together about the noise between process pairs.

Three values say little about their own spread: Student's quantile for two degrees of freedom is 7. The
spreads of a whole suite say much more. Each benchmark's variance is taken for one draw from a scaled
inverse chi-squared distribution, which is fitted to all of them; the fit then counts in each benchmark's
interval like so many more degrees of freedom (Smyth 2004, "Linear models and empirical Bayes methods").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_BENCHMARKS = 8  # fewer say little of how variances differ
MOST_DF = 6.0  # worth of the fit at most, so that a benchmark's own spread keeps its say
_LEAST_VARIANCE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedVariance:
    """A variance of log-ratios between process pairs, and how many degrees of freedom it is worth."""

    variance: float
    df: float

    def with_own(self, variance: float, df: int) -> tuple[float, int]:
        """Return a benchmark's variance with this one taken in, and its degrees of freedom, rounded down."""
        total = self.df + df
        return (self.df * self.variance + df * variance) / total, int(total)


def shared_variance(spreads: Sequence[tuple[float, int]]) -> SharedVariance | None:
    """Return what (variance, degrees of freedom) of each benchmark say together; None where they are few.

    The moments of log variances (Smyth 2004, section 6.2): their spread beyond what chance gives says how
    much the true variances differ.
    """
    if len(spreads) < LEAST_BENCHMARKS:
        return None
    logs = [
        math.log(max(variance, _LEAST_VARIANCE)) - digamma(df / 2) + math.log(df / 2)
        for variance, df in spreads
    ]
    center = float(np.mean(logs))
    beyond = float(np.var(logs, ddof=1)) - float(np.mean([trigamma(df / 2) for _, df in spreads]))
    if beyond <= 0:  # no more different than chance: one variance for all
        return SharedVariance(variance=math.exp(center), df=MOST_DF)
    half = inverse_trigamma(beyond)
    variance = math.exp(center + digamma(half) - math.log(half))
    return SharedVariance(variance=variance, df=min(2 * half, MOST_DF))


def digamma(x: float) -> float:
    """Return the logarithmic derivative of the gamma function (Abramowitz & Stegun 6.3.5, 6.3.18)."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    square = 1 / (x * x)
    return shift + math.log(x) - 0.5 / x - square * (1 / 12 - square * (1 / 120 - square / 252))


def trigamma(x: float) -> float:
    """Return the derivative of `digamma` (Abramowitz & Stegun 6.4.6, 6.4.12)."""
    shift = 0.0
    while x < 10:
        shift += 1 / (x * x)
        x += 1
    square = 1 / (x * x)
    return shift + 1 / x + square / 2 + square / x * (1 / 6 - square * (1 / 30 - square / 42))


def inverse_trigamma(value: float) -> float:
    """Return the x > 0 whose trigamma is `value`, by bisection: it falls from infinity to 0."""
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if trigamma(middle) > value else (low, middle)
    return math.sqrt(low * high)
