"""How often a comparison is wrong, and how often it sees what is there.

Runs `pytest --bolt-compare` itself, in a process of its own, on generated git repositories whose truth is
known: two commits of the same tree (identical), two that differ by a change that cannot matter (import,
docstring, local, objects, order), two of which the head is about N % slower in one function, another in each
run, or in M functions (-in-M): by N % more work (slower-N, exact), by an extra copy (copy-N) or by a slower
algorithm (algorithm-N), both of a size that direct timing tells. Prints the figures that are asked for, a
table for every kind of run, with 95 % intervals (Wilson), and what other tools would have said of the rounds.

    python -m benchmarks.error_rates --short                     a few minutes
    python -m benchmarks.error_rates --out=rates                 ten runs a variant
    python -m benchmarks.error_rates --out=rates --suite=shipped the torch suites of this repository
    python -m benchmarks.error_rates --out=rates --long --hours=8
                                     all kinds of run in turn, as often as there is time for
    python -m benchmarks.error_rates --out=rates --runs=0        print the tables of what is there
    python -m benchmarks.error_rates --out=rates --render=docs/explanation/error-rates.md
                                     write them as a page, with the data it stands on beside it

Every finished run is a line of runs.jsonl in the folder --out, with its seed and the load before it; runs
that are there are not repeated, so a program that was stopped goes on where it was, and --runs=20 adds ten to
ten. Runs with an even number are there to choose constants by, those with an odd one to report
(--report-half).
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import rates_page
from benchmarks.busy import neighbours
from benchmarks.direct_timing import Size
from benchmarks.plans import BOTH, HALVES, LONG, Cell, Task, half, margin, parsed, tasks
from benchmarks.projects import SUITES, Project, write_repository
from benchmarks.pytest_commands import CommandFailedError, compare, plugin_digest
from benchmarks.rate_tables import chosen, tables
from benchmarks.run_log import Line, RunLog
from benchmarks.sizing import sized
from benchmarks.variants import slowdown, standard_names
from benchmarks.watched_process import exit_when_terminated

SHORT = {"runs": 2, "variants": ("identical", "objects", "slower-20"), "budget": "40s"}
STANDARD = {"runs": 10, "variants": standard_names(), "budget": "10m"}
MOST_FAILURES = 5  # in a row
MANY = 1_000_000  # runs of each cell, where hours end them
Sizes = dict[tuple[str, str, str], tuple[int, Size]]


def main(words: Sequence[str] | None = None) -> int:
    """Do the runs that are missing and print the tables; return 1 where a run failed."""
    asked = _arguments(words)
    exit_when_terminated()
    with tempfile.TemporaryDirectory(prefix="error-rates-") as scratch:
        log = RunLog(Path(asked.out or scratch) / "runs.jsonl")
        if asked.render:
            return _rendered(log, asked)
        others = {line["plugin"] for line in log.lines} - {plugin_digest()}
        if others and asked.runs and not asked.mixed:
            names = ", ".join(sorted(others))
            sys.exit(f"--out holds runs of other sources ({names}): take another folder, or --mixed")
        planned = tasks(asked.cells, asked.runs, seed=asked.seed, budget=asked.budget)
        failures = _run_missing(planned, log, asked, Path(scratch))
        text = tables(chosen(log.lines, asked.report_half))
        print(text, end="")
        if asked.out:
            Path(asked.out, "tables.md").write_text(text)
    return 1 if failures else 0


def _rendered(log: RunLog, asked: argparse.Namespace) -> int:
    try:
        written = rates_page.write(Path(asked.render), log.lines, asked.report_half, mixed=asked.mixed)
    except rates_page.CannotRenderError as error:
        sys.exit(str(error))
    print("wrote " + ", ".join(map(str, written)))
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.error_rates",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_kinds(parser)
    _add_amount(parser)
    _add_results(parser)
    asked = parser.parse_args(words)
    if not asked.out and (asked.keep_stores or asked.render):
        parser.error("--keep-stores and --render need --out")
    for name, value in (SHORT if asked.short else STANDARD).items():
        if getattr(asked, name) is None:
            setattr(asked, name, MANY if name == "runs" and asked.hours else value)
    try:
        asked.cells = _cells(asked)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return asked


def _add_kinds(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what is run").add_argument
    add("--suite", choices=SUITES, default="generated", help="which benchmarks (default: generated)")
    usual = ",".join(standard_names())
    add("--variants", type=_variants, metavar="NAMES", help=f"comma-separated (default: {usual})")
    add(
        "--margin",
        type=_margins,
        default=("5%",),
        metavar="LIST",
        help="--bolt-margin; several, comma-separated, are runs of their own (default: 5%%)",
    )
    add("--neighbours", type=int, default=0, metavar="N", help="busy processes beside every run (default: 0)")
    add("--long", action="store_true", help="everything that is reported; add --hours")
    add("--plan", metavar="FILE", help="lines of SUITE VARIANT MARGIN NEIGHBOURS in place of the above")
    add("--short", action="store_true", help="two runs of three variants with a small budget")


def _add_amount(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("how much").add_argument
    add("--runs", type=int, metavar="N", help="runs of each kind (default: 10; 2 with --short)")
    add("--hours", type=float, metavar="H", help="begin no run that would end later; --runs has no end then")
    add("--budget", metavar="TIME", help="--bolt-budget of every run (default: 10m; 40s with --short)")
    add("--seed", type=int, default=1, metavar="N", help="seed of the first run; the next has N + 1")


def _add_results(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("results").add_argument
    add("--out", metavar="FOLDER", help="where results are kept (default: nowhere)")
    add("--keep-stores", action="store_true", help="keep each run's store with all rounds in --out")
    add("--report-half", choices=HALVES, default=BOTH, help="which runs the tables count (default: both)")
    add("--render", metavar="PAGE", help="run nothing; write the Markdown page, and a CSV file beside it")
    add("--mixed", action="store_true", help="take runs of different sources of the plugin together")


def _variants(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    try:
        for name in names:
            slowdown(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return names


def _margins(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(margin(each) for each in text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _cells(asked: argparse.Namespace) -> tuple[Cell, ...]:
    """Return what is run in turn; raise OSError or ValueError where a plan cannot be read."""
    if asked.plan:
        return parsed(Path(asked.plan).read_text())
    if asked.long:
        return LONG
    return tuple(
        Cell(suite=asked.suite, variant=variant, margin=each, neighbours=asked.neighbours)
        for each in asked.margin
        for variant in asked.variants
    )


def _run_missing(planned: Iterable[Task], log: RunLog, asked: argparse.Namespace, scratch: Path) -> int:
    """Do every run that the log lacks, while there is time; return how many failed."""
    missing = (task for task in planned if log.find(**task.key) is None)
    failures, in_a_row, digest, sizes = 0, 0, plugin_digest(), Sizes()
    begin = time.monotonic()
    took: list[float] = []
    total = "" if asked.hours else f"/{sum(log.find(**task.key) is None for task in _planned(asked))}"
    for number in itertools.count(1):
        left = _hours_left(asked, begin, took)
        task = next(missing, None) if left is None or left > 0 else None
        if task is None:
            return failures
        if plugin_digest() != digest and not asked.mixed:
            _tell("the sources of the plugin were changed; stopped, as --mixed was not given")
            return failures + 1
        _tell(f"[{number}{total}] {_named(task)} ... ", end="")
        started = time.monotonic()
        line = _line(task, asked, scratch, sizes)
        log.append(line)
        took.append(time.monotonic() - started)
        failures += "error" in line
        in_a_row = in_a_row + 1 if "error" in line else 0
        _tell(f"{_said(line)}; {_progress(number, total, took, left)}")
        if in_a_row == MOST_FAILURES:
            _tell(f"stopped after {MOST_FAILURES} failures in a row")
            return failures
    return failures


def _planned(asked: argparse.Namespace) -> Iterable[Task]:
    return tasks(asked.cells, asked.runs, seed=asked.seed, budget=asked.budget)


def _hours_left(asked: argparse.Namespace, begin: float, took: Sequence[float]) -> float | None:
    """Return the seconds that are left beyond a usual run; None where there is no end."""
    if asked.hours is None:
        return None
    return float(asked.hours * 3600 - (time.monotonic() - begin) - (median(took) if took else 0))


def _progress(number: int, total: str, took: Sequence[float], left: float | None) -> str:
    if left is not None:
        return f"about {max(0.0, left) / 60:.0f} min left"
    return f"about {median(took) * (int(total[1:]) - number) / 60:.0f} min left"


def _named(task: Task) -> str:
    beside = f", {task.neighbours} busy" if task.neighbours else ""
    return f"{task.suite} {task.variant} at {task.margin}{beside}, run {task.run}"


def _line(task: Task, asked: argparse.Namespace, scratch: Path, sizes: Sizes) -> Line:
    """Do one run in folders of its own and return its line."""
    known = {**task.key, "half": half(task.run), "plugin": plugin_digest(), "began": time.time()}
    try:
        project = sized(task.suite, task.variant, task.run, sizes)
    except subprocess.CalledProcessError as error:
        return {**known, "error": f"direct timing failed: {error}"}
    known["load"] = os.getloadavg()[0]
    options = [f"--bolt-margin={task.margin}", f"--bolt-budget={task.budget}", f"--bolt-seed={task.seed}"]
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        store = Path(name, "store.sqlite")
        if asked.keep_stores:
            store = Path(asked.out, "stores", f"{_stem(task)}.sqlite").absolute()
            store.parent.mkdir(parents=True, exist_ok=True)
        write_repository(project, Path(name, "project"))
        try:
            with neighbours(task.neighbours):
                folder = Path(name, "project")
                compared = compare(folder, project, work=Path(name), options=options, store=store)
        except CommandFailedError as error:
            return {**known, "error": str(error)}
    return {
        **known,
        "seconds": compared.finished.seconds,
        "controller_peak": compared.finished.own_peak,
        "subject": project.subject,
        "facts": compared.report["run"]["environment"]["facts"],
        "control": compared.report["run"]["control"],
        "benchmarks": [_benchmark(each, project, compared.rounds) for each in compared.report["comparisons"]],
    }


def _benchmark(
    comparison: Mapping[str, Any], project: Project, rounds: Mapping[str, Mapping[str, list[float]]]
) -> dict[str, Any]:
    node_id = comparison["case"]["case_id"]["node_id"]
    kept = ("verdict", "ratio", "detectable", "clock", "pairs", "quads", "reason", "warnings")
    size = project.size(node_id)
    times = {side: (comparison[side] or {}).get("ns") for side in ("base_time", "head_time")}
    return {
        "id": node_id,
        "slowed": project.slows(node_id),
        "size": dataclasses.asdict(size) if size else None,
        **times,
        **{key: comparison[key] for key in kept},
        "rounds": rounds.get(node_id, {}),
    }


def _said(line: Line) -> str:
    if "error" in line:
        return f"failed: {line['error'].splitlines()[-1]}"
    verdicts = [benchmark["verdict"] for benchmark in line["benchmarks"]]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
    return f"{counts}; {line['seconds']:.0f} s, load {line['load']:.1f}"


def _stem(task: Task) -> str:
    return f"{task.suite}-{task.variant}-{task.margin.rstrip('%')}-{task.neighbours}-{task.seed}"


def _tell(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; finished runs are kept in --out")
