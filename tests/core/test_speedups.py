from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pytest_bolt.core.best import Result, best_of
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.record import Revision
from pytest_bolt.core.speedups import speedups
from pytest_bolt.core.summary import effect_text, speedup_lines
from pytest_bolt.core.verdict import Verdict

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def against(
    node_id, rate, *, width=1.05, verdict=Verdict.FASTER, implementation="fast", baseline="framework"
):
    """Return the comparison of something `rate` times as fast as its baseline, None for not timed."""
    ratio = None if rate is None else Interval(estimate=1 / rate, low=1 / rate / width, high=width / rate)
    case = Case(case_id=CaseId(node_id=node_id), implementation=implementation)
    return Comparison(
        case=case, verdict=verdict, margin=0.05, ratio=ratio, mode="baseline", notes={"baseline": baseline}
    )


def test_a_geometric_mean_and_the_share_by_threshold():
    (found,) = speedups([against("a", 4.0), against("b", 1.0), against("c", 0.5)])
    assert found.mean == pytest.approx(2 ** (1 / 3))
    assert (found.worst, found.worst_case) == (pytest.approx(0.5), "c")
    assert dict(found.shares) == pytest.approx({0.5: 2 / 3, 0.8: 2 / 3, 1.0: 1 / 3, 1.5: 1 / 3, 2.0: 1 / 3})


def test_a_wrong_answer_counts_in_the_shares_and_not_in_the_mean():
    (found,) = speedups([against("a", 2.0), against("b", None, verdict=Verdict.INCORRECT)])
    assert (found.mean, found.timed, found.wrong) == (pytest.approx(2.0), 1, 1)
    assert dict(found.shares)[1.0] == 0.5


def test_a_baseline_that_fails_counts_nowhere():
    (found,) = speedups([against("a", 3.0), against("b", None, verdict=Verdict.INCOMPARABLE)])
    assert (found.mean, dict(found.shares)[1.0]) == (pytest.approx(3.0), 1.0)


def test_implementations_and_baselines_are_apart():
    found = speedups(
        [against("a", 2.0), against("a", 3.0, implementation="mine"), against("a", 5.0, baseline="manual")]
    )
    assert [(each.implementation, each.baseline, round(each.mean)) for each in found] == [
        ("fast", "framework", 2),
        ("fast", "manual", 5),
        ("mine", "framework", 3),
    ]


def test_in_words():
    assert speedup_lines([against("t[x]", 2.0), against("t[y]", 0.75)]) == (
        "fast against framework: 1.22x geometric mean of 2; worst 0.75x, t[y]",
        "  correct and faster than 0.5x 100 %, 0.8x 50 %, 1x 50 %, 1.5x 50 %, 2x 0 %",
    )
    assert speedup_lines([against("t", None, verdict=Verdict.INCORRECT)]) == (
        "fast against framework: nothing was timed, 1 wrong",
    )
    assert effect_text(against("t", 1.31, width=1.04)) == "1.31x [1.26, 1.36]"
    assert effect_text(against("t", 1.31, verdict=Verdict.INCORRECT)) == "-"


def test_other_runs_have_no_speedups():
    plain = replace(against("t", 2.0), mode="paired")
    assert speedups([plain]) == ()
    assert effect_text(plain) == "-50.0 % [-52.4, -47.5]"


def result(rate, minutes, *, machine="m", **fields):
    return Result(
        comparison=against("t", rate, **fields),
        run_id=f"run{minutes}",
        started=NOON + timedelta(minutes=minutes),
        revision=Revision(commit="c" * 40),
        fingerprint=machine,
    )


def best_runs(*results):
    return [each.run_id for each in best_of(results)]


def test_a_worse_run_never_takes_the_place_of_a_better_one():
    assert best_runs(result(22.42, 1), result(31.89, 2), result(28.72, 3)) == ["run2"]
    assert best_runs(result(28.72, 3), result(31.89, 2), result(22.42, 1)) == ["run2"]


def test_of_equal_results_the_first_stays():
    assert best_runs(result(2.0, 5), result(2.0, 4)) == ["run4"]


def test_a_noisy_high_figure_is_not_the_best():
    """What counts is the speedup that is certain."""
    assert best_runs(result(2.0, 1), result(2.4, 2, width=1.5)) == ["run1"]


def test_a_wrong_answer_is_never_the_best():
    assert best_runs(result(9.0, 1, verdict=Verdict.INCORRECT), result(1.1, 2)) == ["run2"]
    assert best_runs(result(9.0, 1, verdict=Verdict.INCORRECT), result(None, 2)) == []


def test_machines_and_baselines_have_bests_of_their_own():
    results = result(2.0, 1), result(1.5, 2, machine="n"), result(1.2, 3, baseline="manual")
    assert sorted(best_runs(*results)) == ["run1", "run2", "run3"]
