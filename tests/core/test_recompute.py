"""A stored comparison against its own process pairs, rounds and records."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.core import judgement
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.measurement import Clock, Timing, join_rounds, rounds_of
from pytest_bolt.core.metrics import judged_again
from pytest_bolt.core.recompute import Kept, margins_of, recompute
from pytest_bolt.core.shared_variance import SharedVariance
from pytest_bolt.core.units import BatchTime, IterationTime
from pytest_bolt.core.verdict import Verdict

CASE = Case(case_id=CaseId(node_id="a.py::test_x"))
RATIO = Interval(estimate=1.1, low=1.05, high=1.15)


def rounds(values):
    """Return rounds of one part each, five quads a pair, in nanoseconds."""
    return join_rounds(
        rounds_of(pair, quad, 0, [Timing(iterations=1, wall=BatchTime(ns), cpu=BatchTime(ns))])
        for pair, quads in enumerate(values, start=1)
        for quad, ns in enumerate(quads)
    )


def measured(base, head, *, shared=None, margin=0.05):
    """Return what is stored of these rounds, as the run itself stores it, and the rounds."""
    tables = rounds(base), rounds(head)
    pairs = judgement.pair_ratios(*tables, Clock.FILTERED)
    found = judgement.estimate(pairs, shared=shared)
    verdict = judgement.judge(found, Margins(slower=margin, faster=margin))
    if verdict in {Verdict.SLOWER, Verdict.FASTER}:
        verdict = judgement.confirmed(pairs, Margins(slower=margin, faster=margin))
    notes = {}
    if shared is not None:
        notes = {"shared_sd": f"{math.sqrt(shared.variance):.6g}", "shared_df": f"{shared.df:.6g}"}
    comparison = Comparison(
        case=CASE,
        verdict=verdict,
        margin=margin,
        ratio=judgement.ratio_of(found),
        detectable=math.expm1(found.detectable),
        pairs=len(pairs),
        pair_ratios=tuple(round(math.exp(pair.value), 6) for pair in pairs),
        pair_errors=tuple(round(pair.error, 6) for pair in pairs),
        reason="undecided" if verdict is Verdict.INCONCLUSIVE else "",
        notes=notes,
    )
    return comparison, tables


times = st.floats(1e2, 1e5).map(lambda value: float(int(value)))
pair = st.lists(times, min_size=5, max_size=5)


@settings(max_examples=100, deadline=None)
@given(
    sides=st.integers(2, 12).flatmap(
        lambda n: st.tuples(*(st.lists(pair, min_size=n, max_size=n) for _ in range(2)))
    ),
    df=st.none() | st.floats(0.3, 6.0),
)
def test_what_a_run_stores_can_be_recomputed(sides, df):
    shared = None if df is None else SharedVariance(variance=0.003**2, df=df)
    comparison, tables = measured(*sides, shared=shared)
    found = recompute(comparison, Kept(rounds=tables))
    assert (found.differences, found.gaps) == ((), ())


def sample():
    generator = np.random.default_rng(1)
    base = (generator.normal(1e5, 200, (8, 5))).tolist()
    head = (generator.normal(1.2e5, 200, (8, 5))).tolist()
    return measured(base, head)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ratio": Interval(estimate=1.2, low=1.19, high=1.22)}, "the change is stored as"),
        ({"verdict": Verdict.SAME}, "the verdict is stored as same, its process pairs give slower"),
        ({"verdict": Verdict.FASTER}, "the verdict is stored as faster"),
        (
            {"verdict": Verdict.INCONCLUSIVE, "margin": 0.5, "reason": ""},
            "the verdict is stored as inconclusive",
        ),
        ({"detectable": 0.3}, "the smallest visible effect is stored as 30 %"),
        ({"pairs": 9}, "9 process pairs are counted, 8 are stored"),
        ({"pair_ratios": (1.0,) * 8}, "the change is stored as"),
        ({"pair_ratios": (-1.0,) * 8}, "a ratio of its process pairs is no number"),
        ({"pair_ratios": (math.nan,) * 8}, "a ratio of its process pairs is no number"),
        ({"ratio": None}, "it is slower without a ratio"),
        ({"head_time": IterationTime(1.0)}, "the head's time is stored as 1 ns, its record has 2 ns"),
    ],
)
def test_what_does_not_follow_is_told(changes, said):
    comparison, _ = sample()
    assert comparison.verdict is Verdict.SLOWER
    found = recompute(replace(comparison, **changes), Kept(times={"head": IterationTime(2.0)}))
    assert said in " | ".join(found.differences)


def test_rounds_of_another_run_are_told():
    comparison, (base, head) = sample()
    assert recompute(comparison, Kept(rounds=(head, base))).differences == (
        "the ratios of its process pairs do not follow from its rounds",
    )


def test_what_is_gone_is_told_apart():
    comparison, _ = sample()
    assert recompute(comparison).gaps == ("its single rounds are gone",)
    old = replace(comparison, pair_ratios=(), pair_errors=())
    assert recompute(old).gaps == ("the ratios of its process pairs are not stored",)
    assert not recompute(old).differences
    tiny = replace(comparison, pair_ratios=(0.0,) * 8)
    assert recompute(tiny).gaps[0] == "a ratio is too small for six decimals"


def test_undecided_needs_its_reason_where_the_pairs_decide():
    comparison, _ = sample()
    undecided = replace(comparison, verdict=Verdict.INCONCLUSIVE, reason="the budget ended")
    assert not recompute(undecided).differences


def test_margins_are_those_of_the_notes():
    comparison, _ = sample()
    noted = replace(comparison, notes={"margin slower": "0.3", "margin faster": "nonsense"})
    assert margins_of(noted) == Margins(slower=0.3, faster=0.05)
    assert "the verdict is stored as slower" in recompute(noted).differences[0]


def test_prediction_from_stored_runs():
    baseline = [IterationTime(ns) for ns in (1e5, 1.01e5, 0.99e5)]
    from pytest_bolt.core.stored import predict

    found = predict(baseline, [IterationTime(1.2e5)])
    stored = Comparison(
        case=CASE,
        verdict=Verdict.INCONCLUSIVE,
        margin=0.05,
        mode="stored",
        ratio=found.ratio,
        head_time=IterationTime(1.2e5),
        pairs=3,
        reason="advice only",
    )
    assert recompute(stored, Kept(baseline=baseline)).differences == ()
    assert "are not all there" in recompute(stored).gaps[0]
    other = replace(stored, ratio=RATIO)
    assert "the runs it rests on give +20.0 %" in recompute(other, Kept(baseline=baseline)).differences[0]


def test_metrics():
    plain = Metric(
        name="loss",
        unit="",
        better="lower",
        base=1.0,
        head=2.0,
        margin=0.05,
        values=((1.0, 2.0), (1.1, 2.2)),
        samples=(1.0, 3.0),
    )
    verdict, ratio = judged_again(plain, 0.05)
    right = replace(plain, verdict=verdict, ratio=ratio)
    bare = Comparison(case=CASE, verdict=Verdict.NEW, margin=0.05)
    assert recompute(replace(bare, metrics=(right,))).differences == ()
    for wrong, said in (
        (replace(right, verdict=None, samples=(1.0, 2.0)), "the mean of its repetitions is another"),
        (
            replace(right, ratio=RATIO),
            "the change of loss is stored as +10.0 % [+5.0, +15.0], its values give",
        ),
        (replace(right, ratio=None), "the change of loss is stored as -, its values give"),
        (replace(right, margin=3.0), "the verdict on loss is stored as"),
    ):
        assert said in recompute(replace(bare, metrics=(wrong,))).differences[0]
