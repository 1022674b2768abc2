"""The base against itself: what is drawn, what it costs, what it forbids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_bolt.core.comparison import Interval, NullControl
from pytest_bolt.core.control import Control
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.plan import PlanSettings, plan
from pytest_bolt.core.steps import CloseCase, Decide, Failure, FailureKind, OpenCase, OpenPair, PlannedCase
from pytest_bolt.core.summary import control_text
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
    steps = plan(cases, PlanSettings(**settings), control)
    run_plan(steps, executor, decided=decided.append, progressed=lambda _step, _reply: None)
    return {decide.case: decide for decide in decided}, control


def controls_of(executor: ScriptedExecutor) -> list[OpenPair]:
    return [step for step in executor.steps if isinstance(step, OpenPair) and step.control]


def biased(size: float, cases: str = ""):
    """Make the control's second process slower by `size`, in all benchmarks or in some."""
    return lambda pair, case, side: (
        size if pair < 0 and side is Side.HEAD and (not cases or case in cases) else 0.0
    )


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
    assert 0.0 < control.found.floor < 0.02


def test_both_sides_of_the_control_are_the_base() -> None:
    _, control = run(ScriptedExecutor(times={"a": TWICE}))
    assert control.found is not None
    assert control.found.ratio.estimate == pytest.approx(1.0)


def test_a_verdict_does_not_rest_on_the_controls_rounds() -> None:
    decided, _ = run(ScriptedExecutor(times={"a": TWICE}))
    assert decided["a"].verdict is Verdict.SLOWER
    assert decided["a"].estimate is not None
    assert decided["a"].estimate.center == pytest.approx(0.693, abs=0.01)


def test_nothing_is_the_same_where_identical_code_differs_for_certain() -> None:
    executor = ScriptedExecutor(times={"a": SAME, "b": TWICE}, pair_noise=0.003, shift=biased(0.2))
    decided, control = run(executor)
    assert control.found is not None
    assert control.found.floor == pytest.approx(0.2, abs=0.02)
    assert 0.15 < control.found.certain < 0.2
    assert decided["a"].verdict is Verdict.INCONCLUSIVE
    assert decided["a"].reason.startswith("the base differs from itself by at least 1")
    assert decided["b"].verdict is Verdict.SLOWER  # far beyond it
    assert len(controls_of(executor)) == 3


def test_an_effect_within_the_certain_difference_does_not_count() -> None:
    slower = {Side.BASE: 1e4, Side.HEAD: 1.1e4}
    decided, _ = run(ScriptedExecutor(times={"a": slower}, pair_noise=0.003, shift=biased(0.3)))
    assert decided["a"].verdict is Verdict.INCONCLUSIVE


def test_a_certain_difference_is_said() -> None:
    ratio = Interval(estimate=1.2, low=1.18, high=1.22)
    found = NullControl(ratio=ratio, values=9, benchmarks=3, floor=0.21, certain=0.18)
    assert control_text(found).endswith("; noise floor 21 %, a difference of 18 % is certain")
    assert "certain" not in control_text(replace(found, certain=0.0))


def test_one_benchmark_that_differs_from_itself_is_enough() -> None:
    executor = ScriptedExecutor(
        times={str(index): SAME for index in range(3)}, pair_noise=0.003, shift=biased(0.5, "1")
    )
    decided, control = run(executor)
    assert control.found is not None
    assert control.found.floor > 0.4  # the trimmed mean over all would not show it
    assert {decide.verdict for decide in decided.values()} == {Verdict.INCONCLUSIVE}


def test_noise_of_the_control_alone_withholds_nothing() -> None:
    executor = ScriptedExecutor(times={str(index): SAME for index in range(12)}, shift=noisy(0.06))
    decided, control = run(executor)
    assert {decide.verdict for decide in decided.values()} == {Verdict.SAME}
    assert control.found is not None
    assert control.found.certain == 0.0
    assert control.found.floor > 0.05


def test_of_many_benchmarks_the_largest_is_not_the_floor() -> None:
    executor = ScriptedExecutor(
        times={str(index): SAME for index in range(200)}, pair_noise=0.002, seed=1,
        shift=lambda pair, case, side: 0.04 if pair < 0 and side is Side.HEAD and case == "7" else 0.0,
    )  # fmt: skip
    _, control = run(executor)
    assert control.found is not None
    assert control.found.benchmarks == 20
    assert control.found.floor < 0.01


@pytest.mark.parametrize(("budget_s", "starts_s", "pairs"), [(90, 6, 0), (600, 6, 3), (600, 25, 0)])
def test_confirmations_keep_nine_tenths_of_the_budget(budget_s: float, starts_s: float, pairs: int) -> None:
    executor = ScriptedExecutor(times={"a": TWICE, "b": SAME}, open_ns=int(starts_s * 1e9))
    run(executor, budget_ns=budget_s * 1e9)
    assert len(controls_of(executor)) == pairs


def test_slow_fixtures_end_the_control() -> None:
    class Slow(ScriptedExecutor):
        def execute(self, step):
            reply = super().execute(step)
            return (
                replace(reply, spent_ns=int(30e9)) if isinstance(step, OpenCase) and self._pair < 0 else reply
            )

    executor = Slow(times={"a": SAME, "b": SAME})
    _, control = run(executor, budget_ns=600e9)
    assert len(controls_of(executor)) == 1
    assert control.drawn


def test_a_long_call_is_not_repeated_for_the_control() -> None:
    seconds = {Side.BASE: 8e9, Side.HEAD: 8e9}
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


def test_a_crash_ends_the_control() -> None:
    failure = Failure(side=Side.HEAD, kind=FailureKind.CRASHED, message="gone")
    executor = ScriptedExecutor(
        times={"a": SAME, "b": SAME},
        failures={(-1, "a"): failure, (-1, "b"): failure},
        lost=[(-1, "a"), (-1, "b")],
    )
    decided, control = run(executor)
    assert {decide.verdict for decide in decided.values()} == {Verdict.SAME}
    assert len(controls_of(executor)) == 1
    assert control.found is None
    opened = [step.case for step in executor.steps if isinstance(step, OpenCase)]
    closed = [step.case for step in executor.steps if isinstance(step, CloseCase)]
    assert len(opened) == len(closed) + 1


def test_none_where_one_tree_is_measured_or_none_is_wanted() -> None:
    for settings in ({"sides": (Side.HEAD,)}, {"control_pairs": 0}):
        executor = ScriptedExecutor(times={"a": SAME})
        _, control = run(executor, **settings)
        assert controls_of(executor) == []
        assert control.found is None
