from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.conclusion import Outcome, conclude, overall
from pytest_bolt.core.expectation import parse
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict


def compared(low=0.9, high=1.1, *, node_id="a.py::t", verdict=Verdict.SAME, workload=None, **fields):
    """Return a comparison of 100 us with 100 us times the middle of the interval."""
    middle = (low + high) / 2
    defaults = {
        "ratio": Interval(estimate=middle, low=low, high=high),
        "base_time": IterationTime(100e3),
        "head_time": IterationTime(100e3 * middle),
        "detectable": 0.03,
        "pairs": 8,
    }
    case = Case(case_id=CaseId(node_id=node_id), workload=workload or Workload())
    return Comparison(case=case, verdict=verdict, margin=0.05, **(defaults | fields))


def unmeasured(verdict, **fields):
    return compared(verdict=verdict, ratio=None, base_time=None, **{"head_time": None, **fields})


def metric(name, unit, base, head, ratio=None):
    return Metric(name=name, unit=unit, better="lower", base=base, head=head, ratio=ratio)


def outcome(text, *comparisons):
    return str(conclude(parse(text), comparisons).outcome)


@pytest.mark.parametrize(
    ("text", "low", "high", "expected"),
    [
        ("time <= 0.95x base", 0.90, 0.94, "confirmed"),
        ("time <= 0.95x base", 0.90, 0.95, "confirmed"),
        ("time <= 0.95x base", 0.90, 0.96, "inconclusive"),
        ("time <= 0.95x base", 0.96, 0.97, "refuted"),
        ("time <= -4.5%", 0.90, 0.95, "confirmed"),
        ("time >= 1.1x base", 1.2, 1.3, "confirmed"),
        ("time >= 1.1x base", 1.0, 1.09, "refuted"),
        ("time >= 1.1x base", 1.0, 1.2, "inconclusive"),
        ("speedup >= 2x", 0.4, 0.5, "confirmed"),
        ("speedup >= 2x", 0.4, 0.51, "inconclusive"),
        ("speedup >= 2x", 0.51, 0.6, "refuted"),
        ("throughput >= +100%", 0.4, 0.5, "confirmed"),
        ("throughput <= 1x base", 0.4, 0.5, "refuted"),
        ("time <= 99 us", 0.9, 0.98, "confirmed"),
        ("time <= 99 us", 0.9, 1.0, "inconclusive"),
        ("time <= 99 us", 1.0, 1.1, "refuted"),
        ("time <= 1x base", 0.9, math.inf, "inconclusive"),
        ("time <= 1x base", math.nan, math.nan, "inconclusive"),
    ],
)
def test_the_interval_decides(text, low, high, expected):
    assert outcome(text, compared(low, high)) == expected


def test_absolute_throughput():
    made = compared(0.5, 0.5, workload=Workload(bytes=1_000_000, flops=2_000_000))
    # in 50 us: 1 MB is 20 GB/s, 2 MFLOP are 40 GFLOP/s, one call is 20,000 a second
    for at_least, above in (
        ("20 GB/s", "20.1 GB/s"),
        ("40 GFLOP/s", "40.1 GFLOP/s"),
        ("20 kit/s", "20.1 kit/s"),
    ):
        assert outcome(f"throughput >= {at_least}", made) == "confirmed"
        assert outcome(f"throughput >= {above}", made) == "refuted"


def test_rate_of_undeclared_work():
    conclusion = conclude(parse("throughput >= 1 GB/s"), [compared()])
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert conclusion.reason == "the benchmark does not declare its work, so there is no rate in B/s"


@pytest.mark.parametrize(
    ("text", "recorded", "expected"),
    [
        ("peak_memory <= 1.2 GB", metric("peak_memory", "B", 2e9, 1.2e9), "confirmed"),
        ("peak_memory <= 1.2 GB", metric("peak_memory", "B", None, 1.3e9), "refuted"),
        ("peak_memory <= 1 GiB", metric("peak_memory", "MiB", None, 1024), "confirmed"),
        ("peak_memory <= -40%", metric("peak_memory", "B", 2e9, 1.2e9), "confirmed"),
        ("peak_memory <= -41%", metric("peak_memory", "B", 2e9, 1.2e9), "refuted"),
        ("error <= 1e-6", metric("error", "", 0.0, 0.0), "confirmed"),
        ("error <= 1x base", metric("error", "", 1e-7, 0.0), "confirmed"),
        ("error <= 1x base", metric("error", "", 0.0, 0.0), "inconclusive"),
        ("loss <= 1x base", metric("loss", "nats", 2.6811, 2.6811), "confirmed"),
        ("loss <= 0.9x base", metric("loss", "nats", -3.0, -2.9), "inconclusive"),
        ("loss <= 2.6 nats", metric("loss", "nats", -3.0, math.nan), "inconclusive"),
        ("loss <= 2 bits", metric("loss", "nats", 1.0, 1.0), "inconclusive"),
        (
            "loss <= 2 nats",
            metric("loss", "nats", 1.0, 1.9, Interval(estimate=1.9, low=1.5, high=2.3)),
            "inconclusive",
        ),
        ("cpu_time <= 0.9x base", metric("cpu_time", "ns", 10.0, 8.0), "confirmed"),
    ],
)
def test_recorded_metrics(text, recorded, expected):
    assert outcome(text, compared(metrics=(recorded,))) == expected


def test_units_that_do_not_fit():
    made = compared(metrics=(metric("loss", "nats", 1.0, 1.0),))
    assert (
        conclude(parse("loss <= 2 bits"), [made]).reason
        == "it is measured in `nats`, the expectation is in `bits`"
    )


def test_base_that_has_no_ratio():
    made = compared(metrics=(metric("loss", "nats", -3.0, 1.0),))
    assert conclude(parse("loss <= 1x base"), [made]).reason == "a ratio to the base's -3 nats means nothing"


def test_clock_that_decided_is_its_own_metric():
    assert outcome("cpu_time <= 1x base", compared(0.8, 0.9, clock=Clock.CPU)) == "confirmed"
    assert outcome("device_time <= 1x base", compared(0.8, 0.9, clock=Clock.DEVICE)) == "confirmed"
    assert outcome("cpu_time <= 1x base", compared(0.8, 0.9)) == "not applicable"


def test_no_benchmark_matches():
    conclusion = conclude(parse("other: time <= 1x base"), [compared(0.5, 0.6)])
    assert conclusion.outcome is Outcome.NOT_APPLICABLE
    assert conclusion.reason == "no benchmark of this run matches `other`"


def test_nothing_was_run():
    assert conclude(parse("time <= 1x base"), []).reason == "nothing was run"
    assert outcome("time <= 1x base") == "not applicable"


def test_no_benchmark_recorded_the_metric():
    bare = conclude(parse("loss <= 1"), [compared()])
    other = conclude(parse("loss <= 1"), [compared(metrics=(metric("perplexity", "", 1.0, 1.0),))])
    assert (bare.outcome, other.outcome) == (Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE)
    assert bare.reason == "no matching benchmark has a value for `loss`; nothing was recorded"
    assert other.reason == "no matching benchmark has a value for `loss`; recorded: perplexity"


def test_wrong_answer_refutes_whatever_its_time():
    wrong = compared(0.1, 0.2, verdict=Verdict.INCORRECT, reason="zeros\nonly")
    conclusion = conclude(parse("time <= 1x base"), [wrong])
    assert conclusion.outcome is Outcome.REFUTED
    assert conclusion.reason == "the answer is wrong: zeros only"
    assert conclusion.findings[0].observed is None
    assert outcome("loss <= 1", wrong) == "refuted"


@pytest.mark.parametrize("verdict", [Verdict.NEW, Verdict.MISSING, Verdict.INCOMPARABLE])
def test_nothing_to_compare_with_confirms_nothing(verdict):
    conclusion = conclude(parse("time <= 1x base"), [unmeasured(verdict, reason="no such name")])
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert conclusion.reason == f"there are not two sides to compare, it is {verdict}: no such name"


def test_absolute_bound_needs_no_base():
    assert outcome("time <= 2 us", unmeasured(Verdict.NEW, head_time=IterationTime(1500.0))) == "confirmed"


@pytest.mark.parametrize(
    ("intervals", "expected", "reason"),
    [
        (
            [(0.5, 0.6), (0.6, 0.7)],
            "confirmed",
            "2 of 2 benchmarks confirmed; b0: -45.0 % [-50.0 %, -40.0 %]",
        ),
        ([(0.5, 0.6), (1.2, 1.3)], "refuted", "1 of 2 benchmarks refuted; b1: +25.0 %"),
        ([(0.5, 0.6), (0.9, 1.1)], "inconclusive", "1 of 2 benchmarks inconclusive; b1: +0.0 %"),
        ([(1.2, 1.3), (0.9, 1.1)], "refuted", "1 of 2 benchmarks refuted; b0"),
    ],
)
def test_several_benchmarks(intervals, expected, reason):
    made = [compared(low, high, node_id=f"b{n}") for n, (low, high) in enumerate(intervals)]
    conclusion = conclude(parse("time <= 1x base"), made)
    assert str(conclusion.outcome) == expected
    assert conclusion.reason.startswith(reason)
    assert len(conclusion.findings) == 2


def test_only_matching_benchmarks_count():
    good, bad = compared(0.5, 0.6, node_id="a.py::good"), compared(1.2, 1.3, node_id="a.py::bad")
    assert outcome("good: time <= 1x base", good, bad) == "confirmed"


def test_confirmed_and_refuted_say_the_interval():
    made = compared(0.9, 0.94)
    assert (
        conclude(parse("time <= 0.95x base"), [made]).reason == "-8.0 % [-10.0 %, -6.0 %] is wholly <= -5.0 %"
    )
    assert (
        conclude(parse("time <= 0.85x base"), [made]).reason
        == "-8.0 % [-10.0 %, -6.0 %] is nowhere <= -15.0 %"
    )
    assert (
        conclude(parse("time <= 50 us"), [made]).reason == "92.0 us [90.0 us, 94.0 us] is nowhere <= 50.0 us"
    )
    assert conclude(parse("speedup >= 1.05x"), [made]).reason == "1.09x [1.06x, 1.11x] is wholly >= 1.05x"


def test_inconclusive_says_what_could_have_been_decided():
    # estimate 0.94, half width 0.04, bound 0.95: (0.04 / 0.01)^2 = 16 times the 8 pairs
    assert conclude(parse("time <= 0.95x base"), [compared(0.9, 0.98, detectable=0.04)]).reason == (
        "-6.0 % [-10.0 %, -2.0 %] lies on both sides of -5.0 %; decidable here would have been a value under "
        "-8.8 % or over -1.2 %, or this one with about 128 process pairs (8 were used)"
    )


def test_inconclusive_at_the_bound_itself_asks_for_no_pairs():
    reason = conclude(parse("time <= 1x base"), [compared(0.9, 1.1, detectable=None)]).reason
    assert reason.endswith("decidable here would have been a value under -10.0 % or over +10.0 %")


def test_interval_without_end_decides_nothing():
    reason = conclude(parse("time <= 1x base"), [compared(0.9, math.inf)]).reason
    assert reason.endswith(
        "lies on both sides of +0.0 %; its interval has no end, so that nothing was decidable"
    )


def test_interval_that_reaches_zero_time():
    assert conclude(parse("speedup >= 1x"), [compared(0.0, 1.0)]).reason == "its interval reaches zero time"


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "not applicable"),
        (["confirmed"], "confirmed"),
        (["confirmed", "not applicable"], "inconclusive"),
        (["confirmed", "inconclusive"], "inconclusive"),
        (["not applicable", "refuted", "confirmed"], "refuted"),
        (["not applicable"], "not applicable"),
    ],
)
def test_overall(outcomes, expected):
    assert str(overall(map(Outcome, outcomes))) == expected


@given(st.floats(0.1, 10), st.floats(0, 2), st.floats(0.1, 10))
def test_speedup_mirrors_time(low, width, factor):
    made = compared(low, low + width)
    time, speedup = (parse(text) for text in (f"time <= {factor!r}x base", f"speedup >= {1 / factor!r}x"))
    near = any(abs(edge / factor - 1) < 1e-12 for edge in (low, low + width))
    assert near or conclude(time, [made]).outcome is conclude(speedup, [made]).outcome
