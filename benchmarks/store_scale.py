"""How a store grows: its size, and how long its queries take, as commits are added.

    python -m benchmarks.store_scale --short            1,000 commits x 20 cases, about a minute
    python -m benchmarks.store_scale                    1,000 commits x 1,000 cases
    python -m benchmarks.store_scale --store=URL        on an empty PostgreSQL database

Each commit is one run with one clean side, as a scheduled job on the main branch leaves it: one record of
`--rounds` rounds and one comparison a case. Prints a line each time a tenth of the commits is stored.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import ROUND_DTYPE, Clock, Measurement, RoundTable, Side
from pytest_bolt.core.record import Record, Revision, Run, RunState
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.stores import writes
from pytest_bolt.stores.store import Store, open_store

ENVIRONMENT = Environment(facts={"cpu_model": "made up", "cpu_count": "2"})
START = datetime(2026, 1, 1, tzinfo=UTC)
REPEATS = 7


def main() -> None:
    """Fill a store and print what it costs."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.sqlite")
        with open_store(arguments.store or str(path)) as store:
            _line(
                "commits", "cases", "MB", "add ms/case", "open ms", "baseline ms", "nearest ms", "series ms"
            )
            for commits in _fill(store, arguments):
                size = (
                    None if arguments.store else sum(f.stat().st_size for f in Path(folder).iterdir()) / 1e6
                )
                _line(
                    commits[0],
                    arguments.cases,
                    _shown(size),
                    commits[1],
                    *_queries(store, commits[0], arguments),
                )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="20 cases instead of 1,000")
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--cases", type=int)
    parser.add_argument(
        "--rounds", type=int, default=20, help="rows of the table of rounds a record (default: 20)"
    )
    parser.add_argument("--store", metavar="URL", help="an empty store (default: a temporary SQLite file)")
    arguments = parser.parse_args()
    arguments.cases = arguments.cases or (20 if arguments.short else 1000)
    return arguments


def _fill(store: Store, arguments: argparse.Namespace) -> Iterator[tuple[int, str]]:
    """Store run after run; give the number of commits and the time a case took, ten times."""
    random = np.random.default_rng(1)
    cases = [
        Case(case_id=CaseId(node_id=_node_id(n), source_hash="0123456789abcdef"))
        for n in range(arguments.cases)
    ]
    step, started = max(1, arguments.commits // 10), time.perf_counter()
    for number in range(arguments.commits):
        _store_run(store, number, cases, arguments.rounds, random)
        if (number + 1) % step == 0:
            took = 1000 * (time.perf_counter() - started) / step / len(cases)
            yield number + 1, f"{took:.3f}"
            started = time.perf_counter()


def _store_run(
    store: Store, number: int, cases: list[Case], rounds: int, random: np.random.Generator
) -> None:
    """Store all cases of one run in one transaction: what is measured is the result, not the way there."""
    revision = Revision(commit=_commit(number), name="main", branch="main", subject=f"change {number}")
    run = Run(
        run_id=f"{number:012x}",
        started=START + timedelta(hours=number),
        command=("pytest", "--bolt"),
        head=revision,
        base=None,
        environment=ENVIRONMENT,
        mode="measure",
    )
    store.begin(run)
    with store._writing() as connection:  # noqa: SLF001
        stored = store._run_numbers[run.run_id]  # noqa: SLF001
        for case in cases:
            record = Record(
                case=case,
                revision=revision,
                measurement=Measurement(side=Side.HEAD, rounds=_rounds(rounds, random)),
                time=IterationTime(float(random.normal(1e5, 1e3))),
                clock=Clock.FILTERED,
            )
            writes.insert_comparison(connection, store._references, stored, _comparison(case, random))  # noqa: SLF001
            writes.insert_records(connection, store._references, stored, [record])  # noqa: SLF001
    store.finish(run.run_id, state=RunState.FINISHED, ended=run.started)


def _comparison(case: Case, random: np.random.Generator) -> Comparison:
    low, middle, high = sorted(random.normal(1.0, 0.02, 3))
    return Comparison(
        case=case,
        verdict=Verdict.SAME,
        margin=0.05,
        ratio=Interval(estimate=float(middle), low=float(low), high=float(high)),
        base_time=IterationTime(1e5),
        head_time=IterationTime(1e5 * float(middle)),
        detectable=0.03,
        method="Hodges-Lehmann over quads",
        pairs=1,
        quads=5,
        seed=int(random.integers(2**31)),
    )


def _rounds(count: int, random: np.random.Generator) -> RoundTable:
    rounds = np.zeros(count, dtype=ROUND_DTYPE)
    rounds["quad"], rounds["part"] = np.arange(count) // 4, np.arange(count) % 2
    rounds["position"], rounds["iterations"] = np.arange(count) // 2 % 4, 10
    rounds["wall_ns"] = random.normal(1e6, 2e4, count)
    rounds["cpu_ns"] = rounds["wall_ns"] - random.integers(0, 20_000, count)
    rounds["involuntary"] = random.poisson(0.1, count)
    return rounds


def _queries(store: Store, commits: int, arguments: argparse.Namespace) -> list[str]:
    mark, keys = ENVIRONMENT.fingerprint, [f"{_node_id(n)}@0123456789abcdef" for n in range(arguments.cases)]
    parents = [f"{number:040x}" for number in range(50)] + [_commit(n) for n in reversed(range(commits))]
    where = str(store._engine.url.render_as_string(hide_password=False)) if arguments.store else store.where  # noqa: SLF001
    return [
        _median_ms(lambda: open_store(where).close()),
        _median_ms(lambda: store.baseline(_commit(commits // 2), mark, keys)),
        _median_ms(lambda: store.baseline_commits(parents, mark)),
        _median_ms(lambda: store.series(keys[len(keys) // 2], mark, 1000)),
    ]


def _median_ms(action: Callable[[], object]) -> str:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return f"{1000 * statistics.median(times):.1f}"


def _node_id(number: int) -> str:
    return f"tests/kernels/test_operations_{number // 50}.py::test_forward[shape{number}-float32-cpu]"


def _commit(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:040x}"


def _shown(megabytes: float | None) -> str:
    return "-" if megabytes is None else f"{megabytes:.1f}"


def _line(*cells: object) -> None:
    sys.stdout.write("  ".join(str(cell).rjust(11) for cell in cells) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
