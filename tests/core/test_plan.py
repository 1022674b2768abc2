"""What is run next, on paper: no clock, no process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from pytest_bolt.core.judgement import Margins, PairRatio
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.plan import PlanSettings, plan
from pytest_bolt.core.progress import Budget, Progress
from pytest_bolt.core.quads import quads_in_pair
from pytest_bolt.core.steps import (
    CloseCase,
    Decide,
    Failure,
    FailureKind,
    OpenCase,
    OpenPair,
    PlannedCase,
    TimeRound,
)
from pytest_bolt.core.timing import Side
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.measuring.runner import run_plan
from pytest_bolt.testing import ScriptedExecutor

SAME = {Side.BASE: 1e4, Side.HEAD: 1e4}


def slowed(factor: float, base: float = 1e4) -> dict[Side, float]:
    return {Side.BASE: base, Side.HEAD: factor * base}


def run(
    executor: ScriptedExecutor, cases: Sequence[PlannedCase] | None = None, **settings: object
) -> dict[str, Decide]:
    decided: list[Decide] = []
    chosen = cases or [PlannedCase(key=key) for key in executor.times]
    settings.setdefault("control_pairs", 0)  # it has tests of its own
    steps = plan(chosen, PlanSettings(**settings))
    run_plan(steps, executor, decided=decided.append, progressed=lambda _step, _reply: None)
    assert len({decide.case for decide in decided}) == len(decided)
    return {decide.case: decide for decide in decided}


def pairs_of(executor: ScriptedExecutor) -> list[OpenPair]:
    return [step for step in executor.steps if isinstance(step, OpenPair)]


def test_equal_sides_are_the_same_after_screening() -> None:
    executor = ScriptedExecutor(times={"a": SAME, "b": SAME}, pair_noise=0.002)
    decided = run(executor)
    assert {key: decide.verdict for key, decide in decided.items()} == {"a": Verdict.SAME, "b": Verdict.SAME}
    assert [step.pair for step in pairs_of(executor)] == [0, 1, 2, 3]


def test_a_slowdown_is_confirmed_on_fresh_pairs_only() -> None:
    executor = ScriptedExecutor(times={"a": slowed(1.2)}, pair_noise=0.005)
    decide = run(executor)["a"]
    assert decide.verdict is Verdict.SLOWER
    assert decide.estimate is not None
    assert decide.estimate.pairs == 8
    assert len(pairs_of(executor)) == 1 + 3 + 8


def test_what_looked_extreme_by_chance_is_acquitted() -> None:
    def unlucky(pair: int, _case: str, side: Side) -> float:
        return 0.09 + 0.001 * pair if side is Side.HEAD and 0 < pair < 4 else 0.0

    decide = run(ScriptedExecutor(times={"a": SAME}, shift=unlucky))["a"]
    assert decide.verdict is Verdict.SAME
    assert decide.estimate is not None
    assert abs(decide.estimate.center) < 0.001
    assert set(decide.rounds[Side.HEAD]["pair"]) > {1, 2, 3}  # the screening rounds are stored all the same


def test_a_speedup_is_found() -> None:
    assert run(ScriptedExecutor(times={"a": slowed(0.8)}))["a"].verdict is Verdict.FASTER


def test_a_noisy_case_gets_pairs_up_to_the_limit_and_no_verdict() -> None:
    executor = ScriptedExecutor(times={"a": slowed(1.04), "b": SAME}, pair_noise=0.06, seed=3)
    decide = run(executor, most_pairs=10)["a"]
    assert decide.verdict is Verdict.INCONCLUSIVE
    assert decide.reason == "still undecided after 10 process pairs"


def test_quads_are_balanced_and_alternate() -> None:
    executor = ScriptedExecutor(times={"a": SAME})
    run(executor)
    rounds = [step for step in executor.steps if isinstance(step, TimeRound)]
    measured = [step.side for step in rounds if step.padding or step.parts == 2]
    assert Counter(measured)[Side.BASE] == Counter(measured)[Side.HEAD]
    quad = measured[:4]
    assert quad[0] == quad[3] != quad[1] == quad[2]
    assert measured[4:8] == [side.other for side in quad]


def test_both_sides_run_the_same_number_of_iterations() -> None:
    executor = ScriptedExecutor(times={"a": slowed(3.0)})
    run(executor)
    iterations = {
        step.iterations for step in executor.steps if isinstance(step, TimeRound) and step.parts == 2
    }
    assert iterations == {33}  # a millisecond of the slower side's 30 us


def test_only_the_checking_pair_checks() -> None:
    executor = ScriptedExecutor(times={"a": SAME})
    run(executor)
    assert [step.check for step in pairs_of(executor)] == [True, False, False, False]


def test_layout_and_order_differ_between_pairs() -> None:
    executor = ScriptedExecutor(times={str(index): SAME for index in range(12)})
    run(executor)
    opened = pairs_of(executor)
    assert len({step.paddings for step in opened}) == len(opened)
    assert len({step.order for step in opened[1:]}) == len(opened) - 1


def test_cases_of_one_module_stay_together() -> None:
    cases = [PlannedCase(key=f"{module}{index}", group=(module,)) for module in "abc" for index in range(5)]
    executor = ScriptedExecutor(times={case.key: SAME for case in cases})
    run(executor, cases)
    for step in pairs_of(executor):
        modules = [key[0] for key in step.order]
        assert [m for i, m in enumerate(modules) if i == 0 or modules[i - 1] != m] == list(
            dict.fromkeys(modules)
        )


def test_each_case_knows_which_follows() -> None:
    executor = ScriptedExecutor(times={"a": SAME, "b": SAME})
    run(executor)
    opened = [step for step in executor.steps if isinstance(step, OpenCase)][:2]
    assert [step.following for step in opened] == ["b", None]


def test_the_same_seed_gives_the_same_steps() -> None:
    first, second = (ScriptedExecutor(times={"a": SAME, "b": slowed(1.3)}, pair_noise=0.01) for _ in range(2))
    run(first, seed=5)
    run(second, seed=5)
    assert first.steps == second.steps


def test_long_calls_get_one_iteration_and_few_quads() -> None:
    executor = ScriptedExecutor(times={"a": slowed(1.0, base=2e8)})
    run(executor)
    rounds = [step for step in executor.steps if isinstance(step, TimeRound)]
    assert {(step.iterations, step.parts) for step in rounds[2:]} == {(1, 1)}
    assert len(rounds) == 2 + 3 * 4  # calibration, then one quad in each of three pairs


def test_costly_pairs_measure_more_in_each() -> None:
    cheap, costly = (ScriptedExecutor(times={"a": SAME}, open_ns=open_ns) for open_ns in (10**6, 10**9))
    run(cheap)
    run(costly)
    quads = [
        len(run_) for run_ in ([s for s in e.steps if isinstance(s, TimeRound)] for e in (cheap, costly))
    ]
    assert quads[1] > 2 * quads[0]


def test_when_time_is_up_the_rest_is_inconclusive() -> None:
    executor = ScriptedExecutor(times={"a": slowed(1.2), "b": SAME}, open_ns=10**9)
    decided = run(executor, budget_ns=3.5e9)
    assert {decide.verdict for decide in decided.values()} == {Verdict.INCONCLUSIVE}
    assert "time budget ended" in decided["a"].reason


def test_confirmations_come_first_when_time_is_short() -> None:
    def noisy(pair: int, case: str, side: Side) -> float:
        return 0.05 * (-1) ** pair if case == "b" and side is Side.HEAD else 0.0

    executor = ScriptedExecutor(
        times={"a": slowed(1.3), "b": slowed(1.0, base=5e8)}, open_ns=10**6, shift=noisy
    )
    decided = run(executor, budget_ns=9e9)
    assert decided["a"].verdict is Verdict.SLOWER
    assert decided["b"].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("side", "verdict"), [(Side.HEAD, Verdict.INCORRECT), (Side.BASE, Verdict.INCOMPARABLE)]
)
@pytest.mark.parametrize("pair", [0, 2])
def test_a_failure_decides_its_case_and_no_other(pair: int, side: Side, verdict: Verdict) -> None:
    failure = Failure(side=side, kind=FailureKind.FAILED, message="wrong")
    executor = ScriptedExecutor(times={"a": SAME, "b": SAME}, failures={(pair, "a"): failure})
    decided = run(executor)
    assert (decided["a"].verdict, decided["a"].reason) == (verdict, "wrong")
    assert decided["b"].verdict is Verdict.SAME


def test_a_test_without_benchmark_call_gets_no_verdict() -> None:
    failure = Failure(side=Side.HEAD, kind=FailureKind.UNMEASURED, message="the test made no benchmark call")
    decided = run(ScriptedExecutor(times={"a": SAME}, failures={(0, "a"): failure}))
    assert decided["a"].verdict is None


def test_after_a_crash_a_new_pair_takes_the_rest() -> None:
    failure = Failure(side=Side.HEAD, kind=FailureKind.CRASHED, message="signal 11")
    executor = ScriptedExecutor(times={"a": SAME, "b": SAME}, failures={(0, "a"): failure}, lost=[(0, "a")])
    decided = run(executor)
    assert decided["b"].verdict is Verdict.SAME
    assert [(step.pair, step.order) for step in pairs_of(executor)][:2] == [(0, ("a", "b")), (0, ("b",))]


def test_one_side_alone_is_measured_without_verdict() -> None:
    executor = ScriptedExecutor(times={"a": {Side.HEAD: 1e4}})
    decide = run(executor, sides=(Side.HEAD,))["a"]
    assert decide.verdict is None
    assert decide.times[Side.HEAD].ns == pytest.approx(1e4)
    assert Side.BASE not in decide.times


def test_margins_of_a_case_are_its_own() -> None:
    cases = [PlannedCase(key="a", margins=Margins(slower=0.5, faster=0.5)), PlannedCase(key="b")]
    executor = ScriptedExecutor(times={"a": slowed(1.2), "b": slowed(1.2)})
    decided = run(executor, cases)
    assert (decided["a"].verdict, decided["b"].verdict) == (Verdict.SAME, Verdict.SLOWER)


def test_every_case_that_was_opened_is_closed() -> None:
    executor = ScriptedExecutor(times={"a": SAME, "b": slowed(1.2)})
    run(executor)
    kinds = Counter(type(step) for step in executor.steps)
    assert kinds[OpenCase] == kinds[CloseCase]


def test_a_confirmation_that_would_not_fit_beside_the_rest_goes_alone() -> None:
    def noisy(pair: int, case: str, side: Side) -> float:
        return 0.2 * (-1) ** pair if case != "a" and side is Side.HEAD else 0.0

    times = {"a": slowed(1.3), **{str(index): SAME for index in range(20)}}
    executor = ScriptedExecutor(times=times, open_ns=10**7, shift=noisy)
    shared = run(executor, budget_ns=60e9)
    tight = ScriptedExecutor(times=times, open_ns=10**7, shift=noisy)
    decided = run(tight, budget_ns=5e9)
    assert shared["a"].verdict is decided["a"].verdict is Verdict.SLOWER
    assert any(step.order == ("a",) for step in pairs_of(tight))
    assert not any(step.order == ("a",) for step in pairs_of(executor))


def measured_once(quad_noise: float, call_ns: float = 1e5) -> int:
    """The quads of a case among a hundred, as noisy as was seen in its first pair."""
    progress = Progress(case=PlannedCase(key="a"), iterations=10, call_ns=call_ns)
    seen = PairRatio(pair=1, value=0.0, error=quad_noise / 2, quads=4)
    progress._ratios[1, Clock.FILTERED, 4, 4] = (seen,)
    return quads_in_pair(progress, 100, PlanSettings(), Budget(total_ns=1e12, start_ns=1e9))


def test_a_noisy_hour_gets_more_quads_a_pair() -> None:
    assert measured_once(0.0) == measured_once(0.02) == 5
    assert measured_once(0.03) == 9  # brings 3 % down to 1 %
    assert measured_once(0.5) == 20


def test_long_calls_get_no_more_quads_than_fit_into_their_time() -> None:
    assert measured_once(0.5, call_ns=2e6) == 1  # ten of them in two parts, four batches: 0.16 s a quad


def test_the_noise_inside_pairs_is_seen_and_met() -> None:
    def quads(round_noise: float) -> int:
        times = {str(index): SAME for index in range(30)}
        return run(ScriptedExecutor(times=times, round_noise=round_noise))["0"].quads

    assert quads(0.002) == 3 * 5
    assert quads(0.1) > 2 * quads(0.002)
