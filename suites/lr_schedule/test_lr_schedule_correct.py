"""The schedule: a line up, half a cosine down, then level; also where a part has no length."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .. import reference

pytestmark = [
    pytest.mark.bolt(operation="run_get_lr_cosine_schedule"),
    pytest.mark.filterwarnings("ignore"),
]
RATES = ((1.0, 0.1), (3e-4, 1e-5), (2.0, 0.7), (0.5, 0.0), (1e-3, 1e-3))
SPANS = ((7, 21), (1, 2), (0, 10), (10, 11), (100, 1000), (3, 4), (0, 1))


def close(rate, wanted, scale):
    """Whether a rate is as wanted, up to float32 rounding of a rate as large as `scale`."""
    return not isinstance(rate, bool) and abs(float(rate) - wanted) <= 2e-6 * scale


def agrees(impl, it, rates, spans):
    """Hold one rate to the reference."""
    names = ("max_learning_rate", "min_learning_rate", "warmup_iters", "cosine_cycle_iters")
    wanted = reference.warmup_cosine(it, **dict(zip(names, (*rates, *spans), strict=True)))
    rate = impl.run_get_lr_cosine_schedule(it, *rates, *spans)
    assert close(rate, wanted, rates[0]), f"iteration {it} of {spans}: {rate!r}, expected {wanted!r}"
    return float(rate)


@pytest.mark.parametrize(
    ("it", "wanted"),
    [(0, 0.0), (1, 0.25), (3, 0.75), (4, 1.0), (6, 0.4 + 0.3 * (1 + math.sqrt(0.5))), (8, 0.7), (12, 0.4)],
)
def test_by_hand(impl, it, wanted):
    assert close(impl.run_get_lr_cosine_schedule(it, 1.0, 0.4, 4, 12), wanted, 1.0)


@pytest.mark.parametrize("rates", RATES, ids="{0[0]}-{0[1]}".format)
@pytest.mark.parametrize("spans", SPANS, ids="{0[0]}-{0[1]}".format)
def test_every_iteration(impl, rates, spans):
    warmup, end = spans
    for it in range(0, end + 5, max(1, end // 40)):
        agrees(impl, it, rates, spans)
    for it in (warmup - 1, warmup, warmup + 1, end - 1, end, end + 1):
        agrees(impl, max(0, it), rates, spans)


@pytest.mark.parametrize("beyond", [1, 2, 13, 14, 15, 28, 1000, 10**7])
@pytest.mark.parametrize("rates", RATES, ids="{0[0]}-{0[1]}".format)
def test_level_after_the_cycle(impl, rates, beyond):
    agrees(impl, 21 + beyond, rates, (7, 21))


@pytest.mark.parametrize("it", [0, 1, 5, 10, 11])
def test_no_warmup(impl, it):
    agrees(impl, it, (1e-3, 2e-4), (0, 10))


@pytest.mark.parametrize("length", [0, 1, 10])
def test_a_cycle_that_ends_with_the_warmup(impl, length):
    for it in range(length):
        agrees(impl, it, (1e-3, 2e-4), (length, length))
    # At the end itself the formula says 0/0: both ends of the cosine are an answer.
    at_the_end = impl.run_get_lr_cosine_schedule(length, 1e-3, 2e-4, length, length)
    assert any(close(at_the_end, wanted, 1e-3) for wanted in (1e-3, 2e-4))
    agrees(impl, length + 1, (1e-3, 2e-4), (length, length))


@settings(max_examples=60, deadline=None, print_blob=True, database=None)
@given(
    it=st.integers(0, 3000),
    low=st.floats(0.0, 1.0),
    high=st.floats(1e-6, 1.0),
    warmup=st.integers(0, 1000),
    length=st.integers(1, 1500),
)
@example(it=0, low=0.0, high=1.0, warmup=0, length=1)
def test_any_setting(impl, it, low, high, warmup, length):
    agrees(impl, it, (high, low * high), (warmup, warmup + length))


@pytest.mark.parametrize("spans", SPANS, ids="{0[0]}-{0[1]}".format)
def test_up_then_down(impl, spans):
    warmup, end = spans
    rates = [float(impl.run_get_lr_cosine_schedule(it, 1.0, 0.3, *spans)) for it in range(end + 3)]
    assert rates[: warmup + 1] == sorted(rates[: warmup + 1])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert max(rates) == rates[warmup] == 1.0
    assert rates[-1] == rates[-2] == pytest.approx(0.3)


def test_the_cosine_is_symmetric(impl):
    for step in range(15):
        first, second = (
            float(impl.run_get_lr_cosine_schedule(it, 1.0, 0.3, 7, 37)) for it in (7 + step, 37 - step)
        )
        assert first + second == pytest.approx(1.3)


def test_the_judge_can_fail():
    assert close(0.5, 0.5 + 1e-7, 1.0)
    assert not close(0.5, 0.5 + 1e-5, 1.0)
    assert not close(math.nan, 0.5, 1.0)
