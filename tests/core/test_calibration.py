"""What a run of a tree against itself says of the machine."""

from __future__ import annotations

import math

import pytest

from pytest_bolt.core.calibration import Calibration, calibrate, lines
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Revision, Run, Summary
from pytest_bolt.core.stats import interval
from pytest_bolt.core.verdict import Verdict


def compared(values, verdict=Verdict.SAME):
    found = interval(values)
    ratio = Interval(estimate=math.exp(found.center), low=math.exp(found.low), high=math.exp(found.high))
    return Comparison(
        case=Case(case_id=CaseId(node_id="a")), verdict=verdict, margin=0.05, ratio=ratio,
        detectable=math.expm1(found.detectable), pairs=len(values),
    )  # fmt: skip


def summary(*comparisons):
    run = Run(
        run_id="0", started=None, command=(), head=Revision(commit="c"), base=Revision(commit="c"),
        environment=Environment(facts={}), mode="paired",
    )  # fmt: skip
    return Summary(run=run, comparisons=comparisons, collected=len(comparisons))


def test_the_spread_between_pairs_is_recovered():
    found = calibrate(summary(compared([-0.04, 0.0, 0.04])), spent_s=6.0)
    assert found.spreads == (pytest.approx(0.04),)
    assert found.pair_s == 2.0
    assert found.alarms == 0


def test_false_alarms_are_counted():
    found = calibrate(summary(compared([0.1, 0.1, 0.11], Verdict.SLOWER), compared([0.0, 0.0, 0.01])), 1.0)
    assert found.alarms == 1
    assert "1 of 2 called slower or faster" in next(lines(found))


def test_nothing_measured_is_no_calibration():
    unmeasured = Comparison(case=Case(case_id=CaseId(node_id="a")), verdict=Verdict.INCORRECT, margin=0.05)
    assert calibrate(summary(unmeasured), 1.0) is None


def test_a_smaller_margin_takes_more_pairs_and_a_noisier_machine_a_wider_margin():
    quiet, noisy, hopeless = (Calibration(spreads=(s,) * 9, alarms=0, pair_s=0.5) for s in (0.01, 0.04, 0.5))
    assert quiet.pairs_for(0.01) > quiet.pairs_for(0.02) > quiet.pairs_for(0.05) >= 3
    assert quiet.recommended() == 0.02
    assert noisy.recommended() > quiet.recommended()
    assert hopeless.recommended() is None
    assert list(lines(hopeless))[-1] == "no margin up to 20 % can be recommended: quieten the machine"


def test_the_noisiest_benchmarks_decide():
    mostly = Calibration(spreads=(0.01,) * 8 + (0.06,) * 2, alarms=0, pair_s=0.5)
    assert mostly.recommended() > 0.05


def test_the_table():
    assert list(lines(Calibration(spreads=(0.01, 0.01), alarms=0, pair_s=0.25))) == [
        "this tree against itself: 0 of 2 called slower or faster than themselves",
        "noise between process pairs: 1 % at the median, 1 % for the noisiest tenth",
        "margin  process pairs  seconds a benchmark",
        "   1 %             12                  3.0",
        "   2 %              6                  1.5",
        "   3 %              4                  1.0",
        "   5 %              4                  1.0",
        " 7.5 %              3                  0.8",
        "  10 %              3                  0.8",
        "  15 %              3                  0.8",
        "  20 %              3                  0.8",
        "recommended: --bolt-margin=2%",
    ]
