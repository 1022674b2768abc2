"""The null control: some benchmarks of the base against themselves, in process pairs like all others.

It shows what identical code seems to differ by in this session, on this machine, through this procedure.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_bolt.core import judgement
from pytest_bolt.core.comparison import NullControl
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.progress import PlanSettings, Progress
from pytest_bolt.core.stats import Estimate
from pytest_bolt.core.steps import BOTH
from pytest_bolt.core.verdict import Verdict

_ONE_IN = 10
_LEAST = 3
_LEAST_VALUES = 3  # for an interval
_BUDGET_SHARE = 0.1


@dataclass(slots=True, kw_only=True)
class Control:
    """The benchmarks that were drawn, their rounds, and what they came to so far."""

    drawn: dict[str, Progress] = field(default_factory=dict)
    pairs: int = 0
    found: NullControl | None = None

    def draw(self, active: dict[str, Progress], settings: PlanSettings, rng: random.Random) -> None:
        """Draw one benchmark in ten, at least three, none that would take too much of the budget."""
        room = _BUDGET_SHARE * settings.budget_ns / max(settings.control_pairs, 1)
        wanted = max(_LEAST, math.ceil(len(active) / _ONE_IN))
        for key in rng.sample(list(active), len(active)):
            cost = settings.quads * active[key].quad_ns
            if len(self.drawn) < wanted and cost <= room:
                room -= cost
                self.drawn[key] = active[key].again()

    def due(self, active: Mapping[str, Progress], settings: PlanSettings) -> bool:
        """Return whether to run another pair: one of the first few, or while the floor is in the way."""
        if self.pairs < settings.control_pairs:
            return bool(self.drawn)
        in_the_way = any(self._floor > progress.case.margins.least for progress in active.values())
        return in_the_way and not self.exhausted(settings)

    def exhausted(self, settings: PlanSettings) -> bool:
        """Return whether the noise floor will not get lower."""
        return not self.drawn or self.pairs >= settings.most_control_pairs

    def update(self) -> None:
        """Take another pair in: work out the interval from all that has been measured."""
        self.pairs += 1
        ratios = {key: _ratios(progress) for key, progress in self.drawn.items()}
        values = [ratio for found in ratios.values() for ratio in found]
        if len(values) >= _LEAST_VALUES:
            self.found = NullControl(
                ratio=judgement.ratio_of(judgement.estimate(tuple(values))),
                values=len(values),
                benchmarks=sum(bool(found) for found in ratios.values()),
            )

    def doubt(self, verdict: Verdict, estimate: Estimate, margins: Margins) -> str:
        """Return why a verdict cannot stand in this session, empty where it can.

        Where identical code may seem to differ by more than the margin, nothing is the same within it, and
        an effect counts only as far as its interval lies beyond the noise floor.
        """
        beyond = estimate.low > self._floor or estimate.high < -self._floor
        if self._floor <= margins.least or (verdict is not Verdict.SAME and beyond):
            return ""
        floor = 100 * math.expm1(self._floor)
        return f"the base seems to differ from itself by up to {floor:.1f} % in this session"

    @property
    def _floor(self) -> float:
        """Return the noise floor as a log-ratio, 0 where it is not known."""
        return math.log1p(self.found.floor) if self.found else 0.0


def _ratios(progress: Progress) -> tuple[judgement.PairRatio, ...]:
    base, head = (progress.table(side) for side in BOTH)
    return judgement.pair_ratios(base, head, judgement.choose_clock(base, head)) if len(base) else ()
