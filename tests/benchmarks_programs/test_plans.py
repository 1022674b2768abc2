"""Which runs are made, and in which order."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from benchmarks.plans import LONG, Cell, half, margin, parsed, tasks
from benchmarks.projects import SUITES
from benchmarks.variants import harmless_names


def test_wherever_it_stops_cells_are_about_equally_far():
    planned = tasks(LONG, 5, seed=1, budget="10m")
    done = Counter()
    for task in planned:
        done[task.suite, task.variant, task.margin, task.neighbours] += 1
        assert max(done.values()) - (min(done.values()) if len(done) == len(LONG) else 0) <= 1
    assert set(done.values()) == {5}


def test_the_order_of_cells_changes_from_round_to_round_and_is_always_the_same():
    first, again = (list(tasks(LONG, 2, seed=1, budget="10m")) for _ in range(2))
    assert first == again
    rounds = [
        [(task.suite, task.variant, task.margin) for task in first if task.run == run] for run in (0, 1)
    ]
    assert rounds[0] != rounds[1]
    assert sorted(rounds[0]) == sorted(rounds[1])


def test_more_runs_begin_with_those_that_are_there():
    keys = [[task.key for task in tasks(LONG, runs, seed=3, budget="10m")] for runs in (1, 2)]
    assert keys[1][: len(LONG)] == keys[0]
    assert {key["seed"] for key in keys[1]} == {3, 4}


def test_endless_runs_are_made_one_by_one():
    assert len(list(islice(tasks(LONG, 10**9, seed=1, budget="10m"), 100))) == 100


def test_the_long_plan_has_everything_that_is_reported():
    cells = {(cell.suite, cell.variant, cell.margin, cell.neighbours) for cell in LONG}
    for name in harmless_names():
        assert {("generated", name, "5%", 0), ("generated", name, "3%", 0)} <= cells
    assert {cell.suite for cell in LONG} == set(SUITES)
    for suite in SUITES:
        slowed = {cell.variant.partition("-")[0] for cell in LONG if cell.suite == suite} - set(
            harmless_names()
        )
        assert slowed == {"slower", "copy", "algorithm"}
    assert {cell.variant.split("-")[1] for cell in LONG if "-" in cell.variant} == {"2", "3", "5", "10", "20"}
    assert {cell.neighbours for cell in LONG} == {0, 1}


def test_halves():
    assert [half(run) for run in range(4)] == ["tune", "report", "tune", "report"]


def test_a_plan_is_read():
    text = "# a comment\n\ngenerated  copy-5-in-2 3 0 # why\nshipped order 5% 1\nshipped order 5.0% 1\n"
    assert parsed(text) == (
        Cell(suite="generated", variant="copy-5-in-2", margin="3%", neighbours=0),
        Cell(suite="shipped", variant="order", margin="5%", neighbours=1),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# nothing\n", "the plan has no line"),
        ("generated order 5%\n", "cannot read 'generated order 5%'"),
        ("trivial order 5% 0\n", "generated|shipped VARIANT"),
        ("generated order 5% one\n", "cannot read"),
        ("generated slowly 5% 0\n", "unknown variant 'slowly'"),
        ("generated order much 0\n", "'much' is no margin"),
    ],
)
def test_what_cannot_be_read_is_named(text, said):
    with pytest.raises(ValueError) as caught:
        parsed(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "0%", "-1%", "100%", "nan", "5 percent"])
def test_no_margin(text):
    with pytest.raises(ValueError, match="is no margin"):
        margin(text)
