"""What a suite's spreads say together: special functions against SciPy, the fit against known truths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from pytest_bolt.core.shared_variance import (
    LEAST_BENCHMARKS,
    MOST_DF,
    SharedVariance,
    digamma,
    inverse_trigamma,
    shared_variance,
    trigamma,
)
from pytest_bolt.core.stats import interval


@pytest.mark.parametrize("x", [0.25, 0.5, 1.0, 1.5, 2.0, 7.5, 40.0])
def test_digamma_and_trigamma_are_scipys(x: float) -> None:
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-8)
    assert trigamma(x) == pytest.approx(special.polygamma(1, x), rel=1e-8)
    assert inverse_trigamma(trigamma(x)) == pytest.approx(x, rel=1e-6)


def test_few_benchmarks_say_nothing() -> None:
    assert shared_variance([(1e-4, 2)] * (LEAST_BENCHMARKS - 1)) is None
    assert shared_variance([(1e-4, 2)] * LEAST_BENCHMARKS) is not None


def drawn(true: np.ndarray, df: int, seed: int) -> list[tuple[float, int]]:
    rng = np.random.default_rng(seed)
    return [(float(value), df) for value in true * rng.chisquare(df, true.size) / df]


def test_one_variance_for_all_is_found_and_weighs_what_it_may() -> None:
    found = shared_variance(drawn(np.full(400, 4e-4), 2, 1))
    assert found is not None
    assert found.variance == pytest.approx(4e-4, rel=0.15)
    assert found.df == MOST_DF


def test_a_known_spread_of_variances_is_found() -> None:
    rng = np.random.default_rng(2)
    true = 4e-4 * 4.0 / rng.chisquare(4.0, 4000)  # scaled inverse chi-squared with 4 degrees of freedom
    found = shared_variance(drawn(true, 2, 3))
    assert found is not None
    assert found.variance == pytest.approx(4e-4, rel=0.15)
    assert found.df == pytest.approx(4.0, rel=0.25)


def test_benchmarks_that_differ_wildly_hardly_speak_for_each_other() -> None:
    true = np.where(np.arange(40) % 2, 1e-6, 1e-2)
    found = shared_variance(drawn(true, 2, 4))
    assert found is not None
    assert found.df < 1.5


def test_values_without_any_spread_are_no_division_by_zero() -> None:
    found = shared_variance([(0.0, 2)] * 20)
    assert found is not None
    assert 0 < found.variance < 1e-8


def test_own_and_shared_are_weighed_by_their_degrees_of_freedom() -> None:
    shared = SharedVariance(variance=1.0, df=4.5)
    variance, df = shared.with_own(4.0, 2)
    assert variance == pytest.approx((4.5 * 1.0 + 2 * 4.0) / 6.5)
    assert df == 6


def test_what_others_say_narrows_the_interval_of_three_values() -> None:
    values = [0.0, 0.02, -0.02]
    shared = SharedVariance(variance=4e-4, df=6.0)
    alone, together = interval(values), interval(values, shared=shared)
    assert together.center == alone.center
    assert together.high == pytest.approx(2.896 * 0.02 / math.sqrt(3), rel=1e-3)  # Student, 8 degrees
    assert alone.high == pytest.approx(6.965 * 0.02 / math.sqrt(3), rel=1e-3)  # Student, 2 degrees


def test_a_noisy_benchmark_stays_noisy_among_quiet_ones() -> None:
    quiet = SharedVariance(variance=1e-6, df=6.0)
    found = interval([0.0, 0.1, -0.1], shared=quiet)
    assert found.high > 0.08
