"""The null control: some benchmarks of the base against themselves, in process pairs like all others.

Noise that differs from pair to pair widens each benchmark's own interval. What no interval can show is a
difference that all pairs share although the code is the same: the control looks for that.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pytest_bolt.core import judgement
from pytest_bolt.core.comparison import NullControl
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.progress import Budget, PlanSettings, Progress
from pytest_bolt.core.quads import quads_in_pair
from pytest_bolt.core.stats import Estimate
from pytest_bolt.core.steps import BOTH
from pytest_bolt.core.verdict import Verdict

_ONE_IN = 10
_LEAST = 3
_LEAST_VALUES = 3  # for an interval
_BUDGET_SHARE = 0.1
_MOST_FOR_THE_LARGEST = 10  # of more benchmarks than these the largest is an accident


@dataclass(slots=True, kw_only=True)
class Control:
    """The benchmarks that were drawn with the quads of each, their rounds, and what they came to so far."""

    drawn: dict[str, Progress] = field(default_factory=dict)
    quads: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    room_ns: float = 0.0
    threads: int | None = None
    found: NullControl | None = None

    def draw(
        self, active: Mapping[str, Progress], settings: PlanSettings, budget: Budget, rng: random.Random
    ) -> None:
        """Draw one benchmark in ten, at least three, as far as a tenth of the budget allows.

        All of them run in the same two processes, so they are of those that start with the commonest
        number of threads.
        """
        if not settings.paired or not settings.control_pairs:
            return
        self.room_ns = _BUDGET_SHARE * settings.budget_ns
        room = self.room_ns / settings.control_pairs - budget.start_ns
        wanted = max(_LEAST, math.ceil(len(active) / _ONE_IN))
        commonest = Counter(progress.case.threads for progress in active.values()).most_common(1)
        self.threads = commonest[0][0] if commonest else None
        for key in rng.sample(list(active), len(active)):
            if active[key].case.threads != self.threads:
                continue
            quads = quads_in_pair(active[key], len(active), settings, budget)
            cost = quads * active[key].quad_ns
            if len(self.drawn) < wanted and cost <= room:
                room -= cost
                self.drawn[key], self.quads[key] = active[key].again(), quads

    def due(self, settings: PlanSettings, budget: Budget) -> bool:
        """Return whether to run another pair: as many as were planned, while there is time for them."""
        return (
            bool(self.drawn) and self.pairs < settings.control_pairs and min(self.room_ns, budget.left_ns) > 0
        )

    def update(self, spent_ns: float) -> None:
        """Take another pair in: work out what was found from all that has been measured."""
        self.pairs += 1
        self.room_ns -= spent_ns
        ratios = [found for progress in self.drawn.values() if (found := _ratios(progress))]
        values = [value for found in ratios for value in found]
        if len(values) < _LEAST_VALUES:
            return
        pooled = judgement.estimate(tuple(values))
        single = [judgement.estimate(found) for found in ratios if len(found) > 1]
        centers = [abs(estimate.center) for estimate in single] or [abs(pooled.center)]
        share = 1.0 if len(centers) <= _MOST_FOR_THE_LARGEST else 0.9
        self.found = NullControl(
            ratio=judgement.ratio_of(pooled),
            values=len(values),
            benchmarks=len(ratios),
            floor=math.expm1(float(np.quantile(centers, share))),
            certain=math.expm1(max(_certain(estimate) for estimate in (pooled, *single))),
        )

    def doubt(self, verdict: Verdict, estimate: Estimate, margins: Margins) -> str:
        """Return why a verdict cannot stand in this session, empty where it can.

        Where identical code differs for certain by more than the margin, nothing is the same within it, and
        an effect counts only as far as its interval lies beyond.
        """
        certain = math.log1p(self.found.certain) if self.found else 0.0
        beyond = estimate.low > certain or estimate.high < -certain
        if certain <= margins.least or (verdict is not Verdict.SAME and beyond):
            return ""
        return f"the base differs from itself by at least {100 * math.expm1(certain):.1f} % in this session"


def _certain(estimate: Estimate) -> float:
    """Return the least |log-ratio| inside an interval."""
    return max(0.0, estimate.low, -estimate.high)


def _ratios(progress: Progress) -> tuple[judgement.PairRatio, ...]:
    base, head = (progress.table(side) for side in BOTH)
    return judgement.pair_ratios(base, head, progress.clock(base, head)) if len(base) else ()
