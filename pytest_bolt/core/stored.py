"""What a comparison with stored runs can say: a prediction interval for the next run.

Two separate runs differ by far more than the rounds of either suggest, so the unit is the run: how the
values of past runs at the base commit scatter says where a run of the same code is to be expected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.stats import student_quantile
from pytest_bolt.core.units import IterationTime

RUNS_FOR_A_GATE = 10
_CONFIDENCE = 0.99  # one-sided, as for a paired comparison
_POWER = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRecord:
    """The value of one case in one stored run, at a clean commit."""

    run_id: str
    started: datetime
    commit: str
    side: Side
    time: IterationTime
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineCommit:
    """A commit with stored records, and how many first parents away it is."""

    commit: str
    distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The ratio of new values to stored ones, and what chance alone would explain.

    `ratio` is head/base with the 98 % interval; without a second stored run it reaches from 0 to
    infinity. `detectable` is the smallest relative effect that would have been seen with 95 % probability.
    `runs` counts the stored runs.
    """

    ratio: Interval
    detectable: float
    runs: int

    @property
    def advice_only(self) -> bool:
        """Return whether there are too few stored runs to fail a test on."""
        return self.runs < RUNS_FOR_A_GATE

    def resolves(self, margin: float) -> bool:
        """Return whether the interval is narrower than the margin on either side (0.05 is 5 %)."""
        half = math.log(self.ratio.high / self.ratio.estimate) if self.runs > 1 else math.inf
        return half < math.log1p(margin)


def predict(
    base: Sequence[IterationTime], head: Sequence[IterationTime], *, floor: float = 0.01
) -> Prediction:
    """Return the ratio head/base with the prediction interval that the stored runs give.

    Arguments:
        base: one time a stored run, at the base commit; at least one.
        head: one time a run of the head; at least one.
        floor: the least standard deviation between runs that is assumed (log-ratio).

    The mean of m future logarithms lies within t(n-1) s sqrt(1/m + 1/n) of the mean of the n stored ones
    (Geisser 1993, Predictive Inference, section 2.2; Hahn & Meeker 1991, section 4.4).
    Raises ValueError for an empty side or a time that is not positive.
    """
    if not base or not head or any(time.ns <= 0 for time in (*base, *head)):
        msg = "a prediction needs positive times on both sides"
        raise ValueError(msg)
    stored, new = (np.log([time.ns for time in side]) for side in (base, head))
    center = float(new.mean() - stored.mean())
    if len(stored) == 1:
        ratio = Interval(estimate=math.exp(center), low=0.0, high=math.inf)
        return Prediction(ratio=ratio, detectable=math.inf, runs=1)
    error = max(float(stored.std(ddof=1)), floor) * math.sqrt(1 / len(new) + 1 / len(stored))
    half = student_quantile(_CONFIDENCE, len(stored) - 1) * error
    power = student_quantile(_POWER, len(stored) - 1) * error
    ratio = Interval(estimate=math.exp(center), low=math.exp(center - half), high=math.exp(center + half))
    return Prediction(ratio=ratio, detectable=math.expm1(half + power), runs=len(stored))
