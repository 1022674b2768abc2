"""Lines of the log as a run would leave them, with what a test is about chosen."""

from __future__ import annotations


def benchmark(node_id="test_speed.py::test_speed[a]", verdict="same", *, slowed=False, size=None, change=0.0):
    ratio = None if verdict == "incorrect" else {"estimate": 1 + change / 100}
    truth = None if size is None else {"percent": size, "error": 0.1}
    times = [1000.0 + each for each in range(20)]
    return {
        "id": node_id,
        "verdict": verdict,
        "slowed": slowed,
        "size": truth,
        "ratio": ratio,
        "pairs": 4,
        "rounds": {"base": times, "head": [(1 + change / 100) * each for each in times]},
    }


def line(variant="identical", *benchmarks, run=1, margin="5%", suite="generated", neighbours=0, **others):
    return {
        "suite": suite,
        "variant": variant,
        "run": run,
        "margin": margin,
        "budget": "10m",
        "neighbours": neighbours,
        "plugin": "aaaaaaaa",
        "began": 1_800_000_000.0 + run,
        "load": 0.5,
        "seconds": 1.5 * len(benchmarks),
        "facts": {"host": "secret-host", "cpu_model": "A chip", "cpu_count": "2", "python": "3.11.7"},
        "control": {"floor": 0.012, "certain": 0.0},
        "benchmarks": list(benchmarks),
        **others,
    }
