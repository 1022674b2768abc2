from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core.tolerance import (
    Agreement,
    Errors,
    Limit,
    Precision,
    Tier,
    Tolerance,
    errors_of,
    rounding_errors,
)

SINGLE = Precision(eps=2.0**-23, tiny=2.0**-126)
HALF = Precision(eps=2.0**-7, tiny=2.0**-126)
NONE = Errors(max_units=0.0, mean_units=0.0, mean_rms=0.0, max_rms=0.0)


def test_how_far_tiers_widen():
    assert {str(tier): tier.factor for tier in Tier} == {
        "strict": 1.0,
        "relaxed": 2.2,
        "gradient": 3.0,
        "interpreter": 3.0,
    }


def test_the_five_rules_have_the_published_constants():
    framework = Errors(max_units=10.0, mean_units=2.0, mean_rms=1e-3, max_rms=2e-3)
    strict = Tolerance.against(framework, HALF)
    assert strict.max_units == pytest.approx(2 * 10 + 2 + 1e-6 / HALF.eps)
    assert strict.mean_units == pytest.approx(1.5 * 2 + 0.01 + 1e-6 / HALF.eps)
    assert strict.mean_rms == pytest.approx(1.3e-3 + 0.05 * HALF.eps + 1e-6)
    assert strict.max_rms == pytest.approx(3e-3 + 0.05 * HALF.eps + 1e-6)


def test_a_tier_multiplies_every_cap():
    framework = Errors(max_units=1.0, mean_units=1.0, mean_rms=1.0, max_rms=1.0)
    strict, wide = (Tolerance.against(framework, HALF, tier) for tier in (Tier.STRICT, Tier.INTERPRETER))
    for name in ("max_units", "mean_units", "mean_rms", "max_rms"):
        assert getattr(wide, name) == pytest.approx(3 * getattr(strict, name))


def test_float64_does_not_allow_what_float32_arithmetic_gives():
    assert SINGLE.slack == HALF.slack == 1e-6
    assert Precision(eps=2.0**-52, tiny=2.0**-1022).slack == 1e-12


@pytest.mark.parametrize(
    ("observed", "cap"), [(math.nan, 1.0), (1.0, math.nan), (2.0, 1.0), (math.inf, math.inf), (0.0, math.inf)]
)
def test_a_limit_rejects_what_is_not_provably_inside(observed, cap):
    limit = Limit(name="x", observed=observed, cap=cap)
    assert not limit.ok
    assert limit.share > 1


def test_a_limit_includes_its_cap():
    assert Limit(name="x", observed=1.0, cap=1.0).ok
    assert Limit(name="x", observed=0.0, cap=0.0).ok


def test_one_exceeded_rule_is_enough():
    good, bad = Limit(name="a", observed=0.5, cap=1.0), Limit(name="b", observed=3.0, cap=1.0)
    assert Agreement(subject="output", limits=(good, good)).ok
    assert not Agreement(subject="output", limits=(good, bad)).ok
    assert Agreement(subject="output", limits=(good, bad)).share == 3.0


def test_errors_in_units_of_the_row_maximum():
    reference = np.array([[1.0, -4.0], [0.5, 0.25]])
    values = reference + np.array([[0.0, 4.0], [0.0, 0.25]]) * HALF.eps
    found = errors_of(values, reference, HALF)
    assert found.max_units == pytest.approx(1.0)
    assert found.mean_units == pytest.approx((1.0 + 0.5) / 4)
    assert found.worst == (0, 1)


def test_rms_ratios_are_per_row():
    reference = np.array([[3.0, 4.0], [30.0, 40.0]])
    values = reference + np.array([[0.3, 0.4], [0.0, 0.0]])
    found = errors_of(values, reference, HALF)
    assert found.max_rms == pytest.approx(0.1)
    assert found.mean_rms == pytest.approx(0.05)


def test_elements_that_are_not_finite_take_no_part():
    reference = np.array([[1.0, np.inf, np.nan, 2.0]])
    values = np.array([[1.0, np.inf, np.nan, 2.0]])
    assert errors_of(values, reference, SINGLE) == NONE.__class__(
        max_units=0.0, mean_units=0.0, mean_rms=0.0, max_rms=0.0, worst=(0, 0)
    )


def test_a_row_of_zeros_is_measured_by_the_spacing_of_subnormals():
    zeros = np.zeros((1, 4))
    assert errors_of(zeros, zeros, SINGLE).max_units == 0.0
    assert errors_of(zeros + 1e-3, zeros, SINGLE).max_units > 1e30
    assert errors_of(zeros + SINGLE.eps * SINGLE.tiny, zeros, SINGLE).max_units == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3)])
def test_nothing_has_no_error(shape):
    assert errors_of(np.empty(shape), np.empty(shape), SINGLE) == NONE


def test_a_scalar_is_a_row_of_one():
    assert errors_of(np.array(1.5), np.array(1.0), HALF).max_rms == pytest.approx(0.5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12), st.floats(1e-3, 1e3), st.floats(-1e-2, 1e-2))
def test_scaling_both_sides_changes_nothing(row, factor, error):
    reference = np.array([row])
    reference[0, 0] = 1.0
    values = reference * (1 + error)
    plain, scaled = (errors_of(values * f, reference * f, HALF) for f in (1.0, factor))
    assert scaled.max_units == pytest.approx(plain.max_units, rel=1e-6, abs=1e-9)
    assert scaled.max_rms == pytest.approx(plain.max_rms, rel=1e-6, abs=1e-9)


MEASURED = ("max_units", "mean_units", "mean_rms", "max_rms")


def rounded(numbers, mantissa=7):
    """Return `numbers` rounded to as many bits after the first."""
    spacing = 2.0 ** (np.floor(np.log2(np.abs(numbers))) - mantissa)
    return np.rint(numbers / spacing) * spacing


def test_of_many_numbers_rounding_loses_what_is_expected():
    reference = np.random.default_rng(1).normal(size=(64, 512))
    seen, allowed = errors_of(rounded(reference), reference, HALF), rounding_errors(reference, HALF)
    assert seen.mean_units == pytest.approx(allowed.mean_units, rel=0.03)
    assert seen.mean_rms == pytest.approx(allowed.mean_rms, rel=0.03)
    assert allowed.max_units / 2 < seen.max_units <= allowed.max_units
    assert seen.max_rms == pytest.approx(allowed.max_rms, rel=0.2)


def test_of_one_number_it_may_lose_half_a_spacing():
    between = np.array([[1 + HALF.eps / 2]])
    seen, allowed = errors_of(rounded(between), between, HALF), rounding_errors(between, HALF)
    for name in MEASURED:
        assert getattr(allowed, name) == pytest.approx(getattr(seen, name), rel=1e-9)


@pytest.mark.parametrize("columns", [1, 2, 9, 65])
@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_of_few_numbers_it_seldom_loses_more_than_is_allowed(columns, spread):
    drawn = np.random.default_rng(columns)
    more = 0
    for _ in range(400):
        reference = drawn.normal(size=(1, columns)) * np.exp(spread * drawn.normal(size=(1, columns)))
        seen, allowed = errors_of(rounded(reference), reference, HALF), rounding_errors(reference, HALF)
        more += any(getattr(seen, name) > getattr(allowed, name) * (1 + 1e-9) for name in MEASURED)
    assert more <= 48


def test_what_a_format_holds_is_not_rounded():
    reference = np.array([[0.0, 1.0, 1 / 1024, -1.5, 1.0 + 1e-15, np.inf, np.nan]])
    assert rounding_errors(reference, HALF) == NONE


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3)])
def test_nothing_is_not_rounded(shape):
    assert rounding_errors(np.empty(shape), HALF) == NONE


def test_subnormal_numbers_are_rounded_to_the_smallest_of_them():
    reference = np.array([[SINGLE.tiny * SINGLE.eps * 2.5]])
    assert rounding_errors(reference, SINGLE).max_units == pytest.approx(0.5)


def test_explain_shows_every_rule_and_the_worst_element():
    agreement = Agreement(
        subject="output float32[2, 3] on cpu",
        tier=Tier.RELAXED,
        limits=(
            Limit(name="largest error / u", observed=812.0, cap=12.4),
            Limit(name="mean error / u", observed=0.5, cap=8.4),
        ),
        worst=(1, 2),
        got=0.0,
        wanted=0.25,
    )
    assert agreement.explain().splitlines() == [
        "output float32[2, 3] on cpu disagrees with its float64 reference (tier relaxed)",
        "                       observed    allowed",
        "  largest error / u         812       12.4  exceeded",
        "  mean error / u            0.5        8.4",
        "  worst at [1, 2]: got 0, expected 0.25",
    ]


def test_explain_says_that_it_agrees():
    assert Agreement(subject="output").explain() == "output agrees with its float64 reference (tier strict)"
    assert Agreement(subject="output", mismatch="has shape [1]").explain() == "output: has shape [1]"
