"""Estimators against SciPy, and the properties that a comparison must have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pytest_bolt.core.stats import hodges_lehmann, interval, standard_error, student_quantile

logs = st.lists(st.floats(-1, 1), min_size=1, max_size=30)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 11, 30, 200])
@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9, 0.99, 0.9999])
def test_student_quantile_is_scipys(df: int, probability: float) -> None:
    assert student_quantile(probability, df) == pytest.approx(
        scipy_stats.t.ppf(probability, df), abs=1e-9, rel=1e-9
    )


@pytest.mark.parametrize(("probability", "df"), [(0.0, 3), (1.0, 3), (0.9, 0)])
def test_student_quantile_refuses_what_has_none(probability: float, df: int) -> None:
    with pytest.raises(ValueError, match="no Student quantile"):
        student_quantile(probability, df)


def test_hodges_lehmann_is_the_median_of_pairwise_means() -> None:
    assert hodges_lehmann([1.0, 2.0, 10.0]) == pytest.approx(3.75)  # 1, 1.5, 2, 5.5, 6, 10
    assert math.isnan(hodges_lehmann([]))


@given(logs)
def test_hodges_lehmann_turns_with_its_sides(values: list[float]) -> None:
    assert hodges_lehmann([-value for value in values]) == pytest.approx(-hodges_lehmann(values), abs=1e-12)


def test_one_wild_value_hardly_moves_hodges_lehmann() -> None:
    calm = [0.01, -0.01, 0.0, 0.02, -0.02]
    assert abs(hodges_lehmann([*calm, 5.0])) < 0.02


def test_standard_error_of_one_value_is_zero() -> None:
    assert standard_error([0.3]) == 0.0
    assert standard_error([0.0, 2.0]) == pytest.approx(1.0)


@given(logs)
def test_interval_turns_with_its_sides(values: list[float]) -> None:
    there, back = interval(values), interval([-value for value in values])
    assert there.center == pytest.approx(-back.center, abs=1e-12)
    assert there.low == pytest.approx(-back.high, abs=1e-9)


@given(logs)
def test_center_lies_inside_the_interval(values: list[float]) -> None:
    found = interval(values)
    assert found.low <= found.center <= found.high
    assert found.detectable > (found.high - found.low) / 2


def test_equal_pairs_are_not_believed_beyond_the_floor() -> None:
    found = interval([0.0] * 4, floor=0.01)
    assert found.high == pytest.approx(2.326 * 0.01 / 2, rel=1e-3)


def test_a_few_values_get_students_quantile() -> None:
    values = [0.0, 0.03, 0.06]
    half = scipy_stats.t.ppf(0.99, 2) * np.std(values, ddof=1) / math.sqrt(3)
    assert interval(values).high == pytest.approx(0.03 + half)


def test_from_six_pairs_on_one_wild_pair_does_not_decide() -> None:
    calm = [0.001 * (-1) ** index for index in range(11)]
    assert interval([*calm, 0.5]).high < 0.03
    assert interval([*calm[:4], 0.5]).high > 0.03  # five pairs cannot tell a wild one from a trend


def test_no_value_says_nothing() -> None:
    found = interval([])
    assert (found.low, found.high, found.pairs) == (-math.inf, math.inf, 0)


def test_coverage_of_the_interval_is_what_it_says() -> None:
    rng = np.random.default_rng(7)
    misses = sum(not -interval(list(rng.normal(0, 0.03, 8))).low >= -1e-12 for _ in range(2000))
    assert misses / 2000 < 0.02  # nominally 1 % on this side
