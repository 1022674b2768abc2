"""How often a comparison is wrong, and how often it sees what is there.

Runs `pytest --bolt-compare` itself, in a process of its own, on generated git repositories whose truth is
known: two commits of the same tree (identical), two that differ by a change that cannot matter (import,
docstring, local, objects, order), two of which the head does N % more work in one function (slower-N, another
function in each run) or in M functions (slower-N-in-M). Prints a Markdown table with 95 % intervals (Wilson),
and what other tools' rules would have said of the same rounds.

    python -m benchmarks.error_rates --short                     a few minutes
    python -m benchmarks.error_rates --out=rates                 ten runs a variant
    python -m benchmarks.error_rates --out=rates --suite=shipped the torch suites of this repository
    python -m benchmarks.error_rates --out=rates --runs=0        print the table of what is there

Every finished run is a line of runs.jsonl in the folder --out, with its seed and the load before it; runs
that are there are not repeated, so a program that was stopped goes on where it was, and --runs=20 adds ten to
ten.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.alarm_counts import HEADINGS, counted, markdown, row
from benchmarks.busy import neighbours
from benchmarks.other_rules import HEADINGS as OTHER_HEADINGS
from benchmarks.other_rules import rows as other_rules
from benchmarks.projects import SUITES, Project, slowdown, variants, write_repository
from benchmarks.pytest_commands import CommandFailedError, compare, plugin_digest
from benchmarks.run_log import Line, RunLog
from benchmarks.watched_process import exit_when_terminated

SHORT = {"runs": 2, "variants": ("identical", "objects", "slower-20"), "budget": "40s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run: what it is found by in the log."""

    suite: str
    variant: str
    run: int
    seed: int
    margin: str
    budget: str
    neighbours: int

    @property
    def key(self) -> dict[str, object]:
        """Return the values that tell this run from others."""
        return {name: getattr(self, name) for name in self.__slots__}


def main(words: Sequence[str] | None = None) -> int:
    """Do the runs that are missing and print the table; return 1 where a run failed."""
    asked = _arguments(words)
    exit_when_terminated()
    with tempfile.TemporaryDirectory(prefix="error-rates-") as scratch:
        log = RunLog(Path(asked.out or scratch) / "runs.jsonl")
        failures = _run_missing(_tasks(asked), log, asked, Path(scratch))
        table = _table(log, asked)
        print(table, end="")
        if asked.out:
            Path(asked.out, f"table-{asked.suite}.md").write_text(table)
    return 1 if failures else 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.error_rates",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--suite", choices=SUITES, default="generated", help="which benchmarks (default: generated)"
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="runs of each variant (default: 10; 2 with --short)"
    )
    parser.add_argument(
        "--variants",
        type=_variants,
        metavar="NAMES",
        help=f"comma-separated (default: {','.join(variants())}); slower-N and slower-N-in-M too",
    )
    parser.add_argument("--margin", default="5%", help="--bolt-margin of every run (default: 5%%)")
    parser.add_argument(
        "--budget", metavar="TIME", help="--bolt-budget of every run (default: 10m; 40s with --short)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of the first run; the next has N + 1"
    )
    parser.add_argument("--out", metavar="FOLDER", help="where results are kept (default: nowhere)")
    parser.add_argument(
        "--keep-stores", action="store_true", help="keep each run's store with all rounds in --out"
    )
    parser.add_argument(
        "--neighbours", type=int, default=0, metavar="N", help="busy processes beside every run (default: 0)"
    )
    parser.add_argument("--short", action="store_true", help="two runs of three variants with a small budget")
    asked = parser.parse_args(words)
    if asked.keep_stores and not asked.out:
        parser.error("--keep-stores needs --out")
    standard = {"runs": 10, "variants": variants(), "budget": "10m"}
    for name, value in (SHORT if asked.short else standard).items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    return asked


def _variants(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    try:
        for name in names:
            slowdown(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return names


def _tasks(asked: argparse.Namespace) -> list[Task]:
    """Return all runs, one of each variant in turn, so that a load that comes and goes meets all of them."""
    return [
        Task(
            suite=asked.suite,
            variant=variant,
            run=run,
            seed=asked.seed + run,
            margin=asked.margin,
            budget=asked.budget,
            neighbours=asked.neighbours,
        )
        for run in range(asked.runs)
        for variant in asked.variants
    ]


def _run_missing(tasks: Sequence[Task], log: RunLog, asked: argparse.Namespace, scratch: Path) -> int:
    """Do every run that the log lacks; return how many failed."""
    missing = [task for task in tasks if log.find(**task.key) is None]
    failures, begin = 0, time.monotonic()
    for number, task in enumerate(missing, 1):
        _tell(f"[{number}/{len(missing)}] {task.suite} {task.variant} run {task.run} ... ", end="")
        line = _line(task, asked, scratch)
        log.append(line)
        failures += "error" in line
        left = (time.monotonic() - begin) / number * (len(missing) - number)
        _tell(f"{_said(line)}; about {left / 60:.0f} min left")
    return failures


def _line(task: Task, asked: argparse.Namespace, scratch: Path) -> Line:
    """Do one run in folders of its own and return its line."""
    known = {**task.key, "plugin": plugin_digest(), "load": os.getloadavg()[0], "began": time.time()}
    options = [f"--bolt-margin={task.margin}", f"--bolt-budget={task.budget}", f"--bolt-seed={task.seed}"]
    project = SUITES[task.suite](task.variant, task.run)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        store = Path(name, "store.sqlite")
        if asked.keep_stores:
            store = Path(asked.out, "stores", f"{task.suite}-{task.variant}-{task.seed}.sqlite").absolute()
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
    times = {side: (comparison[side] or {}).get("ns") for side in ("base_time", "head_time")}
    return {
        "id": node_id,
        "slowed": project.slows(node_id),
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


def _table(log: RunLog, asked: argparse.Namespace) -> str:
    """Return the table of all runs of this suite, margin and budget that the log holds."""
    alike = {name: getattr(asked, name) for name in ("suite", "margin", "budget", "neighbours")}
    same = [line for line in log.lines if all(line[name] == value for name, value in alike.items())]
    names = [*variants(), *sorted({line["variant"] for line in same} - set(variants()))]
    rows = [row(name, counted(line for line in same if line["variant"] == name)) for name in names]
    done = [cells for cells in rows if cells[1] != "0"]
    plugins = ", ".join(sorted({line["plugin"] for line in same})) or "none"
    settings = f"margin {asked.margin}, budget {asked.budget}, {asked.neighbours} busy neighbours"
    title = f"Suite {asked.suite}, {settings}; plugin sources {plugins}"
    others = markdown([OTHER_HEADINGS, *other_rules(same)])
    return f"{title}\n\n{markdown([HEADINGS, *done])}\nThe same rounds, judged by others:\n\n{others}"


def _tell(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; finished runs are kept in --out")
