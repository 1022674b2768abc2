"""The prediction interval of stored runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_bolt.core.stored import RUNS_FOR_A_GATE, predict
from pytest_bolt.core.units import IterationTime

TIMES = st.lists(st.floats(1.0, 1e9), min_size=2, max_size=15)


def times(*values):
    return [IterationTime(value) for value in values]


@settings(deadline=None)
@given(TIMES, TIMES)
def test_the_interval_is_students(base, head):
    prediction = predict(times(*base), times(*head), floor=0.0)
    error = np.log(base).std(ddof=1) * math.sqrt(1 / len(head) + 1 / len(base))
    half = stats.t.ppf(0.99, len(base) - 1) * error
    center = np.log(head).mean() - np.log(base).mean()
    assert math.log(prediction.ratio.estimate) == pytest.approx(center, abs=1e-9)
    assert math.log(prediction.ratio.low) == pytest.approx(center - half, abs=1e-6)
    assert math.log(prediction.ratio.high) == pytest.approx(center + half, abs=1e-6)
    power = stats.t.ppf(0.95, len(base) - 1) * error
    assert math.log1p(prediction.detectable) == pytest.approx(half + power, abs=1e-6)


def test_the_same_code_lies_outside_as_often_as_promised():
    random = np.random.default_rng(1)
    outside = 0
    for _ in range(2000):
        *base, head = np.exp(random.normal(0.0, 0.05, 11))
        ratio = predict(times(*base), times(head), floor=0.0).ratio
        outside += not ratio.low <= 1.0 <= ratio.high
    assert outside == pytest.approx(40, abs=25)


@settings(deadline=None)
@given(TIMES, st.floats(0.5, 2.0))
def test_scaling_both_sides_changes_nothing(base, factor):
    one = predict(times(*base), times(base[0])).ratio
    other = predict(times(*(factor * value for value in base)), times(factor * base[0])).ratio
    assert (one.estimate, one.low, one.high) == pytest.approx((other.estimate, other.low, other.high))


def test_one_stored_run_promises_nothing():
    prediction = predict(times(100.0), times(110.0))
    assert prediction.ratio.estimate == pytest.approx(1.1)
    assert (prediction.ratio.low, prediction.ratio.high) == (0.0, math.inf)
    assert prediction.detectable == math.inf
    assert prediction.advice_only
    assert not prediction.resolves(10.0)


def test_equal_runs_are_not_taken_for_certainty():
    ratio = predict(times(*[100.0] * 10), times(101.0)).ratio
    assert ratio.low < 1.0 < ratio.high


@pytest.mark.parametrize(("runs", "advice"), [(RUNS_FOR_A_GATE - 1, True), (RUNS_FOR_A_GATE, False)])
def test_ten_runs_are_needed_for_more_than_advice(runs, advice):
    assert predict(times(*[100.0] * runs), times(100.0)).advice_only is advice


def test_a_margin_is_resolved_where_the_interval_is_narrower():
    prediction = predict(times(*[100.0] * 10), times(100.0))
    half = prediction.ratio.high - 1.0
    assert prediction.resolves(half * 1.01)
    assert not prediction.resolves(half * 0.99)


@pytest.mark.parametrize(("base", "head"), [([], [1.0]), ([1.0], []), ([0.0], [1.0]), ([1.0, 2.0], [-1.0])])
def test_a_side_without_positive_times_is_refused(base, head):
    with pytest.raises(ValueError, match="positive times on both sides"):
        predict(times(*base), times(*head))
