"""Sides that are never held together, processes with threads of their own, memory after the timing."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_bolt.core.plan import PlanSettings, plan
from pytest_bolt.core.progress import Progress
from pytest_bolt.core.quads import MEMORY_CALL_NS, visits
from pytest_bolt.core.steps import (
    CloseCase,
    Decide,
    Failure,
    FailureKind,
    OpenCase,
    OpenPair,
    PlannedCase,
    Reply,
    Step,
    TakeMemory,
    TimeRound,
)
from pytest_bolt.core.timing import Clock, Side
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.measuring.runner import run_plan
from pytest_bolt.testing import ScriptedExecutor

EVEN = {Side.BASE: 1e4, Side.HEAD: 1e4}
SLOWER = {Side.BASE: 1e4, Side.HEAD: 1.3e4}


def run(executor: ScriptedExecutor, *cases: PlannedCase, **settings: object) -> dict[str, Decide]:
    decided: list[Decide] = []
    settings.setdefault("control_pairs", 0)
    steps = plan(cases, PlanSettings(**settings))
    run_plan(steps, executor, decided=decided.append, progressed=lambda _step, _reply: None)
    return {decide.case: decide for decide in decided}


def by_pair(steps: list[Step]) -> list[list[Step]]:
    found: list[list[Step]] = []
    for step in steps:
        if isinstance(step, OpenPair):
            found.append([])
        found[-1].append(step)
    return found


def test_one_side_runs_to_its_end_before_the_other_begins():
    executor = ScriptedExecutor(times={"a": SLOWER})
    decide = run(executor, PlannedCase(key="a", interleave=False))["a"]
    assert decide.verdict is Verdict.SLOWER
    held: set[Side] = set()
    for step in executor.steps:
        match step:
            case OpenCase():
                assert not held
                held = set(step.sides)
                assert len(held) == 1
                assert step.following is None  # nothing that it set up outlives it
            case TimeRound():
                assert step.side in held
            case CloseCase():
                held = set()
    assert not held


def test_both_sides_are_timed_as_often_as_when_they_are_interleaved():
    counts = []
    for interleave in (True, False):
        executor = ScriptedExecutor(times={"a": EVEN}, open_ns=0)
        run(executor, PlannedCase(key="a", interleave=interleave))
        measured = by_pair(executor.steps)[1:]
        sides = [Counter(s.side for s in pair if isinstance(s, TimeRound)) for pair in measured]
        assert all(found[Side.BASE] == found[Side.HEAD] for found in sides)
        counts.append(sides[0])
    assert counts[0] == counts[1]


def test_the_order_of_the_sides_is_drawn_and_balanced():
    progress = Progress(case=PlannedCase(key="a", interleave=False))
    firsts = {
        seed: [visits(pair, progress, PlanSettings(seed=seed))[0][0] for pair in range(1, 9)]
        for seed in range(8)
    }
    for order in firsts.values():
        assert all(first is not second for first, second in zip(order[::2], order[1::2], strict=True))
    assert len({tuple(order) for order in firsts.values()}) > 4
    assert {visits(0, progress, PlanSettings(seed=seed))[0][0] for seed in range(8)} == {Side.HEAD}


def test_the_head_answers_for_what_fails_on_both_sides():
    """It runs first in the checking pair, and a base that never ran is not blamed."""
    failure = Failure(side=Side.HEAD, kind=FailureKind.FAILED, message="wrong")
    executor = ScriptedExecutor(times={"a": EVEN}, failures={(0, "a"): failure})
    assert run(executor, PlannedCase(key="a", interleave=False))["a"].verdict is Verdict.INCORRECT
    assert [step.sides for step in executor.steps if isinstance(step, OpenCase)] == [(Side.HEAD,)]


def test_a_run_of_one_side_has_nothing_to_keep_apart():
    executor = ScriptedExecutor(times={"a": EVEN})
    run(executor, PlannedCase(key="a", interleave=False), sides=(Side.HEAD,))
    assert {step.sides for step in executor.steps if isinstance(step, OpenCase)} == {(Side.HEAD,)}


def test_each_number_of_threads_has_processes_of_its_own():
    executor = ScriptedExecutor(times={"a": EVEN, "b": EVEN, "c": EVEN})
    cases = [
        PlannedCase(key="a"),
        PlannedCase(key="b", threads=4, parallel=True),
        PlannedCase(key="c", threads=4, parallel=True),
    ]
    decided = run(executor, *cases)
    for pair in by_pair(executor.steps):
        opened = {step.case for step in pair if isinstance(step, OpenCase)}
        assert (pair[0].threads, opened) in [(None, {"a"}), (4, {"b", "c"})]
    numbers = Counter(step.pair for step in executor.steps if isinstance(step, OpenPair))
    assert set(numbers.values()) == {2}
    assert {decided[key].clock for key in "bc"} == {Clock.WALL}
    assert decided["a"].clock is Clock.FILTERED


def test_the_null_control_runs_in_one_kind_of_process():
    executor = ScriptedExecutor(times=dict.fromkeys("abcde", EVEN))
    cases = [PlannedCase(key=key, threads=4 if key in "abc" else None) for key in "abcde"]
    run(executor, *cases, control_pairs=3, screening_pairs=3)
    control = [pair for pair in by_pair(executor.steps) if pair[0].control]
    assert len(control) == 3
    for pair in control:
        assert pair[0].threads == 4
        assert {step.case for step in pair if isinstance(step, OpenCase)} <= set("abc")


def test_no_group_is_begun_once_the_budget_is_spent():
    executor = ScriptedExecutor(times={"a": EVEN, "b": EVEN}, open_ns=10**9)
    run(executor, PlannedCase(key="a"), PlannedCase(key="b", threads=2), budget_ns=1e9)
    assert [step.pair for step in executor.steps if isinstance(step, OpenPair)] == [0, 0, 1]


def test_the_clock_that_was_asked_for_decides():
    executor = ScriptedExecutor(times={"a": EVEN})
    decide = run(executor, PlannedCase(key="a", clock=Clock.CPU))["a"]
    assert decide.clock is Clock.CPU
    assert {step.clock for step in executor.steps if isinstance(step, OpenCase)} == {Clock.CPU}


@pytest.mark.parametrize("interleave", [True, False])
def test_memory_is_looked_at_after_the_timing_of_each_pair(interleave):
    executor = ScriptedExecutor(times={"a": EVEN})
    run(executor, PlannedCase(key="a", memory=True, interleave=interleave), control_pairs=3)
    first, *others = [pair for pair in by_pair(executor.steps) if not pair[0].control]
    assert not any(isinstance(step, TakeMemory) for step in first)
    for pair in others:
        taken = [step.side for step in pair if isinstance(step, TakeMemory)]
        assert sorted(taken) == [Side.BASE, Side.HEAD]
        for side in Side:
            last = max(
                at for at, step in enumerate(pair) if isinstance(step, TimeRound) and step.side is side
            )
            assert last < next(
                at for at, step in enumerate(pair) if isinstance(step, TakeMemory) and step.side is side
            )
    controls = [step for pair in by_pair(executor.steps) if pair[0].control for step in pair]
    assert not any(isinstance(step, TakeMemory) for step in controls)


def test_a_long_call_is_not_repeated_for_its_memory():
    slow = dict.fromkeys(Side, 1.1 * MEMORY_CALL_NS)
    executor = ScriptedExecutor(times={"a": slow})
    decide = run(executor, PlannedCase(key="a", memory=True))["a"]
    assert not any(isinstance(step, TakeMemory) for step in executor.steps)
    assert "memory was not looked at: a call takes longer than ten seconds" in decide.warnings


def test_every_look_at_a_candidate_can_confirm_it():
    """No number of pairs is allowed at which the confirming quantile lies out of reach."""
    for pairs in (8, *PlanSettings().confirming_looks):
        executor = ScriptedExecutor(times={"a": SLOWER}, pair_noise=0.002)
        decide = run(executor, PlannedCase(key="a"), confirming_pairs=pairs, confirming_looks=())["a"]
        assert decide.verdict is Verdict.SLOWER
        assert decide.estimate.pairs == pairs


class DiesWatched(ScriptedExecutor):
    """Its process ends when one benchmark's memory is looked at."""

    def execute(self, step: Step) -> Reply:
        if isinstance(step, TakeMemory) and step.case == "a":
            self.steps.append(step)
            failure = Failure(side=step.side, kind=FailureKind.CRASHED, message="killed")
            return Reply(failure=failure, lost=True)
        return super().execute(step)


def test_a_process_that_dies_while_its_memory_is_looked_at_takes_no_other_benchmark_with_it():
    executor = DiesWatched(times={"a": EVEN, "b": EVEN})
    decided = run(executor, PlannedCase(key="a", memory=True), PlannedCase(key="b", memory=True))
    assert decided["a"].failure is not None
    assert decided["a"].verdict in {Verdict.INCORRECT, Verdict.INCOMPARABLE}
    assert decided["b"].verdict is Verdict.SAME
