"""The two commands that are measured: `pytest --bolt-compare` and pytest-benchmark's."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_bolt
from benchmarks import watched_process
from benchmarks.other_rules import thinned
from benchmarks.projects import BASE, Project
from benchmarks.watched_process import Finished
from pytest_bolt.core.case import CaseId
from pytest_bolt.stores.store import open_store

PYTEST = (sys.executable, "-m", "pytest")
_SESSION_PREFIXES = ("PYTEST_", "BOLT_", "GIT_")
_WORDED = (0, 1)  # pytest ran to its end; 1 where a test failed, as a slower one does


class CommandFailedError(RuntimeError):
    """A command did not end as it should; the message holds the end of its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison said, and what it took.

    `report` is the content of `--bolt-json`; `rounds` holds times of single rounds in nanoseconds an
    iteration, by node id and side.
    """

    finished: Finished
    report: Mapping[str, Any]
    rounds: Mapping[str, Mapping[str, list[float]]] = field(default_factory=dict)


def compare(
    folder: Path,
    project: Project,
    *,
    work: Path,
    options: Sequence[str] = (),
    base: str = BASE,
    store: Path | None = None,
) -> Compared:
    """Run `pytest --bolt-compare` in a repository; everything that it keeps lies in `work`.

    Rounds are read where a place for the store is given.

    Raises CommandFailedError where it ends without a report.
    """
    report = work / "report.json"
    report.unlink(missing_ok=True)
    command = [
        *PYTEST,
        *project.arguments,
        f"--bolt-compare={base}",
        "--bolt-mode=paired",
        f"--bolt-json={report}",
    ]
    if store is not None:
        command.append(f"--bolt-store={store}")
    finished = watched_process.run(
        [*command, *options], cwd=folder, environ=environment(work), output=work / "output.txt"
    )
    if finished.code not in _WORDED or not report.exists():
        raise CommandFailedError(f"exit code {finished.code}\n{finished.tail}")
    content = json.loads(report.read_text())
    return Compared(finished=finished, report=content, rounds=_rounds(store, content) if store else {})


def _rounds(store: Path, report: Mapping[str, Any]) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    with open_store(str(store), read_only=True) as opened:
        for comparison in report["comparisons"]:
            case = CaseId(**comparison["case"]["case_id"])
            sides = opened.measurements(report["run"]["run_id"], case.key)
            found[case.node_id] = {str(side): thinned(measured.rounds) for side, measured in sides.items()}
    return found


def measure_with_pytest_benchmark(folder: Path, project: Project, *, work: Path) -> tuple[Finished, int]:
    """Run pytest-benchmark as it comes in a tree; return how that ended and how many benchmarks it measured.

    Raises CommandFailedError where a benchmark fails.
    """
    saved = work / "saved.json"
    saved.unlink(missing_ok=True)
    finished = watched_process.run(
        [*PYTEST, *project.arguments, "--benchmark-only", f"--benchmark-json={saved}"],
        cwd=folder,
        environ=environment(work),
        output=work / "output.txt",
    )
    if finished.code or not saved.exists():
        raise CommandFailedError(f"exit code {finished.code}\n{finished.tail}")
    return finished, len(json.loads(saved.read_text())["benchmarks"])


def plugin_digest() -> str:
    """Return eight digits that are others as soon as any source of the plugin is another."""
    digest = hashlib.sha256()
    for path in sorted(Path(pytest_bolt.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def environment(work: Path) -> dict[str, str]:
    """Return this process's environment without settings of pytest, git and the plugin; cache in `work`."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_SESSION_PREFIXES)}
    return inherited | {"BOLT_CACHE_DIR": str(work / "cache")}
