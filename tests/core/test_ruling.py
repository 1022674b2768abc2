"""What became of a statement: the order of the rules, the size beside the claim, the parts of a hypothesis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.claims import judged
from pytest_bolt.core.comparison import Comparison, Interval, Metric, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Evidence, Revision, Run, RunState, Summary
from pytest_bolt.core.ruling import FAILURE_NOTE, Ruled, Ruling, rule_of_all
from pytest_bolt.core.statements import Role, Statement, by_function, numbered, words_of
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError


def ratio(low, high):
    return Interval(estimate=(low + high) / 2, low=low, high=high)


def compared(low=0.90, high=0.92, node_id="a.py::x", **fields):
    defaults = {
        "verdict": Verdict.FASTER,
        "margin": 0.05,
        "ratio": ratio(low, high),
        "detectable": 0.03,
        "pairs": 8,
    }
    return Comparison(case=Case(case_id=CaseId(node_id=node_id)), **{**defaults, **fields})


def control(floor, certain=0.0):
    return NullControl(ratio=ratio(0.99, 1.01), values=8, benchmarks=2, floor=floor, certain=certain)


def summary(*comparisons, statements=(), **fields):
    commit = Revision(commit="c" * 40)
    run = Run(
        run_id="0a1b2c3d4e5f",
        started=datetime(2026, 3, 1, tzinfo=UTC),
        command=("pytest",),
        head=commit,
        base=commit,
        environment=Environment(),
        mode="paired",
        statements=statements,
        **{"state": RunState.FINISHED, **fields},
    )
    return Summary(run=run, comparisons=comparisons, collected=len(comparisons))


def ruled(*comparisons, expect="time <= -5%", **fields):
    said = (Statement(text="faster", source="option", expect=(expect,) if expect else ()),)
    (part,) = judged(summary(*comparisons, statements=said, **fields))
    return part.ruled


STATES = [
    ("error", {}, {"state": RunState.INTERRUPTED}),
    ("error", {"notes": {FAILURE_NOTE: "crashed"}, "verdict": Verdict.INCORRECT, "ratio": None}, {}),
    ("error", {"notes": {FAILURE_NOTE: "timeout"}, "verdict": Verdict.INCORRECT, "ratio": None}, {}),
    ("incorrect", {"verdict": Verdict.INCORRECT, "ratio": None, "notes": {FAILURE_NOTE: "failed"}}, {}),
    ("no-op", {"noise_only": True}, {}),
    ("no-op", {"ratio": None, "verdict": Verdict.INCONCLUSIVE}, {"evidence": Evidence(same_code=True)}),
    ("not comparable", {"verdict": Verdict.INCOMPARABLE, "ratio": None, "reason": "no module"}, {}),
    ("not comparable", {"verdict": Verdict.NEW, "ratio": None}, {}),
    ("too noisy", {}, {"control": control(0.02, certain=0.03)}),
    ("too noisy", {"ratio": ratio(0.9, 1.01)}, {"control": control(0.08)}),
    ("inconclusive", {"ratio": ratio(0.9, 1.01)}, {"control": control(0.02)}),
    ("confirmed", {}, {"control": control(0.08)}),
    ("refuted", {"ratio": ratio(0.99, 1.01)}, {}),
]


@pytest.mark.parametrize(("ruling", "comparison", "run"), STATES)
def test_each_ruling(ruling, comparison, run):
    assert ruled(compared(**comparison), **run).ruling == ruling


def test_the_first_rule_that_applies_is_the_one():
    noisy = control(0.5, certain=0.2)
    wrong = compared(node_id="w", verdict=Verdict.INCORRECT, ratio=None)
    crashed = compared(node_id="c", verdict=Verdict.INCORRECT, ratio=None, notes={FAILURE_NOTE: "crashed"})
    same = compared(noise_only=True)
    assert ruled(same, wrong, crashed, control=noisy).ruling is Ruling.ERROR
    assert ruled(same, wrong, control=noisy).ruling is Ruling.INCORRECT
    assert ruled(same, control=noisy).ruling is Ruling.NO_OP
    assert ruled(compared(), control=noisy).ruling is Ruling.TOO_NOISY


def test_reasons_name_the_test():
    assert ruled(compared(verdict=Verdict.INCOMPARABLE, ratio=None, reason="no\nmodule")).reason == (
        "a.py::x is incomparable: no module"
    )
    both = [compared(node_id=name, verdict=Verdict.INCORRECT, ratio=None) for name in "ab"]
    assert ruled(*both).reason == "a gives a wrong answer, and 1 more"


def test_a_bound_that_needs_no_base_is_judged_without_one():
    memory = Metric(name="peak_memory", unit="B", better="lower", base=None, head=1e9)
    alone = compared(verdict=Verdict.NEW, ratio=None, metrics=(memory,))
    assert ruled(alone, expect="peak_memory <= 1.2 GB").ruling is Ruling.CONFIRMED
    assert ruled(alone, expect="time <= -5%").ruling is Ruling.NOT_COMPARABLE


def test_without_a_computable_expectation_nothing_is_tested():
    assert ruled(compared(), expect="").ruling is Ruling.NOT_TESTED
    assert ruled(compared(), expect="loss <= 1").ruling is Ruling.NOT_COMPARABLE


def test_a_whole_is_as_good_as_its_parts():
    def whole(*rulings):
        return rule_of_all(Ruled(ruling=each) for each in rulings)

    assert whole().ruling is Ruling.REPORTED
    assert whole(Ruling.CONFIRMED, Ruling.REFUTED).ruling is Ruling.REFUTED
    assert whole(Ruling.REFUTED, Ruling.TOO_NOISY, Ruling.ERROR).ruling is Ruling.ERROR
    assert whole(Ruling.CONFIRMED, Ruling.CONFIRMED).ruling is Ruling.CONFIRMED
    half = whole(Ruling.CONFIRMED, Ruling.NOT_TESTED)
    assert half.ruling is Ruling.INCONCLUSIVE
    assert half.reason == "1 of 2 parts came without an expectation that can be computed"
    assert whole(Ruling.NOT_TESTED).ruling is Ruling.NOT_TESTED


def graded(low, high, expect="time <= -4.5%", published="", metric=None):
    said = (Statement(text="h", source="claim", expect=(expect,), published=published),)
    made = compared(low, high, metrics=(metric,) if metric else ())
    (part,) = judged(summary(made, statements=said))
    return part.grades[0]


@pytest.mark.parametrize(
    ("low", "high", "grade"),
    [
        (0.94, 0.97, "matched"),
        (0.953, 0.9546, "matched"),  # within the rounding of -4.5 %
        (0.90, 0.92, "larger"),
        (0.96, 0.98, "smaller"),
        (1.02, 1.05, "smaller"),
        (0.94, 1.01, None),  # the claim and no change at all are both inside
    ],
)
def test_size_beside_the_claim(low, high, grade):
    assert graded(low, high) == grade


@pytest.mark.parametrize(
    ("published", "grade"),
    [
        ("-9 %", "matched"),
        ("~-9 %", "matched"),
        ("-4.5%", "larger"),
        ("-20 %", "smaller"),
        ("850 to 1250 tok/s", None),
        ("1.2 GB", None),
    ],
)
def test_size_beside_what_was_published(published, grade):
    assert graded(0.90, 0.92, published=published) == grade


def test_absolute_values_are_larger_or_smaller_as_numbers():
    def of(value, published=""):
        metric = Metric(name="peak_memory", unit="B", better="lower", base=None, head=value)
        return graded(0.9, 0.92, "peak_memory <= 75 GiB", published, metric)

    assert of(74.5 * 2**30, "74 GiB") == "matched"
    assert of(60 * 2**30, "74 GiB") == "smaller"
    assert of(90 * 2**30, "74 GiB") == "larger"


def test_an_exact_value_is_met_within_its_digits():
    def outcome(value, expect):
        metric = Metric(name="loss", unit="", better="lower", base=None, head=value)
        said = (Statement(text="h", source="claim", expect=(expect,)),)
        (part,) = judged(summary(compared(metrics=(metric,)), statements=said))
        return part.ruled.ruling

    assert outcome(25296896, "loss == 25296896") is Ruling.CONFIRMED
    assert outcome(25296897, "loss == 25296896") is Ruling.REFUTED
    assert outcome(2.3716, "loss == 2.37") is Ruling.CONFIRMED
    assert outcome(2.3751, "loss == 2.37") is Ruling.REFUTED


def test_parts_of_a_hypothesis():
    said = numbered(
        ["1. fp16 works\n   at last\n2) (Attribution) the scale does it", "and it is faster"],
        "option",
        ["2. loss <= 1; time <= 1x", "time <= 0.9x base"],
    )
    assert [(each.text, each.role, each.expect) for each in said] == [
        ("fp16 works\n   at last", Role.EFFECT, ()),
        ("the scale does it", Role.ATTRIBUTION, ("loss <= 1", "time <= 1x")),
        ("and it is faster", Role.EFFECT, ()),
        ("", Role.EFFECT, ("time <= 0.9x base",)),
    ]


def test_one_part_takes_what_has_no_number():
    (said,) = numbered(["faster in 2. place"], "option", ["time <= 0.9x base", "1. loss <= 2"])
    assert (said.text, said.expect) == ("faster in 2. place", ("time <= 0.9x base", "loss <= 2"))
    assert numbered([], "option") == ()
    assert words_of(numbered(["a", "b", "a"], "option")) == "a; b"
    with pytest.raises(BoltError, match="cannot be read"):
        numbered(["a"], "option", ["1. time is short"])


def test_parametrised_tests_of_one_function_state_it_once():
    one = Statement(text="h", source="marker", expect=("time <= 1x",), node_id="a.py::t[x]")
    same = replace(one, node_id="a.py::t[y]")
    other = replace(one, node_id="a.py::u[x]")
    assert [each.node_id for each in by_function([one, same, other])] == ["a.py::t", "a.py::u"]
    differs = replace(same, expect=("time <= 2x",))
    assert [each.node_id for each in by_function([one, differs])] == ["a.py::t[x]", "a.py::t[y]"]


def test_two_times_without_an_interval_decide_nothing():
    bare = compared(
        ratio=None,
        verdict=Verdict.INCONCLUSIVE,
        base_time=IterationTime(204e3),
        head_time=IterationTime(204e3),
        reason="the time budget ended",
    )
    found = ruled(bare, expect="time >= 1.02x base")
    assert (found.ruling, found.reason) == (
        Ruling.INCONCLUSIVE,
        "there is no interval: the time budget ended",
    )
