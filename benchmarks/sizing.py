"""Projects with a slowdown of about the size that was asked for, and how large it really is.

`slower-N` is exact by construction. For `copy-N` and `algorithm-N` the amount is adjusted until direct timing
comes near N percent; the size that is told was then measured by further processes, as the last look at a
value that was chosen would flatter it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks import direct_timing
from benchmarks.direct_timing import Size
from benchmarks.projects import SUITES, Project, subjects
from benchmarks.python_slowdowns import PIECE, items_taken
from benchmarks.sample_library.workloads import WORKLOADS
from benchmarks.torch_slowdowns import SHARES, Subject
from benchmarks.variants import COPY, SLOWER, slowdown

# Processes differ by more than the turns within one: many and short ones.
LOOKS, LOOK_SECONDS, SECONDS = 3, 0.15, 0.2
LOOK_PROCESSES = {"generated": 4, "shipped": 2}  # a process that imports torch takes seconds to start
PROCESSES = {"generated": 12, "shipped": 6}
NEAR = 0.05  # of the size that was asked for
_FIRST_COPY = 8 * PIECE  # bytes
_SMALLEST = 0.2  # percent; below, a first look cannot tell the size from nothing


def sized(suite: str, variant: str, run: int, known: dict[tuple[str, str, str], tuple[int, Size]]) -> Project:
    """Return the project of a run with its sizes.

    Arguments:
        suite: a key of `SUITES`.
        variant: what the head does otherwise.
        run: chooses what is slowed down.
        known: amounts and sizes by suite, cause with percentage and test; what is missing is added.
    """
    change, names = slowdown(variant), subjects(suite, variant, run)
    if change is None or change.cause == SLOWER:
        size = Size(percent=change.percent if change else 0.0, error=0.0)
        return replace(SUITES[suite](variant, run), sizes=dict.fromkeys(names, size))
    kind = f"{change.cause}-{change.percent}"
    if any((suite, kind, name) not in known for name in names):
        amounts = _adjusted(suite, variant, run, float(change.percent))
        final = _timed(SUITES[suite](variant, run, amounts), names, PROCESSES[suite], SECONDS)
        known.update({(suite, kind, name): (amounts[name], final[name]) for name in names})
    found = {name: known[suite, kind, name] for name in names}
    project = SUITES[suite](variant, run, {name: amount for name, (amount, _size) in found.items()})
    return replace(project, sizes={name: size for name, (_amount, size) in found.items()})


def _adjusted(suite: str, variant: str, run: int, percent: float) -> dict[str, int]:
    names = subjects(suite, variant, run)
    cause = variant.partition("-")[0]
    amounts = {name: _first(suite, cause, name) for name in names}
    most = {name: None if cause == COPY else amount for name, amount in amounts.items()}
    for _look in range(LOOKS):
        seen = _timed(SUITES[suite](variant, run, amounts), names, LOOK_PROCESSES[suite], LOOK_SECONDS)
        better = {name: nearer(amounts[name], seen[name].percent, percent, most[name]) for name in names}
        if better == amounts:
            break
        amounts = better
    return amounts


def nearer(amount: int, seen: float, percent: float, most: int | None) -> int:
    """Return the amount to try next, where `amount` made a function `seen` percent slower.

    Arguments:
        amount: what was tried.
        seen: the size that it had, percent.
        percent: the size that is wanted.
        most: the largest amount there is; None where there is none.
    """
    if abs(seen - percent) <= NEAR * percent:
        return amount
    wanted = max(1, round(amount * min(32.0, percent / max(seen, _SMALLEST))))
    return wanted if most is None else min(wanted, most)


def _first(suite: str, cause: str, name: str) -> int:
    """Return where to begin; the largest amount of those that have one."""
    if suite == "shipped":
        return Subject.of(name).elements if cause == COPY else SHARES
    if cause == COPY:
        return _FIRST_COPY
    function = name.removeprefix("test_speed[").removesuffix("]")
    module = WORKLOADS[function][0].__module__.rpartition(".")[2]
    return items_taken((Path(__file__).parent / "sample_library" / f"{module}.py").read_text(), function)


def _timed(project: Project, names: tuple[str, ...], processes: int, seconds: float) -> Mapping[str, Size]:
    with tempfile.TemporaryDirectory(prefix="sizing-") as name:
        folders = Path(name, "base"), Path(name, "head")
        for folder, files in zip(folders, (project.base, project.head), strict=True):
            for path, text in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
        return direct_timing.sizes(*folders, names, processes=processes, seconds=seconds)
