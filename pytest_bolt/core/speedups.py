"""How much faster implementations are than their baseline, over all workloads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.record import BASELINE_MODE
from pytest_bolt.core.verdict import Verdict

THRESHOLDS = (0.5, 0.8, 1.0, 1.5, 2.0)
BASELINE_NOTE = "baseline"  # the note of a comparison that names what it was compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Speedups:
    """The speedups of one implementation over one baseline.

    A workload with a wrong answer counts as 0 in `shares` and is left out of `mean`, the geometric mean;
    one whose baseline failed is in neither. `shares` holds, by p, the share of workloads that are correct
    and more than p times as fast (fast_p: Ouyang et al., "KernelBench", 2025, section 3.3). `mean` and
    `worst` are None where nothing was timed.
    """

    implementation: str
    baseline: str
    timed: int
    wrong: int
    mean: float | None
    worst: float | None
    worst_case: str
    shares: tuple[tuple[float, float], ...]


def speedup(comparison: Comparison) -> Interval | None:
    """Return how many times faster the head is than the base, None where nothing was timed."""
    return comparison.ratio.inverted() if comparison.ratio is not None else None


def speedups(comparisons: Iterable[Comparison]) -> tuple[Speedups, ...]:
    """Return a summary for each implementation and baseline, by name; empty for any other kind of run."""
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for comparison in comparisons:
        if comparison.mode == BASELINE_MODE:
            key = (comparison.case.implementation, comparison.notes.get(BASELINE_NOTE, ""))
            groups.setdefault(key, []).append(comparison)
    return tuple(_summarised(*key, members) for key, members in sorted(groups.items()))


def _summarised(implementation: str, baseline: str, members: Sequence[Comparison]) -> Speedups:
    wrong = sum(each.verdict is Verdict.INCORRECT for each in members)
    found = [(each.ratio.inverted().estimate, each.case.case_id.node_id) for each in members if each.ratio]
    rates = [rate for rate, _ in found]
    worst, worst_case = min(found, default=(None, ""))
    count = len(rates) + wrong
    return Speedups(
        implementation=implementation,
        baseline=baseline,
        timed=len(rates),
        wrong=wrong,
        mean=math.exp(sum(map(math.log, rates)) / len(rates)) if rates else None,
        worst=worst,
        worst_case=worst_case,
        shares=tuple((p, sum(rate > p for rate in rates) / count) for p in THRESHOLDS) if count else (),
    )
