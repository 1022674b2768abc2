"""What other tools say of rounds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import other_rules
from benchmarks.other_rules import MOST_ROUNDS, RULES, thinned
from pytest_bolt.core.measurement import Timing, join_rounds, rounds_of
from pytest_bolt.core.units import BatchTime

NOISE = np.random.default_rng(1).normal(1.0, 0.01, 60)


def benchmark(node_id, base, head, *, slowed=False):
    return {"id": node_id, "slowed": slowed, "rounds": {"base": list(base), "head": list(head)}}


@pytest.mark.parametrize("rule", RULES)
def test_equal_rounds_are_the_same_and_twice_the_time_is_slower(rule):
    assert RULES[rule](NOISE, NOISE) == "same"
    assert RULES[rule](NOISE, 2 * NOISE) == "slower"
    assert RULES[rule](2 * NOISE, NOISE) == "faster"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("pytest-benchmark, mean:5%", "slower"),
        ("pytest-benchmark, min:5%", "slower"),
        ("pytest-benchmark, min:10%", "same"),
        ("Mann-Whitney, 1 %", "slower"),
        ("asv, factor 1.1", "same"),
    ],
)
def test_seven_percent(rule, said):
    assert RULES[rule](NOISE, 1.07 * NOISE) == said


def test_a_constant_shift_of_one_percent_is_significant_and_below_every_factor():
    said = {name: rule(NOISE, 1.01 * NOISE) for name, rule in RULES.items()}
    assert {name for name, verdict in said.items() if verdict == "slower"} == {"Mann-Whitney, 1 %"}


def test_both_readings():
    drifted = 1.3 * NOISE
    known = {"suite": "generated", "variant": "slower-20-in-4"}
    lines = [
        {
            **known,
            "benchmarks": [benchmark("a", NOISE, NOISE), benchmark("b", NOISE, 1.2 * NOISE, slowed=True)],
        },
        {"error": "it broke", "benchmarks": []},
        {
            **known,
            "benchmarks": [
                benchmark("a", drifted, drifted),
                benchmark("b", drifted, 1.2 * drifted, slowed=True),
            ],
        },
    ]
    table = {cells[:2]: cells[2:] for cells in other_rules.rows(lines)}
    paired = table["pytest-benchmark, median:5%", "one comparison"]
    assert paired[:2] == ("4", "0 of 2, 0.0 % [0.0, 65.8]")
    assert paired[-1].startswith("2 of 2, 100.0 %")
    separate = table["pytest-benchmark, median:5%", "separate runs"]
    assert separate[:2] == ("2", "1 of 1, 100.0 % [20.7, 100.0]")


def test_rounds_are_thinned_over_all_pairs():
    parts = [Timing(iterations=4, wall=BatchTime(4000.0 * pair), cpu=BatchTime(1.0)) for pair in (1, 2)]
    rounds = join_rounds(
        [rounds_of(pair, quad, 0, [parts[pair - 1]]) for pair in (1, 2) for quad in range(150)]
    )
    times = thinned(rounds)
    assert len(times) == MOST_ROUNDS
    assert times.count(1000.0) == times.count(2000.0) == MOST_ROUNDS / 2
