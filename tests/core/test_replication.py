"""Whether a second run found what the first one did."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Revision, Run, RunState, Summary
from pytest_bolt.core.replication import Replicated, compared, replication, whole
from pytest_bolt.core.verdict import Verdict

YES, NO, UNKNOWN = Replicated.YES, Replicated.NO, Replicated.UNKNOWN


def interval(percent, half):
    return Interval(
        estimate=1 + percent / 100, low=1 + (percent - half) / 100, high=1 + (percent + half) / 100
    )


@pytest.mark.parametrize(
    ("first", "second", "effect", "found"),
    [
        ((-10, 1), (-10.5, 1), False, YES),  # inside the margin of 5 %
        ((0, 1), (1, 1), False, YES),
        ((-10, 1), (10, 1), False, NO),
        ((-50, 1), (-20, 1), True, NO),  # the same direction, another size
        ((100, 14), (95, 7), True, YES),  # both slower, and no difference to be seen
        ((100, 14), (95, 7), False, UNKNOWN),
        ((0, 1), (4.9, 1), False, UNKNOWN),  # differs for certain, by less than the margin
        ((0, 20), (10, 20), False, UNKNOWN),
    ],
)
def test_rule(first, second, effect, found):
    assert compared(interval(*first), interval(*second), 0.05, effect=effect)[0] is found


@given(st.floats(-40, 60), st.floats(0.1, 20), st.floats(-40, 60), st.floats(0.1, 20), st.booleans())
def test_which_came_first_does_not_matter(one, wide, other, narrow, effect):
    first, second = interval(one, wide), interval(other, narrow)
    forth = compared(first, second, 0.05, effect=effect)[0]
    assert forth is compared(second, first, 0.05, effect=effect)[0]


@given(st.floats(-40, 60), st.floats(0.0, 20))
def test_a_run_never_contradicts_itself(percent, half):
    assert compared(interval(percent, half), interval(percent, half), 0.05)[0] is not NO


@pytest.mark.parametrize("bound", [0.0, math.inf, math.nan, -1.0])
def test_interval_without_an_end(bound):
    open_ended = Interval(estimate=1.0, low=bound, high=1.1)
    assert compared(open_ended, interval(0, 1), 0.05) == (UNKNOWN, "an interval has no end")


def test_values_are_compared_in_their_unit():
    one, other = (Interval(estimate=v, low=v, high=v) for v in (1.0, 1.04))
    assert compared(one, other, 0.05, ratio=False) == (YES, "they differ by +0.04 [+0.04, +0.04]")
    assert compared(one, other, 0.03, ratio=False)[0] is NO


def test_one_of_many_that_differs_by_chance_does_not_count_against_the_whole():
    first, second = interval(0, 4), interval(8, 4)
    assert compared(first, second, 0.05)[0] is NO
    assert compared(first, second, 0.05, count=1000)[0] is UNKNOWN


def test_equal_runs_rarely_differ_for_certain():
    """The interval of the difference is of 98 %: one in a hundred lies beyond either end."""
    generator = random.Random(7)
    normal = statistics.NormalDist()
    half = normal.inv_cdf(0.99) * 0.03
    wrong = 0
    for _ in range(2000):
        ends = [
            Interval(estimate=math.exp(c), low=math.exp(c - half), high=math.exp(c + half))
            for c in (generator.gauss(0, 0.03), generator.gauss(0, 0.03))
        ]
        wrong += compared(*ends, 0.0001)[0] is NO
    assert 10 < wrong < 80


def summary(*comparisons, **facts):
    run = Run(
        run_id="0" * 12,
        started=None,
        command=(),
        head=Revision(commit=""),
        base=None,
        environment=Environment(facts=facts),
        mode="paired",
        state=RunState.FINISHED,
    )
    return Summary(run=run, comparisons=comparisons, collected=len(comparisons))


def case(name="a", verdict=Verdict.FASTER, ratio=None, **fields):
    return Comparison(
        case=Case(case_id=CaseId(node_id=name)), verdict=verdict, margin=0.05, ratio=ratio, **fields
    )


def found(first, second):
    return [
        (each.what, each.metric, each.found)
        for each in replication("x", summary(*first), summary(*second)).pairings
    ]


def test_answers_that_are_wrong():
    wrong, right = case(verdict=Verdict.INCORRECT), case(ratio=interval(-10, 1))
    assert found([wrong], [wrong]) == [("a", "answer", YES)]
    assert found([wrong], [right]) == [("a", "answer", NO)]
    assert found([right], [wrong]) == [("a", "answer", NO)]


def test_benchmark_that_is_not_there_again():
    assert found([case()], []) == [("a", "time", UNKNOWN)]


def test_benchmarks_without_two_sides():
    new, open_ = case(verdict=Verdict.NEW), case(verdict=Verdict.INCONCLUSIVE)
    assert found([new], [new]) == [("a", "time", YES)]
    assert found([open_], [open_]) == [("a", "time", UNKNOWN)]


def test_metrics_but_no_clocks():
    def metric(name, head):
        return Metric(name=name, unit="", better="lower", base=1.0, head=head)

    one = case(
        ratio=interval(0, 1), metrics=(metric("loss", 2.0), metric("cpu_time", 2.0), metric("gone", 1.0))
    )
    two = case(ratio=interval(0, 1), metrics=(metric("loss", 3.0), metric("cpu_time", 3.0)))
    assert found([one], [two]) == [("a", "time", YES), ("a", "loss", NO)]


def test_environment_that_differs():
    facts = replication("x", summary(torch="1", load="9", gone="y"), summary(torch="2", load="1")).differs
    assert facts == {"gone": "y | -", "torch": "1 | 2"}


def test_whole():
    assert [whole(each) for each in ([YES, UNKNOWN, NO], [YES, UNKNOWN], [YES], [])] == [
        NO,
        UNKNOWN,
        YES,
        UNKNOWN,
    ]
