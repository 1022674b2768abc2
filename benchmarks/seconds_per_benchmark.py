"""Seconds a benchmark and peak memory: a comparison beside pytest-benchmark, on the same suite in one run.

    python -m benchmarks.seconds_per_benchmark --repeats=5
    python -m benchmarks.seconds_per_benchmark --suite=shipped --repeats=3

Compared is the wall time of whole commands. `pytest --bolt-compare=HEAD~1` includes everything: the worktree
of the base, every process start, checks, screening and confirmation of both sides. pytest-benchmark is run as
a person would who wants to know the same: `pytest --benchmark-only --benchmark-json=FILE` in the head (one
side), then in the base (both sides); checking the base out is not counted, and in the shipped suites it
checks no result. Which goes first alternates. Memory is that of the process that the person started.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.alarm_counts import markdown
from benchmarks.projects import BASE, SUITES, Project, for_pytest_benchmark, git, write_repository
from benchmarks.pytest_commands import (
    CommandFailedError,
    compare,
    measure_with_pytest_benchmark,
    plugin_digest,
)
from benchmarks.variants import slowdown
from benchmarks.watched_process import exit_when_terminated

HEADINGS = ("what", "s a benchmark, median", "least", "most", "peak MB", "times bolt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds a benchmark of one command or two, and the peak memory of its own process in bytes."""

    seconds: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One comparison and one measurement of both sides; `judged` of `collected` got a verdict about speed."""

    bolt: Cost
    one_side: Cost
    both_sides: Cost
    judged: int
    collected: int


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    asked = _arguments(words)
    exit_when_terminated()
    with tempfile.TemporaryDirectory(prefix="seconds-") as scratch:
        repeats = [_repeat(number, asked, Path(scratch, str(number))) for number in range(asked.repeats)]
    print(_table(repeats, asked), end="")
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.seconds_per_benchmark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--suite", choices=SUITES, default="generated", help="which benchmarks (default: generated)"
    )
    parser.add_argument("--variant", default="objects", help="how the head differs (default: objects)")
    parser.add_argument(
        "--repeats", type=int, default=3, metavar="N", help="how often both are run (default: 3)"
    )
    parser.add_argument("--margin", default="5%", help="--bolt-margin (default: 5%%)")
    parser.add_argument("--budget", default="10m", metavar="TIME", help="--bolt-budget (default: 10m)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the first repeat")
    parser.add_argument(
        "--only", metavar="EXPRESSION", help="pytest's -k in place of the suite's own, for a quick look"
    )
    asked = parser.parse_args(words)
    try:
        slowdown(asked.variant)
    except ValueError as error:
        parser.error(str(error))
    if asked.repeats < 1:
        parser.error("--repeats is at least 1")
    return asked


def _repeat(number: int, asked: argparse.Namespace, scratch: Path) -> Repeat:
    """Run both tools once, in fresh folders, in alternating order."""
    project = SUITES[asked.suite](asked.variant, number)
    if asked.only:
        project = project.selecting(asked.only)
    bolt, peer = scratch / "bolt", scratch / "peer"
    write_repository(project, bolt / "project")
    write_repository(for_pytest_benchmark(project), peer / "project")
    git(peer / "project", "worktree", "add", "--quiet", "--detach", str(peer / "base"), BASE)
    load = os.getloadavg()[0]
    if number % 2:
        one, both = _peer(project, peer)
        ours, judged, collected = _ours(project, bolt, number, asked)
    else:
        ours, judged, collected = _ours(project, bolt, number, asked)
        one, both = _peer(project, peer)
    said = f"bolt {ours.seconds:.2f}, one side {one.seconds:.2f}, both sides {both.seconds:.2f} s a benchmark"
    print(f"[{number + 1}/{asked.repeats}] {said}; load {load:.1f}", file=sys.stderr, flush=True)
    return Repeat(bolt=ours, one_side=one, both_sides=both, judged=judged, collected=collected)


def _ours(project: Project, work: Path, number: int, asked: argparse.Namespace) -> tuple[Cost, int, int]:
    options = [
        f"--bolt-margin={asked.margin}",
        f"--bolt-budget={asked.budget}",
        f"--bolt-seed={asked.seed + number}",
    ]
    compared = compare(work / "project", project, work=work, options=options)
    comparisons = compared.report["comparisons"]
    judged = sum(each["verdict"] in {"slower", "faster", "same"} for each in comparisons)
    cost = Cost(seconds=compared.finished.seconds / len(comparisons), peak=compared.finished.own_peak)
    return cost, judged, len(comparisons)


def _peer(project: Project, work: Path) -> tuple[Cost, Cost]:
    """Return what pytest-benchmark takes for the head, and for the head and the base together."""
    head, count = measure_with_pytest_benchmark(work / "project", project, work=work)
    base, _ = measure_with_pytest_benchmark(work / "base", project, work=work)
    one = Cost(seconds=head.seconds / count, peak=head.own_peak)
    both = Cost(seconds=(head.seconds + base.seconds) / count, peak=max(head.own_peak, base.own_peak))
    return one, both


def _table(repeats: Sequence[Repeat], asked: argparse.Namespace) -> str:
    bolt = [repeat.bolt for repeat in repeats]
    rows = [
        HEADINGS,
        _row("pytest --bolt-compare", bolt, bolt),
        _row("pytest-benchmark, one side", [repeat.one_side for repeat in repeats], bolt),
        _row("pytest-benchmark, both sides", [repeat.both_sides for repeat in repeats], bolt),
    ]
    judged, collected = (sum(getattr(repeat, name) for repeat in repeats) for name in ("judged", "collected"))
    title = f"Suite {asked.suite}, {asked.variant}, margin {asked.margin}, budget {asked.budget}"
    said = f"{judged} of {collected} benchmarks judged; plugin sources {plugin_digest()}"
    return f"{title}: {len(repeats)} repeats, {said}\n\n{markdown(rows)}"


def _row(name: str, costs: Sequence[Cost], bolt: Sequence[Cost]) -> tuple[str, ...]:
    seconds = [cost.seconds for cost in costs]
    ratio = median(cost.seconds / ours.seconds for cost, ours in zip(costs, bolt, strict=True))
    peak = max(cost.peak for cost in costs) / 1e6
    numbers = (median(seconds), min(seconds), max(seconds))
    return (name, *(f"{number:.2f}" for number in numbers), f"{peak:.0f}", f"{ratio:.2f}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailedError as error:
        sys.exit(f"a command failed: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped")
