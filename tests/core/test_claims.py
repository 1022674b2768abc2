from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.claims import experiments, found_metric, judged
from pytest_bolt.core.comparison import FOUND_MODE, Comparison, Interval
from pytest_bolt.core.conclusion import Outcome
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import BASELINE_MODE, Revision, Run, RunState, Summary
from pytest_bolt.core.ruling import Ruling
from pytest_bolt.core.statements import Role, Statement
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.render import render


def part(node_id, expect, *, experiment="Fused | attention", role=Role.EFFECT, **fields):
    return Statement(
        text="it is quicker",
        source="claim",
        role=role,
        expect=(expect,),
        node_id=node_id,
        experiment=experiment,
        **fields,
    )


def found(node_id, *values, name="loss", unit=""):
    return Comparison(
        case=Case(case_id=CaseId(node_id=node_id)),
        verdict=Verdict.NEW,
        margin=0.0,
        mode=FOUND_MODE,
        metrics=(found_metric(name, values, unit),),
    )


def timed(node_id, low, high):
    return Comparison(
        case=Case(case_id=CaseId(node_id=node_id)),
        verdict=Verdict.FASTER,
        margin=0.05,
        pairs=8,
        mode=BASELINE_MODE,
        ratio=Interval(estimate=(low + high) / 2, low=low, high=high),
        notes={"baseline": "a loop over heads"},
    )


def judgements(parts, *comparisons):
    return judged(summary(*comparisons, statements=tuple(parts)))


def outcomes(parts, *comparisons):
    return [each.outcome for each in judgements(parts, *comparisons)]


def test_one_value_is_exact():
    parts = [part("a", "loss <= 2.5"), part("b", "loss <= 2.5")]
    assert outcomes(parts, found("a", 2.5), found("b", 2.5001)) == [Outcome.CONFIRMED, Outcome.REFUTED]


def test_the_spread_of_seeds_decides():
    parts = [part(name, "difference <= 0") for name in "abc"]
    values = {"a": (-1.0, -1.1, -0.9), "b": (-1.0, 0.8, 0.1), "c": (1.0, 1.1, 0.9)}
    comparisons = [found(name, *each, name="difference") for name, each in values.items()]
    assert outcomes(parts, *comparisons) == [Outcome.CONFIRMED, Outcome.INCONCLUSIVE, Outcome.REFUTED]
    undecided = judgements(parts, *comparisons)[1].conclusions[0].reason
    assert "repetitions (3 were used)" in undecided


def test_units_are_converted():
    single = found("a", 79.98e9, name="memory", unit="B")
    assert outcomes([part("a", "memory <= 75 GiB")], single) == [Outcome.CONFIRMED]
    samples = found("a", 79.98e9, 80.0e9, 79.9e9, name="memory", unit="B")
    assert outcomes([part("a", "memory <= 75 GiB")], samples) == [Outcome.CONFIRMED]


def test_a_test_that_found_nothing_is_not_applicable():
    assert outcomes([part("a", "loss <= 1")]) == [Outcome.NOT_APPLICABLE]
    assert outcomes([part("a", "loss <= 1")], found("a", 1.0, name="los")) == [Outcome.NOT_APPLICABLE]


def test_a_claim_is_judged_by_its_own_test_only():
    parts = [part("t.py::a", "time <= 0.97x base"), part("t.py::ab", "time <= 0.97x base")]
    assert outcomes(parts, timed("t.py::ab", 0.99, 1.01)) == [Outcome.NOT_APPLICABLE, Outcome.REFUTED]


def summary(*comparisons, statements=()):
    commit = Revision(commit="c" * 40, name="HEAD")
    run = Run(
        run_id="0a1b2c3d4e5f",
        started=datetime(2026, 3, 1, 12, tzinfo=UTC),
        command=("pytest", "--bolt-journal"),
        head=commit,
        base=commit,
        environment=Environment(),
        mode=BASELINE_MODE,
        state=RunState.FINISHED,
        statements=statements,
    )
    return Summary(run=run, comparisons=comparisons, collected=len(comparisons))


def test_what_only_was_found_is_no_verdict():
    both = summary(found("a", 1.0), timed("b", 0.9, 0.95))
    assert both.coverage() == "1 of 1 judged, 1 without a time"
    assert both.counted() == {"faster": 1}


@pytest.fixture
def entries():
    parts = [
        part("a", "time <= 0.97x base", published="-4.5 %"),
        part("b", "time <= 0.9x base", role=Role.ATTRIBUTION),
        part("c", "loss <= 2", experiment="Loss"),
    ]
    compared = timed("a", 0.90, 0.95), timed("b", 0.99, 1.01), found("c", 1.9, 2.0, 2.1)
    return entries_of(summary(*compared, statements=tuple(parts)))


def test_effect_and_attribution_are_judged_apart(entries):
    first, second = entries
    assert (first.title, second.title) == ("Fused | attention", "Loss")
    assert (first.entry_id, second.entry_id) == ("0a1b2c3d4e5f-fused-attention", "0a1b2c3d4e5f-loss")
    assert [(each.statement.role, each.ruled.ruling, each.grades) for each in first.parts] == [
        ("effect", "confirmed", ("larger",)),
        ("attribution", "refuted", ("smaller",)),
    ]
    assert first.ruled.ruling is Ruling.REFUTED
    assert first.kind == "failed experiment"


def test_an_entry_says_what_was_stated_and_what_was_found(entries):
    text = render(entries[0])
    for line in (
        "1. it is quicker (effect; stated: -4.5 %)",
        "2. it is quicker (attribution)",
        "- `a: time <= 0.97x base`",
        "1. **confirmed** (effect): it is quicker",
        "2. **refuted** (attribution): it is quicker",
    ):
        assert line in text.splitlines()
    assert "before is a loop over heads" in text
    loss = render(entries[1])
    assert "| loss, `c` | - | 2 [1.5979, 2.4021], 3 times | - |" in loss
    assert "worked out by the test itself" in loss


def test_experiments_keep_their_order():
    parts = [
        part(name, "loss <= 1", experiment=title) for name, title in (("a", "Z"), ("b", "A"), ("c", "Z"))
    ]
    found = experiments(judgements(parts))
    assert {title: [each.statement.node_id for each in members] for title, members in found.items()} == {
        "Z": ["a", "c"],
        "A": ["b"],
    }
