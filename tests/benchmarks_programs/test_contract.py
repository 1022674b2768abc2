"""The table of what is asked for."""

from __future__ import annotations

import math

import pytest
from made_up_runs import benchmark, line

from benchmarks import contract
from benchmarks.contract import NOT_REACHED, REACHED, UNDECIDED, median_interval, out_of_size


def table(lines):
    return {(cells[0], cells[1]): cells[2:] for cells in contract.rows(lines)}


def row_of(lines, *words, busy="no"):
    (found,) = [
        cells
        for (name, neighbours), cells in table(lines).items()
        if neighbours == busy and all(word in name for word in words)
    ]
    return found


@pytest.mark.parametrize(
    ("runs", "alarms", "said"),
    [(10, 0, UNDECIDED), (400, 0, REACHED), (400, 20, NOT_REACHED), (400, 4, UNDECIDED)],
)
def test_suites_with_a_false_alarm(runs, alarms, said):
    lines = [
        line("identical", benchmark(verdict="faster" if run < alarms else "same"), benchmark(), run=run)
        for run in range(runs)
    ]
    count, measured, asked, judged = row_of(lines, "suites with a false alarm, margin")
    assert (count, asked, judged) == (str(runs), "<= 1 %", said)
    assert measured.startswith(f"{alarms} of {runs}, ")


@pytest.mark.parametrize(("found", "said"), [(100, REACHED), (50, NOT_REACHED), (95, UNDECIDED)])
def test_power(found, said):
    verdicts = ["slower"] * found + ["inconclusive"] * (100 - found)
    slow = [benchmark(verdict=verdict, slowed=True, size=10.0) for verdict in verdicts]
    lines = [line("copy-10-in-5", *slow, benchmark(verdict="slower"))]
    count, measured, asked, judged = row_of(lines, "slowdowns of 10 %")
    assert (count, asked, judged) == ("1", ">= 95 %", said)
    assert measured.startswith(f"{found} of 100, ")
    assert row_of(lines, "suites with a false alarm, beside")[1].startswith("1 of 1,")


def test_each_figure_counts_runs_of_its_own_margin_and_change():
    lines = [
        line("identical", benchmark(verdict="slower"), benchmark(), margin="5%"),
        line("identical", benchmark(verdict="faster"), benchmark(), benchmark(), margin="3%"),
        line("order", benchmark(), margin="3%"),
        line("slower-5", benchmark(verdict="slower", slowed=True, size=5), margin="3%"),
        line("slower-5", benchmark(verdict="same", slowed=True, size=5), margin="5%"),
        line("slower-20", benchmark(verdict="same", slowed=True, size=20), margin="3%"),
    ]
    assert row_of(lines, "suites with a false alarm, margin")[1].startswith("1 of 1, ")
    assert row_of(lines, "benchmarks with a false alarm, margin")[1].startswith("1 of 3, 33.33 %")
    assert row_of(lines, "benchmarks with a false alarm, a change")[1].startswith("0 of 1, ")
    assert row_of(lines, "slowdowns of 5 %")[1].startswith("1 of 1, ")
    assert row_of(lines, "SAME")[1].startswith("1 of 2, ")
    assert row_of(lines, "slowdowns of 10 %") == ("0", "-", ">= 95 %", "not measured")


def test_a_slowdown_of_another_size_is_neither_found_nor_missed():
    lines = [
        line(
            "algorithm-10-in-5",
            *(benchmark(verdict="slower", slowed=True, size=size) for size in (8.4, 8.6, 11.4, 11.6)),
            benchmark(verdict="slower", slowed=True),  # an older run: by construction
        )
    ]
    assert row_of(lines, "slowdowns of 10 %")[1].startswith("3 of 3, ")
    assert out_of_size(lines) == (2, 5)
    unknown = benchmark(verdict="slower", slowed=True, size=10.0)
    unknown["size"]["error"] = 1.6
    assert out_of_size([line("algorithm-10", unknown)]) == (1, 1)


def test_busy_neighbours_are_rows_of_their_own_and_failed_runs_do_not_count():
    failed = {key: value for key, value in line("identical", run=7).items() if key != "benchmarks"}
    lines = [
        line("identical", benchmark()),
        line("identical", benchmark(verdict="inconclusive"), neighbours=1),
        {**failed, "error": "it broke"},
    ]
    assert row_of(lines, "SAME")[1].startswith("1 of 1, ")
    assert row_of(lines, "SAME", busy="yes")[1].startswith("0 of 1, ")
    assert not any("seconds" in name for name, busy in table(lines) if busy == "yes")


@pytest.mark.parametrize(("seconds", "said"), [(1.0, REACHED), (3.0, NOT_REACHED)])
def test_seconds_a_benchmark(seconds, said):
    lines = [line("order", benchmark(), run=run, seconds=seconds) for run in range(8)]
    lines += [
        line("slower-20", benchmark(), seconds=100.0),
        line("order", benchmark(), neighbours=1, seconds=100.0),
    ]
    assert row_of(lines, "seconds a benchmark") == (
        "8",
        f"{seconds:.2f} s [{seconds:.2f}, {seconds:.2f}]",
        "<= 2",
        said,
    )
    assert row_of(lines[:5], "seconds a benchmark")[3] == UNDECIDED


def test_the_interval_of_a_median():
    assert median_interval([1.0] * 5) == (-math.inf, math.inf)
    assert median_interval([6.0, 5.0, 4.0, 3.0, 2.0, 1.0]) == (1.0, 6.0)
    low, high = median_interval([float(value) for value in range(1, 101)])
    assert (low, high) == (41.0, 60.0)


def test_nothing_measured_is_an_empty_table():
    assert contract.rows([]) == []
