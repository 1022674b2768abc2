"""Peak memory of the controller with many benchmarks, beside pytest-benchmark with some of the same.

    python -m benchmarks.controller_memory                       1,000 benchmarks; 100 for pytest-benchmark
    python -m benchmarks.controller_memory --peer-tests=1000     the same number for both: an hour
    python -m benchmarks.controller_memory --short               100 benchmarks; 10 for pytest-benchmark

Runs `pytest --bolt-compare=HEAD~1` on a generated repository of parametrised benchmarks that add two
numbers, and `pytest --benchmark-only --benchmark-json=FILE` on one with fewer. Memory is the high-water mark
of the process that was started, its workers left out; the largest of all its processes is shown beside it.
The budget bounds the time; benchmarks that it does not reach are kept by the controller all the same. Returns
1 where the controller takes more than the limit.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.alarm_counts import markdown
from benchmarks.projects import trivial, write_repository
from benchmarks.pytest_commands import (
    CommandFailedError,
    compare,
    measure_with_pytest_benchmark,
    plugin_digest,
)
from benchmarks.watched_process import Finished, exit_when_terminated

LIMIT_MB = 300
HEADINGS = ("what", "benchmarks", "own peak MB", "largest process MB", "seconds")


def main(words: Sequence[str] | None = None) -> int:
    """Measure both and print the table; return 1 where the controller is over the limit."""
    asked = _arguments(words)
    exit_when_terminated()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="memory-") as scratch:
        ours, counts = _ours(asked, Path(scratch, "bolt"))
        rows = [HEADINGS, _row("pytest --bolt-compare, controller", asked.tests, ours)]
        if asked.peer_tests:
            peer = _peer(asked.peer_tests, Path(scratch, "peer"))
            rows.append(_row("pytest-benchmark", asked.peer_tests, peer))
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    print(
        f"Budget {asked.budget}: {told}; load {load:.1f}; plugin sources {plugin_digest()}\n",
        markdown(rows),
        sep="\n",
        end="",
    )
    return int(ours.own_peak > LIMIT_MB * 1e6)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.controller_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tests", type=int, metavar="N", help="benchmarks to compare (default: 1000)")
    parser.add_argument(
        "--peer-tests",
        type=int,
        metavar="N",
        help="benchmarks for pytest-benchmark, 0 for none (default: 100)",
    )
    parser.add_argument("--budget", default="5m", metavar="TIME", help="--bolt-budget (default: 5m)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="--bolt-seed (default: 1)")
    parser.add_argument("--short", action="store_true", help="100 benchmarks, 10 for pytest-benchmark")
    asked = parser.parse_args(words)
    asked.tests = asked.tests or (100 if asked.short else 1000)
    asked.peer_tests = (10 if asked.short else 100) if asked.peer_tests is None else asked.peer_tests
    return asked


def _ours(asked: argparse.Namespace, work: Path) -> tuple[Finished, dict[str, int]]:
    """Return how the comparison ended and how many benchmarks got which verdict."""
    project = trivial(asked.tests)
    write_repository(project, work / "project")
    options = [f"--bolt-budget={asked.budget}", f"--bolt-seed={asked.seed}"]
    compared = compare(work / "project", project, work=work, options=options)
    return compared.finished, dict(compared.report["counts"])


def _peer(count: int, work: Path) -> Finished:
    project = trivial(count)
    write_repository(project, work / "project")
    finished, _ = measure_with_pytest_benchmark(work / "project", project, work=work)
    return finished


def _row(name: str, count: int, finished: Finished) -> tuple[str, ...]:
    megabytes = (f"{peak / 1e6:.0f}" for peak in (finished.own_peak, finished.any_peak))
    return (name, str(count), *megabytes, f"{finished.seconds:.0f}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailedError as error:
        sys.exit(f"a command failed: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped")
