"""The base against itself: what is drawn, what it costs, what it forbids."""

from __future__ import annotations

import pytest

from pytest_bolt.core.comparison import Interval, NullControl
from pytest_bolt.core.control import Control
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.plan import PlanSettings, plan
from pytest_bolt.core.steps import CloseCase, Decide, Failure, FailureKind, OpenCase, OpenPair, PlannedCase
from pytest_bolt.core.timing import Side
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.measuring.runner import run_plan
from pytest_bolt.testing import ScriptedExecutor

SAME = {Side.BASE: 1e4, Side.HEAD: 1e4}
TWICE = {Side.BASE: 1e4, Side.HEAD: 2e4}


def run(
    executor: ScriptedExecutor, margin: float = 0.05, **settings: float
) -> tuple[dict[str, Decide], Control]:
    margins = Margins(slower=margin, faster=margin)
    decided: list[Decide] = []
    control = Control()
    cases = [PlannedCase(key=key, margins=margins) for key in executor.times]
    steps = plan(cases, PlanSettings(**settings), control)  # type: ignore[arg-type]
    run_plan(steps, executor, decided=decided.append, progressed=lambda _step, _reply: None)
    return {decide.case: decide for decide in decided}, control


def controls_of(executor: ScriptedExecutor) -> list[OpenPair]:
    return [step for step in executor.steps if isinstance(step, OpenPair) and step.control]


def noisy(size: float):
    """Put the control's second side off by `size` in turn."""
    return lambda pair, _case, side: size * (-1) ** pair if pair < 0 and side is Side.HEAD else 0.0


@pytest.mark.parametrize(("benchmarks", "drawn"), [(1, 1), (3, 3), (28, 3), (40, 4), (41, 5)])
def test_one_in_ten_is_drawn_and_at_least_three(benchmarks: int, drawn: int) -> None:
    executor = ScriptedExecutor(times={str(index): SAME for index in range(benchmarks)}, pair_noise=0.002)
    _, control = run(executor)
    assert [len(step.order) for step in controls_of(executor)] == [drawn] * 3
    assert control.found is not None
    assert (control.found.values, control.found.benchmarks) == (3 * drawn, drawn)
    assert 0.001 < control.found.floor < 0.02


def test_both_sides_of_the_control_are_the_base() -> None:
    _, control = run(ScriptedExecutor(times={"a": TWICE}))
    assert control.found is not None
    assert control.found.ratio.estimate == pytest.approx(1.0)


def test_a_verdict_does_not_rest_on_the_controls_rounds() -> None:
    decided, _ = run(ScriptedExecutor(times={"a": TWICE}))
    assert decided["a"].verdict is Verdict.SLOWER
    assert decided["a"].estimate is not None
    assert decided["a"].estimate.center == pytest.approx(0.693, abs=0.01)


def test_nothing_is_the_same_below_the_noise_floor() -> None:
    executor = ScriptedExecutor(times={"a": SAME, "b": TWICE}, shift=noisy(0.2))
    decided, control = run(executor)
    assert control.found is not None
    assert control.found.floor > 0.05
    assert decided["a"].verdict is Verdict.INCONCLUSIVE
    assert "the base seems to differ from itself by up to" in decided["a"].reason
    assert decided["b"].verdict is Verdict.SLOWER  # far beyond the floor
    assert len(controls_of(executor)) == 12  # more of them might have lowered the floor


def test_an_effect_below_the_noise_floor_does_not_count() -> None:
    slower = {Side.BASE: 1e4, Side.HEAD: 1.1e4}
    decided, _ = run(ScriptedExecutor(times={"a": slower}, shift=noisy(0.3)))
    assert decided["a"].verdict is Verdict.INCONCLUSIVE


def test_more_pairs_of_the_control_lower_a_floor_that_is_in_the_way() -> None:
    executor = ScriptedExecutor(times={"a": SAME, "b": SAME, "c": SAME}, shift=noisy(0.06))
    decided, control = run(executor)
    assert {decide.verdict for decide in decided.values()} == {Verdict.SAME}
    assert control.found is not None
    assert control.found.floor < 0.05
    assert 3 < len(controls_of(executor)) < 12


def test_a_long_call_is_not_repeated_for_the_control() -> None:
    seconds = {Side.BASE: 4e9, Side.HEAD: 4e9}
    executor = ScriptedExecutor(times={"long": seconds, "a": SAME})
    _, control = run(executor, budget_ns=600e9)
    assert {key for step in controls_of(executor) for key in step.order} == {"a"}
    assert control.found is not None


def test_what_fails_against_itself_is_no_control() -> None:
    failure = Failure(side=Side.BASE, kind=FailureKind.FAILED, message="flaky")
    executor = ScriptedExecutor(times={"a": SAME, "b": SAME}, failures={(-1, "a"): failure})
    decided, control = run(executor)
    assert {decide.verdict for decide in decided.values()} == {Verdict.SAME}
    assert [len(step.order) for step in controls_of(executor)] == [2, 1, 1]
    assert control.found is not None
    assert control.found.benchmarks == 1


def test_a_crash_of_the_control_costs_one_pair_of_it() -> None:
    failure = Failure(side=Side.HEAD, kind=FailureKind.CRASHED, message="gone")
    executor = ScriptedExecutor(
        times={"a": SAME, "b": SAME},
        failures={(-1, "a"): failure, (-1, "b"): failure},
        lost=[(-1, "a"), (-1, "b")],
    )
    decided, control = run(executor)
    assert {decide.verdict for decide in decided.values()} == {Verdict.SAME}
    assert len(control.drawn) == 1
    opened = [step.case for step in executor.steps if isinstance(step, OpenCase)]
    closed = [step.case for step in executor.steps if isinstance(step, CloseCase)]
    assert len(opened) == len(closed) + 1


def test_none_where_one_tree_is_measured_or_none_is_wanted() -> None:
    for settings in ({"sides": (Side.HEAD,)}, {"control_pairs": 0}):
        executor = ScriptedExecutor(times={"a": SAME})
        _, control = run(executor, **settings)  # type: ignore[arg-type]
        assert controls_of(executor) == []
        assert control.found is None


def test_the_floor_is_the_farther_end_of_the_interval() -> None:
    ratio = Interval(estimate=0.99, low=0.96, high=1.02)
    assert NullControl(ratio=ratio, values=9, benchmarks=3).floor == pytest.approx(1 / 0.96 - 1)
