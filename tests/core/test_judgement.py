"""From rounds to verdicts: clocks, pairing, the two conditions of an effect."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core import judgement
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.measurement import Clock, RoundTable, Timing, join_rounds, rounds_of
from pytest_bolt.core.stats import Estimate, interval
from pytest_bolt.core.units import BatchTime
from pytest_bolt.core.verdict import Verdict


def part(wall: float, cpu: float | None = None, **rest: int | BatchTime) -> Timing:
    values = {
        "iterations": 1,
        "wall": BatchTime(wall),
        "cpu": BatchTime(wall if cpu is None else cpu),
        **rest,
    }
    return Timing(**values)


def rounds(*values: float, pair: int = 1, **rest: int | BatchTime) -> RoundTable:
    return join_rounds(rounds_of(pair, quad, 0, [part(value, **rest)]) for quad, value in enumerate(values))


def estimate(center: float, low: float, high: float) -> Estimate:
    return Estimate(center=center, low=low, high=high, error=0.01, pairs=8)


@pytest.mark.parametrize(
    ("center", "low", "high", "verdict"),
    [
        (0.10, 0.06, 0.14, Verdict.SLOWER),
        (0.10, 0.001, 0.20, Verdict.SLOWER),
        (0.10, -0.001, 0.20, Verdict.INCONCLUSIVE),
        (0.04, 0.01, 0.07, Verdict.INCONCLUSIVE),
        (0.03, 0.02, 0.04, Verdict.SAME),
        (-0.10, -0.14, -0.06, Verdict.FASTER),
        (0.0, -0.06, 0.04, Verdict.INCONCLUSIVE),
    ],
)
def test_an_effect_needs_interval_and_margin(
    center: float, low: float, high: float, verdict: Verdict
) -> None:
    assert judgement.judge(estimate(center, low, high), Margins()) is verdict


_MIRROR = {Verdict.SLOWER: Verdict.FASTER, Verdict.FASTER: Verdict.SLOWER}


@given(st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=20))
def test_swapping_sides_mirrors_the_verdict(values: list[float]) -> None:
    there = judgement.judge(interval(values), Margins())
    back = judgement.judge(interval([-value for value in values]), Margins())
    assert back is _MIRROR.get(there, there)


def test_each_direction_has_its_own_margin() -> None:
    margins = Margins(slower=0.02, faster=0.10)
    assert judgement.judge(estimate(0.03, 0.01, 0.05), margins) is Verdict.SLOWER
    assert judgement.judge(estimate(-0.03, -0.05, -0.01), margins) is Verdict.SAME


def test_a_side_against_itself_is_the_same() -> None:
    table = join_rounds(rounds(1e6, 1.1e6, 0.9e6, 1e6, 1.05e6, pair=pair) for pair in range(1, 5))
    ratios = judgement.pair_ratios(table, table, Clock.FILTERED)
    assert [ratio.value for ratio in ratios] == [0.0] * 4
    assert judgement.judge(judgement.estimate(ratios), Margins()) is Verdict.SAME


@given(st.floats(0.01, 100), st.lists(st.floats(1e3, 1e7), min_size=3, max_size=8))
def test_scaling_both_sides_changes_no_ratio(factor: float, values: list[float]) -> None:
    base, head = rounds(*values), rounds(*(1.2 * value for value in values))
    scaled = [rounds(*(factor * value for value in side)) for side in (values, [1.2 * v for v in values])]
    plain = judgement.pair_ratios(base, head, Clock.FILTERED)[0].value
    assert judgement.pair_ratios(*scaled, Clock.FILTERED)[0].value == pytest.approx(plain, abs=0.1)


def test_a_batch_is_divided_by_its_iterations_once() -> None:
    table = join_rounds(
        rounds_of(1, quad, 0, [Timing(iterations=100, wall=BatchTime(2e6), cpu=BatchTime(2e6))])
        for quad in range(3)
    )
    assert judgement.typical_time(table, Clock.FILTERED).ns == pytest.approx(20_000)


def test_only_pairs_that_both_sides_have_count() -> None:
    base = join_rounds([rounds(1.0, 1.0, pair=1), rounds(1.0, pair=2)])
    head = rounds(2.0, 2.0, pair=1)
    ratios = judgement.pair_ratios(base, head, Clock.WALL)
    assert [(ratio.pair, ratio.quads) for ratio in ratios] == [(1, 2)]
    assert ratios[0].value == pytest.approx(math.log(2))


def test_preempted_parts_are_left_out() -> None:
    table = rounds_of(1, 0, 0, [part(100.0), part(900.0, cpu=100.0)])
    assert judgement.round_values(table, Clock.FILTERED)[2] == pytest.approx([100.0])


def test_a_round_that_was_preempted_throughout_counts_its_cpu_time() -> None:
    table = rounds_of(1, 0, 0, [part(500.0, cpu=101.0), part(900.0, cpu=99.0)])
    assert judgement.round_values(table, Clock.FILTERED)[2] == pytest.approx([100.0])


@pytest.mark.parametrize(
    ("table", "clock"),
    [
        (rounds(1e6, 1e6), Clock.FILTERED),
        (rounds(1e6, 1e6, cpu=1e5, involuntary=3), Clock.FILTERED),
        (rounds(1e6, 1e6, cpu=1e5, voluntary=1), Clock.WALL),  # sleeps by its own will
        (rounds(1e6, 1e6, cpu=9.5e5, voluntary=1), Clock.WALL),  # a little sleep is sleep too
        (rounds(1e6, 1e6, cpu=9.5e5, voluntary=1, involuntary=2), Clock.FILTERED),
        (rounds(1e6, 1e6, cpu=3.5e6), Clock.WALL),  # several threads
        (rounds(1e3, 1e3, cpu=3.5e3), Clock.FILTERED),  # reading the clocks takes longer than the call
        (rounds(1e6, 1e6, device=BatchTime(1e4)), Clock.WALL),  # the host is what takes the time
        (rounds(1e6, 1e6, device=BatchTime(9e5)), Clock.DEVICE),
    ],
)
def test_the_work_chooses_its_clock(table: RoundTable, clock: Clock) -> None:
    assert judgement.choose_clock(table, table) is clock


def test_one_side_that_waits_decides_the_clock_for_both() -> None:
    assert judgement.choose_clock(rounds(1e6), rounds(2e6, cpu=1e5, voluntary=2)) is Clock.WALL


def test_no_rounds_have_a_clock_and_no_time() -> None:
    nothing = rounds()
    assert judgement.choose_clock(nothing, nothing) is Clock.FILTERED
    assert math.isnan(judgement.typical_time(nothing, Clock.FILTERED).ns)


def test_interrupted_rounds_are_called_unstable() -> None:
    bad = rounds(*[1e6] * 4, cpu=5e5, involuntary=9)
    assert "interrupted" in judgement.quality(bad, bad, (), Clock.FILTERED)[0]


def test_differing_page_faults_are_called_unstable() -> None:
    base, head = rounds(1e6, 1e6), rounds(1e6, 1e6, minor_faults=4064)
    assert judgement.quality(base, head, (), Clock.FILTERED) == (
        "unstable: page faults a call differ, 0 at base, 4064 at head",
    )


def test_differing_pairs_are_called_unstable() -> None:
    base = join_rounds(rounds(1e6, 1e6, pair=pair) for pair in range(1, 6))
    head = join_rounds(
        rounds(value, value, pair=pair) for pair, value in enumerate((1e6, 1.2e6, 0.9e6, 1.3e6, 0.8e6), 1)
    )
    ratios = judgement.pair_ratios(base, head, Clock.FILTERED)
    assert "process pairs differ" in judgement.quality(base, head, ratios, Clock.FILTERED)[0]


def test_times_of_both_sides_agree_with_their_ratio() -> None:
    base = join_rounds(rounds(1e6, pair=pair) for pair in (1, 2))
    head = join_rounds([rounds(1.1e6, pair=1), rounds(1.3e6, pair=2)])
    quotient = judgement.typical_time(head, Clock.WALL).ns / judgement.typical_time(base, Clock.WALL).ns
    values = [ratio.value for ratio in judgement.pair_ratios(base, head, Clock.WALL)]
    assert math.log(quotient) == pytest.approx(np.mean(values))
