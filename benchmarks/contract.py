"""The figures that are asked for, and what the runs say: reached, not reached, or not decidable yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.alarm_counts import Share, counted
from benchmarks.run_log import Line
from benchmarks.variants import IDENTICAL, slowdown

HEADINGS = ("figure", "busy neighbours", "runs", "measured [95 % interval], percent", "asked", "so far")
REACHED, NOT_REACHED, UNDECIDED = "reached", "not reached", "not decidable with this many runs"
# A slowdown whose size by direct timing is further off than this share of it is one of another size, and one
# whose standard error is larger is of a size that nobody knows.
NEAR = 0.15
_ALARM = ("slower", "faster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the contract.

    Arguments:
        name: what is counted.
        margin: of the runs that are counted.
        wanted: whether a run of a variant is counted.
        share: what is counted in these runs.
        asked: the bound, a proportion.
        least: whether the bound is the smallest that is good enough, not the largest.
    """

    name: str
    margin: str
    wanted: Callable[[str], bool]
    share: Callable[[Sequence[Line]], Share]
    asked: float
    least: bool = False

    @property
    def bound(self) -> str:
        """Return what is asked for, such as `<= 1 %`."""
        return f"{'>=' if self.least else '<='} {100 * self.asked:g} %"

    def judged(self, share: Share) -> str:
        """Return what the interval of a share says of the bound."""
        low, high = share.interval()
        if self.least:
            return REACHED if low >= self.asked else NOT_REACHED if high < self.asked else UNDECIDED
        return REACHED if high <= self.asked else NOT_REACHED if low > self.asked else UNDECIDED


def _no_change(variant: str) -> bool:
    return variant == IDENTICAL


def _no_matter(variant: str) -> bool:
    return variant != IDENTICAL and slowdown(variant) is None


def _some_slower(variant: str) -> bool:
    return slowdown(variant) is not None


def _slower_by(percent: int) -> Callable[[str], bool]:
    def wanted(variant: str) -> bool:
        change = slowdown(variant)
        return change is not None and change.percent == percent

    return wanted


def _suites(lines: Sequence[Line]) -> Share:
    return counted(lines).alarmed_runs()


def _benchmarks(lines: Sequence[Line]) -> Share:
    shares = [counted(lines).false(verdict) for verdict in _ALARM]
    return Share(count=sum(share.count for share in shares), total=shares[0].total)


def _found(lines: Sequence[Line]) -> Share:
    """Return how many were found of those whose size is near the one asked for."""
    near = [each for line in lines for each in line["benchmarks"] if each["slowed"] and _near(line, each)]
    return Share(count=sum(each["verdict"] == "slower" for each in near), total=len(near))


def out_of_size(lines: Iterable[Line]) -> tuple[int, int]:
    """Return how many slowdowns are not near the size asked for, and how many there are."""
    near = [_near(line, each) for line in lines for each in line["benchmarks"] if each["slowed"]]
    return near.count(False), len(near)


def _near(line: Line, benchmark: Mapping[str, Any]) -> bool:
    change, size = slowdown(line["variant"]), benchmark.get("size")
    if not (change and size):
        return True
    limit = NEAR * change.percent
    return bool(abs(size["percent"] - change.percent) <= limit and size["error"] <= limit)


def _same(lines: Sequence[Line]) -> Share:
    return counted(lines).false("same")


_NO_MATTER = "a change that cannot matter"
_BESIDE = "beside a benchmark that is slower"
# name, margin, which runs, share, asked; a share above a half is the least that is asked for
_ROWS = (
    ("suites with a false alarm", "5%", _no_change, _suites, 0.01),
    ("benchmarks with a false alarm", "3%", _no_change, _benchmarks, 0.001),
    (f"suites with a false alarm, {_NO_MATTER}", "5%", _no_matter, _suites, 0.01),
    (f"benchmarks with a false alarm, {_NO_MATTER}", "3%", _no_matter, _benchmarks, 0.001),
    (f"suites with a false alarm, {_BESIDE}", "5%", _some_slower, _suites, 0.01),
    (f"benchmarks with a false alarm, {_BESIDE}", "3%", _some_slower, _benchmarks, 0.001),
    ("slowdowns of 10 % that are found", "5%", _slower_by(10), _found, 0.95),
    ("slowdowns of 5 % that are found", "3%", _slower_by(5), _found, 0.95),
    ("identical benchmarks declared SAME", "5%", _no_change, _same, 0.9),
)
FIGURES = tuple(
    Figure(
        name=f"{name}, margin {margin[:-1]} %",
        margin=margin,
        wanted=wanted,
        share=share,
        asked=asked,
        least=asked > 0.5,
    )
    for name, margin, wanted, share, asked in _ROWS
)
SECONDS_ASKED = 2.0


def rows(lines: Iterable[Line]) -> list[tuple[str, ...]]:
    """Return the cells under HEADINGS, for a quiet machine and for one with busy neighbours."""
    done = [line for line in lines if "error" not in line]
    found: list[tuple[str, ...]] = []
    for busy in sorted({bool(line["neighbours"]) for line in done}):
        alike = [line for line in done if bool(line["neighbours"]) == busy]
        found += [_row(figure, alike, busy=busy) for figure in FIGURES]
        found += [] if busy else [_cost(alike)]
    return found


def _row(figure: Figure, lines: Sequence[Line], *, busy: bool) -> tuple[str, ...]:
    counted_lines = [
        line for line in lines if line["margin"] == figure.margin and figure.wanted(line["variant"])
    ]
    share = figure.share(counted_lines)
    judged = figure.judged(share) if share.total else "not measured"
    runs = str(len(counted_lines))
    return figure.name, "yes" if busy else "no", runs, share.precise(), figure.bound, judged


def _cost(lines: Sequence[Line]) -> tuple[str, ...]:
    """Return the row of the seconds that a benchmark takes where nothing is slower."""
    usual = [line for line in lines if line["margin"] == "5%" and slowdown(line["variant"]) is None]
    seconds = counted(usual).seconds
    name = "seconds a benchmark, median over runs, margin 5 %"
    asked = f"<= {SECONDS_ASKED:g}"
    if not seconds:
        return name, "no", "0", "-", asked, "not measured"
    low, high = median_interval(seconds)
    judged = REACHED if high <= SECONDS_ASKED else NOT_REACHED if low > SECONDS_ASKED else UNDECIDED
    interval = f"[{low:.2f}, {high:.2f}]" if math.isfinite(high) else "[no interval below six runs]"
    return name, "no", str(len(seconds)), f"{median(seconds):.2f} s {interval}", asked, judged


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a median, by the order of the values; nothing to everything below six."""
    count = len(values)
    if count < 6:  # the range of five values misses their median in 6 % of cases
        return -math.inf, math.inf
    ordered, half = sorted(values), 1.959963984540054 * math.sqrt(count) / 2
    low = max(0, math.floor(count / 2 - half))
    return ordered[low], ordered[count - 1 - low]
