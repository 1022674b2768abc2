"""The simulation runs the real plan; the truth of each cell decides what it may say."""

from __future__ import annotations

from benchmarks import simulated_rates


def test_equal_code_is_the_same_and_a_slowdown_is_found(capsys):
    arguments = (
        "--runs=2",
        "--benchmarks=3",
        "--margin",
        "5",
        "--noise",
        "0.5",
        "--wild",
        "0",
        "--change",
        "30",
    )
    assert simulated_rates.main(arguments) == 0
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert [cell.strip() for cell in first.split("|")][4:9] == [
        "0 %", "0 of 6, 0.0 % [0.0, 39.0]", "0 of 6, 0.0 % [0.0, 39.0]", "100.0 %", "0.0 %",
    ]  # fmt: skip
    assert "6 of 6, 100.0 % [61.0, 100.0]" in second


def processes(**given):
    rng = simulated_rates.random.Random(3)
    return simulated_rates.Processes(**{"noise": 0.0, "unequal": 0.0, "wild": 0.0, "rng": rng, **given})


def test_a_wild_process_is_as_far_off_for_the_whole_pair():
    wild, side = processes(wild=1.0), simulated_rates.Side.HEAD
    assert wild(1, "a", side) == wild(1, "a", side) != wild(2, "a", side)
    assert 0.05 <= abs(wild(1, "a", side)) <= 0.17
    assert processes()(1, "a", side) == 0.0


def test_unequal_benchmarks_have_each_its_own_noise():
    alike, unequal = processes(noise=0.01), processes(noise=0.01, unequal=0.7)
    for drawn in (alike, unequal):
        drawn(1, "a", simulated_rates.Side.HEAD)
        drawn(1, "b", simulated_rates.Side.HEAD)
    assert set(alike.own.values()) == {0.01}
    assert len(set(unequal.own.values())) == 2
