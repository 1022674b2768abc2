"""Estimators and intervals for paired log-ratios.

The unit is the process pair: two processes that run the same code differ persistently, so rounds
inside one pair are not independent repetitions of the experiment (Kalibera & Jones 2013).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from pytest_bolt.core.shared_variance import SharedVariance

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

CONFIDENCE = 0.99  # on either side of an interval
NORMAL_95 = 1.6448536269514722  # one-sided 95 %, the power asked of a detectable effect
TRIM_EVERY = 6  # one pair is trimmed from each end for every six


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A log-ratio with its interval; `center` is the robust point estimate (median over pairs).

    `error` is the standard error that the interval rests on, `pairs` the number of values.
    """

    center: float
    low: float
    high: float
    error: float
    pairs: int

    @property
    def detectable(self) -> float:
        """Return the smallest |log-ratio| that would have been seen with 95 % probability."""
        return (self.high - self.low) / 2 + NORMAL_95 * self.error


def hodges_lehmann(values: Sequence[float] | FloatArray) -> float:
    """Return the median of all pairwise means, i <= j (Hodges & Lehmann 1963)."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return math.nan
    rows, columns = np.triu_indices(array.size)
    return float(np.median((array[rows] + array[columns]) / 2))


def standard_error(values: Sequence[float] | FloatArray) -> float:
    """Return the standard error of the mean; 0 for fewer than two values."""
    array = np.asarray(values, dtype=np.float64)
    return float(array.std(ddof=1) / math.sqrt(array.size)) if array.size > 1 else 0.0


def interval(
    values: Sequence[float],
    *,
    errors: Sequence[float] = (),
    floor: float = 0.01,
    probability: float = CONFIDENCE,
    shared: SharedVariance | None = None,
) -> Estimate:
    """Return the interval of the mean over process pairs, by default 98 %: 1 % on either side.

    Arguments:
        values: one log-ratio a process pair.
        errors: the standard error of each value inside its own pair; may be empty.
        floor: what is assumed as the least standard deviation between pairs (log-ratio).
        probability: that the mean does not lie beyond one end.
        shared: what other benchmarks say about the spread, taken in beside what is seen here.

    The half width is the larger of Student's, for the spread that was seen, and the normal one, for
    the spread that is assumed at least. From six pairs on the mean is trimmed by one value a side for
    every six (Tukey & McLaughlin 1963), since single pairs are off by 10 % and more.
    """
    array = np.sort(np.asarray(values, dtype=np.float64))
    count = array.size
    if count == 0:
        return Estimate(center=math.nan, low=-math.inf, high=math.inf, error=math.inf, pairs=0)
    cut = count // TRIM_EVERY
    mean = float(array[cut : count - cut].mean())
    assumed = max(floor, float(np.mean(errors)) if len(errors) else 0.0) / math.sqrt(count)
    half, error = NormalDist().inv_cdf(probability) * assumed, assumed
    if count > 1:
        winsorised = np.clip(array, array[cut], array[count - 1 - cut])
        variance, df = float(winsorised.var(ddof=1)) / (1 - 2 * cut / count) ** 2, count - 2 * cut - 1
        if shared is not None:
            variance, df = shared.with_own(variance, df)
        seen = math.sqrt(variance / count)
        half = max(half, student_quantile(probability, df) * seen)
        error = max(error, seen)
    low, high = mean - half, mean + half
    center = min(max(float(np.median(array)), low), high)
    return Estimate(center=center, low=low, high=high, error=error, pairs=count)


@lru_cache(maxsize=256)
def student_quantile(probability: float, df: int) -> float:
    """Return the quantile of Student's distribution for a whole number of degrees of freedom.

    Bisection on the finite series of Abramowitz & Stegun 26.7.3 and 26.7.4.
    """
    if df < 1 or not 0.0 < probability < 1.0:
        msg = f"no Student quantile for p={probability}, df={df}"
        raise ValueError(msg)
    if probability < 0.5:
        return -student_quantile(1.0 - probability, df)
    low, high = 0.0, 1.0
    while _student_cdf(high, df) < probability:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2
        if _student_cdf(middle, df) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_cdf(t: float, df: int) -> float:
    theta = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(theta), math.cos(theta)
    if df == 1:
        inside = 2 * theta / math.pi
    else:
        odd = df % 2
        term = total = cosine if odd else 1.0
        for k in range(2 + odd, df - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        inside = (2 / math.pi) * (theta + sine * total) if odd else sine * total
    return 0.5 + inside / 2
