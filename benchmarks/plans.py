"""Which runs are made, and in which order: so that one that is stopped has every cell about equally far."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.projects import SUITES
from benchmarks.variants import harmless_names, slowdown

TUNE, REPORT, BOTH = "tune", "report", "both"
HALVES = (TUNE, REPORT, BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What runs are alike in: all but their number."""

    suite: str
    variant: str
    margin: str
    neighbours: int


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


def half(run: int) -> str:
    """Return which half of the data a run is in: constants are chosen on one, figures come from the other."""
    return REPORT if run % 2 else TUNE


def tasks(cells: Sequence[Cell], runs: int, *, seed: int, budget: str) -> Iterator[Task]:
    """Yield one run of every cell, then the next of every cell.

    Each round of cells has an order of its own, always the same, so that a load that comes and goes meets all
    of them and no cell has always the same one before it.

    Arguments:
        cells: what to run.
        runs: of each cell.
        seed: of the first run; the next has one more.
        budget: `--bolt-budget` of every run.
    """
    for run in range(runs):
        for cell in random.Random(run).sample(cells, len(cells)):  # noqa: S311 - an order, not a secret
            yield Task(
                suite=cell.suite,
                variant=cell.variant,
                run=run,
                seed=seed + run,
                margin=cell.margin,
                budget=budget,
                neighbours=cell.neighbours,
            )


def parsed(text: str) -> tuple[Cell, ...]:
    """Return the cells of a plan: a line each, `SUITE VARIANT MARGIN NEIGHBOURS`; `#` begins a comment.

    Raises ValueError with the line that cannot be read.
    """
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    cells = tuple(dict.fromkeys(_cell(line) for line in lines if line))
    if not cells:
        raise ValueError("the plan has no line")
    return cells


def _cell(line: str) -> Cell:
    words = line.split()
    if len(words) != 4 or words[0] not in SUITES or not words[3].isdigit():
        suites = "|".join(SUITES)
        raise ValueError(f"cannot read {line!r} in the plan; a line is {suites} VARIANT MARGIN NEIGHBOURS")
    slowdown(words[1])
    return Cell(suite=words[0], variant=words[1], margin=margin(words[2]), neighbours=int(words[3]))


def margin(text: str) -> str:
    """Return a margin in its usual writing, `5%`; raise ValueError where it is none."""
    number = text.strip().removesuffix("%").strip()
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if not 0 < value < 100:
        raise ValueError(f"{text!r} is no margin; write e.g. 5%")
    return f"{value:g}%"


def _long() -> tuple[Cell, ...]:
    harmless = [f"generated {name} {margin} 0" for margin in ("5%", "3%") for name in harmless_names()]
    return parsed("\n".join([*harmless, _LONG]))


_LONG = """
generated slower-20 5% 0
generated slower-10 5% 0
generated slower-10-in-8 5% 0
generated copy-10-in-5 5% 0
generated algorithm-10-in-5 5% 0
generated slower-2-in-8 3% 0
generated slower-3-in-8 3% 0
generated slower-5-in-8 3% 0
generated copy-5-in-5 3% 0
generated algorithm-5-in-5 3% 0
generated identical 5% 1
generated objects 5% 1
generated identical 3% 1
generated objects 3% 1
generated slower-10-in-8 5% 1
generated slower-5-in-8 3% 1
shipped identical 5% 0
shipped objects 5% 0
shipped objects 3% 0
shipped slower-10-in-2 5% 0
shipped copy-10-in-2 5% 0
shipped algorithm-10-in-2 5% 0
shipped slower-5-in-2 3% 0
shipped identical 5% 1
"""
LONG = _long()
