"""From what was said of each benchmark, and what is true, to rates with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.run_log import Line

SPEED = ("slower", "faster", "same", "inconclusive")
HEADINGS = (
    "variant",
    "runs",
    "benchmarks",
    "false SLOWER",
    "false FASTER",
    "runs with a false alarm",
    "found",
    "true change",
    "change seen",
    "SAME",
    "INCONCLUSIVE",
    "other",
    "s a benchmark",
    "load",
)
_NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`count` of `total`."""

    count: int
    total: int

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the proportion (Wilson 1927)."""
        if not self.total:
            return 0.0, 1.0
        share, square = self.count / self.total, _NORMAL_975**2 / self.total
        center = share + square / 2
        half = math.sqrt(square * (share * (1 - share) + square / 4))
        return max(0.0, (center - half) / (1 + square)), min(1.0, (center + half) / (1 + square))

    def __str__(self) -> str:
        """Return `1 of 280, 0.4 % [0.1, 2.0]`, in percent."""
        return self._worded(1)

    def precise(self) -> str:
        """Return the same with two digits after the point: what is asked may be a tenth of a percent."""
        return self._worded(2)

    def _worded(self, digits: int) -> str:
        if not self.total:
            return "-"
        share, low, high = (100 * part for part in (self.count / self.total, *self.interval()))
        return f"{self.count} of {self.total}, {share:.{digits}f} % [{low:.{digits}f}, {high:.{digits}f}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the runs of one variant said.

    Arguments:
        runs: number of runs.
        untouched: verdicts of benchmarks whose speed did not change, one list a run.
        slowed: verdicts of those that were made slower.
        sizes: by how many percent they became slower.
        changes: the estimated ratios head/base of those that were made slower.
        seconds: of the whole command, for each benchmark, one number a run.
        loads: the load average before each run.
    """

    untouched: Sequence[Sequence[str]]
    slowed: Sequence[str]
    sizes: Sequence[float]
    changes: Sequence[float]
    seconds: Sequence[float]
    loads: Sequence[float]

    def false(self, verdict: str) -> Share:
        """Return how many untouched benchmarks were given this verdict."""
        said = [name for names in self.untouched for name in names]
        return Share(count=said.count(verdict), total=len(said))

    def alarmed_runs(self) -> Share:
        """Return in how many runs an untouched benchmark was called slower or faster."""
        runs = [names for names in self.untouched if names]
        alarmed = sum(not {"slower", "faster"}.isdisjoint(names) for names in runs)
        return Share(count=alarmed, total=len(runs))

    def found(self) -> Share:
        """Return how many of the benchmarks that were made slower were called slower."""
        return Share(count=self.slowed.count("slower"), total=len(self.slowed))

    def others(self) -> int:
        """Return how many verdicts were not about speed: something did not run."""
        said = [*self.slowed, *(name for names in self.untouched for name in names)]
        return sum(name not in SPEED for name in said)


def counted(lines: Iterable[Line]) -> Counts:
    """Return the counts of the runs of one variant; failed runs do not count."""
    runs = [line for line in lines if "error" not in line]
    slowed = [benchmark for run in runs for benchmark in run["benchmarks"] if benchmark["slowed"]]
    return Counts(
        untouched=[[each["verdict"] for each in run["benchmarks"] if not each["slowed"]] for run in runs],
        slowed=[each["verdict"] for each in slowed],
        sizes=[each["size"]["percent"] for each in slowed if each.get("size")],
        changes=[each["ratio"]["estimate"] for each in slowed if each["ratio"]],
        seconds=[run["seconds"] / max(1, len(run["benchmarks"])) for run in runs],
        loads=[run["load"] for run in runs],
    )


def row(variant: str, counts: Counts) -> tuple[str, ...]:
    """Return the cells under HEADINGS."""
    untouched = counts.false("same").total
    return (
        variant,
        str(len(counts.untouched)),
        str(untouched + len(counts.slowed)),
        str(counts.false("slower")),
        str(counts.false("faster")),
        str(counts.alarmed_runs()),
        str(counts.found()),
        _spread(counts.sizes),
        f"{100 * (median(counts.changes) - 1):+.1f} %" if counts.changes else "-",
        _percent(counts.false("same")),
        _percent(counts.false("inconclusive")),
        str(counts.others()),
        f"{median(counts.seconds):.2f}" if counts.seconds else "-",
        f"{median(counts.loads):.1f}" if counts.loads else "-",
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, the first row its heading, columns aligned."""
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]))]
    heading, *body = ["| " + " | ".join(map(str.ljust, cells, widths)) + " |" for cells in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([heading, rule, *body]) + "\n"


def _percent(share: Share) -> str:
    return f"{100 * share.count / share.total:.1f} %" if share.total else "-"


def _spread(percents: Sequence[float]) -> str:
    """Return `+9.8 % (+9.1 to +10.4)`."""
    if not percents:
        return "-"
    low, high = min(percents), max(percents)
    return f"{median(percents):+.1f} %" + ("" if low == high else f" ({low:+.1f} to {high:+.1f})")
