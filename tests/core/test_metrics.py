"""What is said of memory, losses and other clocks: exact where there is no noise, strict where there is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from pytest_bolt.core.assembly import APART, METHOD, Frame, comparison_of
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.measurement import RoundTable, join_rounds, rounds_of
from pytest_bolt.core.metrics import Gate, clock_metrics, medians, metrics_of, unseen, verdict_of
from pytest_bolt.core.stats import interval
from pytest_bolt.core.steps import Decide
from pytest_bolt.core.timing import Side, Timing
from pytest_bolt.core.units import BatchTime
from pytest_bolt.core.verdict import MetricVerdict, Verdict

WORSE, BETTER, SAME, OPEN = (
    MetricVerdict.WORSE,
    MetricVerdict.BETTER,
    MetricVerdict.SAME,
    MetricVerdict.INCONCLUSIVE,
)


def said(base: Sequence[float], head: Sequence[float], better: str = "lower", margin: float = 0.05):
    return verdict_of(list(zip(base, head, strict=True)), better=better, margin=margin)


def told(
    *values: float, name: str = "loss", first: int = 1, better: str = "lower"
) -> list[dict[str, object]]:
    return [
        {"name": name, "value": value, "unit": "nats", "better": better, "pair": first + at}
        for at, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("base", "head", "margin", "expected"),
    [
        (1000, 1200, 0.05, WORSE),
        (1000, 1200, 0.25, SAME),
        (1000, 1001, 0.0, WORSE),
        (1000, 1000, 0.0, SAME),
        (1000, 1100, 0.1, SAME),  # exactly the margin is not beyond it
        (1000, 1101, 0.1, WORSE),
        (1000, 700, 0.05, BETTER),
        (1000, 0, 0.05, BETTER),
        (0, 1, 0.5, WORSE),  # no share of nothing is small
        (0, 0, 0.0, SAME),
        (-2.0, -1.0, 0.05, WORSE),  # a log-likelihood, say: less negative is more
        (-1.0, -1.01, 0.05, SAME),
    ],
)
def test_what_never_varies_is_judged_exactly(base, head, margin, expected):
    verdict, _ = said([base] * 3, [head] * 3, margin=margin)
    assert verdict is expected
    mirrored, _ = said([base] * 3, [head] * 3, margin=margin, better="higher")
    assert mirrored is {WORSE: BETTER, BETTER: WORSE}.get(expected, expected)


def test_an_exact_ratio_has_no_width():
    _, ratio = said([1000] * 3, [1200] * 3)
    assert ratio.low == ratio.high == ratio.estimate == pytest.approx(1.2)
    _, unknown = said([0] * 3, [1200] * 3)
    assert unknown is None


def test_a_value_that_varies_alike_on_both_sides_is_exact_too():
    verdict, ratio = said([1.0, 2.0, 4.0], [1.5, 3.0, 6.0])
    assert (verdict, ratio.low) == (WORSE, ratio.high)


def test_noise_has_to_be_overcome():
    base = [100.0] * 4
    assert said(base, [130.0, 131.0, 129.0, 130.5])[0] is WORSE
    assert said(base, [130.0, 90.0, 170.0, 110.0])[0] is OPEN
    assert said(base, [100.1, 99.9, 100.2, 99.8])[0] is SAME
    assert said(base, [100.1, 99.9, 100.2, 99.8], margin=0.0)[0] is OPEN  # nothing noisy is exactly the same


def test_an_effect_has_to_show_in_a_stricter_interval_than_the_one_that_is_told():
    changes = [0.25, 0.3, 0.354]
    assert interval(changes, floor=0.0).low > 0 > interval(changes, floor=0.0, probability=0.9975).low
    verdict, ratio = said([1.0] * 3, [math.exp(change) for change in changes])
    assert verdict is OPEN
    assert ratio.low > 1


def test_one_pair_says_nothing():
    assert said([1000], [2000])[0] is OPEN


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_worse_than_any(broken):
    for better in ("lower", "higher"):
        assert said([1.0] * 3, [1.0, broken, 1.0], better)[0] is WORSE
        assert said([broken] * 3, [1.0] * 3, better)[0] is BETTER
        assert said([broken] * 3, [broken] * 3, better) == (OPEN, None)


def test_numbers_of_any_size_are_judged():
    assert said([1e-300] * 3, [1e300] * 3)[0] is WORSE
    assert said([1e300] * 3, [1e-300] * 3)[0] is BETTER
    verdict, ratio = said([1e-300, 1.0, 1e300], [1e300, 1.0, 1e-300])
    assert verdict is OPEN
    assert math.isfinite(ratio.high)


def test_what_has_another_unit_on_the_other_side_is_not_compared():
    seconds, other = told(1.0, 1.0), [entry | {"unit": "ms"} for entry in told(1000.0, 1000.0)]
    (found,) = metrics_of({Side.BASE: seconds, Side.HEAD: other}, 0.05, {"loss": None})
    assert (found.verdict, found.failed) == (None, False)


def test_a_difference_below_the_resolution_is_none():
    values = [(0.0, 4096.0)] * 3
    assert verdict_of(values, better="lower", margin=0.05)[0] is WORSE
    assert verdict_of(values, better="lower", margin=0.05, resolution=4096.0)[0] is SAME


def test_values_are_kept_by_pair():
    (found,) = metrics_of({Side.BASE: told(2.0, 2.0, 3.0), Side.HEAD: told(2.0, 4.0, first=2)}, 0.05, {})
    assert found.values == ((2.0, 2.0), (3.0, 4.0))
    assert (found.base, found.head) == (2.0, 3.0)
    assert (found.unit, found.better, found.gated, found.failed) == ("nats", "lower", False, False)


def test_the_checking_pair_counts_only_where_it_is_all_there_is():
    """Caches are cold there; but what is recorded beside a check is recorded nowhere else."""
    (usual,) = metrics_of({side: told(9.0, 2.0, 2.0, first=0) for side in Side}, 0.05, {})
    assert usual.values == ((2.0, 2.0), (2.0, 2.0))
    (only,) = metrics_of({side: told(9.0, first=0) for side in Side}, 0.05, {})
    assert (only.values, only.verdict) == (((9.0, 9.0),), OPEN)


def test_what_one_side_told_has_no_verdict():
    (found,) = metrics_of({Side.BASE: [], Side.HEAD: told(1.0, 1.0)}, 0.05, {"loss": None})
    assert (found.base, found.head, found.verdict, found.values) == (None, 1.0, None, ())
    assert found.gated
    assert not found.failed
    assert medians(told(1.0, 5.0, 3.0)) == {"loss": (3.0, "nats", "lower")}


def test_a_gate_has_a_margin_of_its_own_or_that_of_the_test():
    sides = {Side.BASE: told(100.0, 100.0), Side.HEAD: told(103.0, 103.0)}
    for gates, failed, margin in (
        ({}, False, 0.05),
        ({"loss": None}, False, 0.05),
        ({"loss": 0.01}, True, 0.01),
        ({"other": 0.01}, False, 0.05),
    ):
        (found,) = metrics_of(sides, 0.05, gates)
        assert (found.failed, found.margin) == (failed, margin)
    (better,) = metrics_of(
        {Side.BASE: told(103.0, 103.0), Side.HEAD: told(100.0, 100.0)}, 0.01, {"loss": None}
    )
    assert (better.verdict, better.failed) == (BETTER, False)


def rounds(cpu_ns: float, pairs: Sequence[int], noise: float = 0.0) -> RoundTable:
    def value(pair: int) -> float:
        return cpu_ns * (1 + noise * (pair % 3 - 1))

    return join_rounds(
        rounds_of(pair, 0, 0, [Timing(iterations=1, wall=BatchTime(value(pair)), cpu=BatchTime(value(pair)))])
        for pair in pairs
    )


def test_other_clocks_are_judged_on_the_pairs_that_count():
    """The screening pairs of a candidate were picked for being extreme."""
    base, head = rounds(1e6, range(1, 12)), join_rounds([rounds(1.5e6, [1, 2, 3]), rounds(1e6, range(4, 12))])
    (found,) = clock_metrics(base, head, 0.05, {"cpu_time": None}, first_pair=4)
    assert (found.name, found.verdict, found.failed) == ("cpu_time", SAME, False)
    (slower,) = clock_metrics(base, rounds(1.5e6, range(1, 12)), 0.05, {"cpu_time": 0.1}, first_pair=4)
    assert (slower.verdict, slower.failed, slower.margin) == (WORSE, True, 0.1)
    assert clock_metrics(base, head, 0.05, {}, first_pair=11)[0].verdict is OPEN  # one pair


def decided(**fields: object) -> Decide:
    found = interval([0.001, 0.0, -0.001], floor=0.01)
    return Decide(case="a", verdict=Verdict.SAME, estimate=found, **fields)


def compare(frame: Frame, **fields: object) -> Comparison:
    sides = {Side.BASE: told(100.0, 100.0), Side.HEAD: told(103.0, 103.0)}
    return comparison_of(decided(**fields), Case(case_id=CaseId(node_id="a")), frame, sides)


def test_a_metric_fails_a_test_whose_time_is_the_same():
    found = compare(Frame(margin=0.05, fail_on={"slower": 0.0}, gates={"loss": 0.01}))
    assert (found.verdict, found.failed) == (Verdict.SAME, True)
    assert not compare(Frame(margin=0.05, fail_on={"slower": 0.0}, gates={"loss": 0.1})).failed


def test_a_wrong_answer_has_no_metrics_either():
    frame = Frame(margin=0.05, fail_on={}, gates={"loss": 0.01})
    wrong = Decide(case="a", verdict=Verdict.INCORRECT)
    sides = {side: told(1.0, 1.0) for side in Side}
    assert comparison_of(wrong, Case(case_id=CaseId(node_id="a")), frame, sides).metrics == ()


def test_what_a_test_records_stands_in_for_what_is_measured_under_its_name():
    frame = Frame(margin=0.05, fail_on={})
    tables = {side: rounds(1e6, [1, 2]) for side in Side}
    own = {side: told(7.0, 7.0, name="cpu_time") for side in Side}
    found = comparison_of(decided(rounds=tables), Case(case_id=CaseId(node_id="a")), frame, own)
    assert [(metric.name, metric.head) for metric in found.metrics] == [("cpu_time", 7.0)]


def test_the_method_says_that_the_sides_ran_one_after_the_other():
    assert compare(Frame(margin=0.05, fail_on={})).method == METHOD
    apart = compare(Frame(margin=0.05, fail_on={}, interleave=False, notes={"interleave": "no"}))
    assert (apart.method, apart.notes) == (APART, {"interleave": "no"})


def compared(node_id: str, *metrics: tuple[str, MetricVerdict | None], verdict: Verdict = Verdict.SAME):
    found = [
        Metric(name=name, unit="", better="lower", base=1.0, head=1.0, verdict=verdict)
        for name, verdict in metrics
    ]
    case = Case(case_id=CaseId(node_id=node_id))
    return Comparison(case=case, verdict=verdict, margin=0.05, metrics=tuple(found))


def gate(*node_ids: str, each: bool = False) -> Gate:
    return Gate(metric="loss", node_ids=frozenset(node_ids), each=each)


def test_a_gate_that_saw_nothing_is_told_of():
    blind = [compared("a", ("los", SAME)), compared("b")]
    (text,) = unseen([gate("a", "b")], blind)
    assert text.startswith("the gate on loss never saw a value of both sides in 2 benchmarks (a, ...)")
    assert text.endswith("seen were: los")
    (alone,) = unseen([gate("b")], blind)
    assert alone.endswith("in b; seen were: none")
    assert unseen([gate("a", "c")], [*blind, compared("c", ("loss", SAME))]) == []
    assert unseen([gate("a", "c", each=True)], [*blind, compared("c", ("loss", SAME))]) != []


def test_a_gate_that_decided_nothing_is_told_of():
    (text,) = unseen([gate("a")], [compared("a", ("loss", OPEN))])
    assert "could not decide in a; --bolt-thorough measures more pairs" in text
    assert unseen([gate("a", "b")], [compared("a", ("loss", OPEN)), compared("b", ("loss", WORSE))]) == []


@pytest.mark.parametrize("verdict", [Verdict.INCORRECT, Verdict.INCOMPARABLE, Verdict.NEW, Verdict.MISSING])
def test_a_benchmark_that_was_not_compared_says_so_itself(verdict):
    assert unseen([gate("a", each=True)], [compared("a", verdict=verdict)]) == []
