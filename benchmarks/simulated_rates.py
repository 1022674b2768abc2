"""What the plan decides where the truth and the noise are known exactly: no process, no clock, minutes.

Runs the plan and the statistics of a comparison, with nothing replaced, on an executor that answers from a
script. Two processes of one pair differ by a log-ratio drawn from a normal distribution; some processes are
*wild*, off by 5 to 17 % in either direction. With `--unequal` benchmarks are not equally noisy: each one's
standard deviation is the cell's times a factor from a log-normal distribution. Prints how often equal code
was called slower or faster and how often a slowdown was found, with 95 % intervals (Wilson).

    python -m benchmarks.simulated_rates                     the whole grid, about half an hour
    python -m benchmarks.simulated_rates --runs 1            one run a cell
    python -m benchmarks.simulated_rates --noise 2 --wild 3  one cell, percent
    python -m benchmarks.simulated_rates --unequal 0.7       one in six twice as noisy as the middle one

What it leaves out: drift, load that comes and goes, noise that two benchmarks of a run share. `error_rates`
measures with them.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from benchmarks.alarm_counts import Share, markdown
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.plan import PlanSettings, plan
from pytest_bolt.core.steps import Decide, PlannedCase
from pytest_bolt.core.timing import Side
from pytest_bolt.measuring.runner import run_plan
from pytest_bolt.testing import ScriptedExecutor

_CALL_NS = 1e5
_ROUND_NOISE = 0.02
_NO_LIMIT_NS = 1e18
_HEADINGS = (
    "margin",
    "between processes",
    "wild",
    "change",
    "slower",
    "faster",
    "same",
    "inconclusive",
    "pairs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One line of the table; `noise` is the standard deviation of the log-ratio of a process pair."""

    margin: float
    noise: float
    wild: float
    change: float
    unequal: float = 0.0


@dataclass(slots=True, kw_only=True)
class Processes:
    """Draws, once for every process and benchmark, how far off it is.

    `noise` is the standard deviation of one process for the benchmark in the middle, `unequal` that of its
    logarithm over benchmarks, `wild` the share of wild processes.
    """

    noise: float
    unequal: float
    wild: float
    rng: random.Random
    own: dict[str, float] = field(default_factory=dict)
    drawn: dict[tuple[int, str, Side], float] = field(default_factory=dict)

    def __call__(self, pair: int, case: str, side: Side) -> float:
        """Return the log-ratio to add."""
        key = (pair, case, side)
        if key not in self.drawn:
            own = self.own.setdefault(case, self.noise * math.exp(self.rng.gauss(0.0, self.unequal)))
            wild = self.rng.random() < self.wild
            far = self.rng.choice((-1, 1)) * self.rng.uniform(0.05, 0.17) if wild else 0.0
            self.drawn[key] = self.rng.gauss(0.0, own) + far
        return self.drawn[key]


def simulated(cell: Cell, benchmarks: int, seed: int) -> list[Decide]:
    """Return the decisions of one run over so many benchmarks."""
    margins = Margins(slower=cell.margin, faster=cell.margin)
    cases = [PlannedCase(key=str(index), margins=margins) for index in range(benchmarks)]
    times = {Side.BASE: _CALL_NS, Side.HEAD: _CALL_NS * (1 + cell.change)}
    executor = ScriptedExecutor(
        times={case.key: times for case in cases},
        round_noise=_ROUND_NOISE,
        seed=seed,
        shift=Processes(
            noise=cell.noise / math.sqrt(2),  # each side gets its own
            unequal=cell.unequal,
            wild=cell.wild,
            rng=random.Random(seed),  # noqa: S311 - a script, not a secret
        ),
        open_ns=10**9,
    )
    decisions: list[Decide] = []
    steps = plan(cases, PlanSettings(seed=seed, budget_ns=_NO_LIMIT_NS))
    run_plan(steps, executor, decided=decisions.append, progressed=lambda _step, _reply: None)
    return decisions


def cells(asked: argparse.Namespace) -> list[Cell]:
    """Return the grid: equal code, and a slowdown of twice the margin (5 % at a margin of 3 %)."""
    return [
        Cell(
            margin=margin / 100,
            noise=noise / 100,
            wild=wild / 100,
            change=change / 100,
            unequal=asked.unequal,
        )
        for margin, noise, wild in itertools.product(asked.margin, asked.noise, asked.wild)
        for change in (0, asked.change or (5 if margin == 3 else 2 * margin))
    ]


def row(cell: Cell, decisions: Sequence[Decide]) -> tuple[str, ...]:
    """Return the cells of the table's line."""
    said = [str(decision.verdict) for decision in decisions]
    shares = [Share(count=said.count(name), total=len(said)) for name in ("slower", "faster")]
    rest = [f"{100 * said.count(name) / len(said):.1f} %" for name in ("same", "inconclusive")]
    pairs = fmean(len(set(decision.rounds[Side.HEAD]["pair"].tolist())) for decision in decisions)
    known = (f"{100 * value:g} %" for value in (cell.margin, cell.noise, cell.wild, cell.change))
    return (*known, *map(str, shares), *rest, f"{pairs:.1f}")


def main(words: Sequence[str] | None = None) -> int:
    """Simulate every cell and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulated_rates",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--runs", type=int, default=2, help="runs a cell (default: %(default)s)")
    add("--benchmarks", type=int, default=120, help="of a run (default: %(default)s)")
    add("--margin", type=float, nargs="+", default=[5.0, 3.0], help="percent")
    add("--noise", type=float, nargs="+", default=[0.5, 1.0, 2.0, 3.0], help="between processes, percent")
    add("--wild", type=float, nargs="+", default=[0.0, 3.0], help="share of wild processes, percent")
    add("--unequal", type=float, default=0.0, help="standard deviation of the log noise over benchmarks")
    add("--change", type=float, help="slowdown, percent (default: twice the margin)")
    add("--seed", type=int, default=1, help="of the first run (default: %(default)s)")
    asked = parser.parse_args(words)
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for cell in cells(asked):
        seeds = range(asked.seed, asked.seed + asked.runs)
        rows.append(row(cell, [each for seed in seeds for each in simulated(cell, asked.benchmarks, seed)]))
        print(" ".join(rows[-1]), flush=True)
    print("\n" + markdown(rows), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
