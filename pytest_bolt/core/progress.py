"""What the plan remembers while it runs: settings, the progress of each case, the budget."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from pytest_bolt.core.judgement import PairRatio, choose_clock, pair_ratios
from pytest_bolt.core.measurement import Clock, RoundTable, join_rounds
from pytest_bolt.core.steps import BOTH, PlannedCase, Reply
from pytest_bolt.core.timing import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """The constants of the procedure; times in nanoseconds."""

    seed: int = 0
    sides: tuple[Side, ...] = BOTH
    screening_pairs: int = 3
    confirming_pairs: int = 8
    confirming_looks: tuple[int, ...] = (12, 18, 25, 32)  # after the first one
    most_pairs: int = 32
    control_pairs: int = 3  # of the base against itself, 0 for none
    quads: int = 5
    most_quads: int = 20
    pair_error: float = 0.01  # standard error of a log-ratio inside a pair that more quads are worth
    part_ns: float = 1e6
    parts: int = 2
    budget_ns: float = 600e9

    @property
    def paired(self) -> bool:
        """Return whether two trees are compared, rather than one measured."""
        return len(self.sides) == 2


@dataclass(slots=True, kw_only=True)
class Progress:
    """What the plan knows of one case so far."""

    case: PlannedCase
    iterations: int = 1
    parts: int = 2
    call_ns: float = 0.0
    candidate: bool = False
    first_pair: int = 1  # pairs before this one were screening and are not judged on
    pairs: int = 0
    spent_ns: int = 0
    remarks: dict[str, None] = field(default_factory=dict)  # what was left out, in words
    rounds: dict[Side, list[RoundTable]] = field(default_factory=lambda: {side: [] for side in BOTH})
    _ratios: dict[tuple[int, Clock, int, int], tuple[PairRatio, ...]] = field(default_factory=dict)

    @property
    def quad_ns(self) -> float:
        """Return what a quad takes: four batches."""
        return 4 * self.parts * self.iterations * max(self.call_ns, 1.0)

    @property
    def quad_noise(self) -> float:
        """Return the standard deviation of a quad's log-ratio inside a pair, 0 before it is known."""
        seen = [ratio.error * math.sqrt(ratio.quads) for ratios in self._ratios.values() for ratio in ratios]
        return median(seen) if seen else 0.0

    def again(self) -> Progress:
        """Return the same case, calibrated alike, with nothing measured and only time to measure."""
        case = replace(self.case, memory=False)
        return Progress(case=case, iterations=self.iterations, parts=self.parts, call_ns=self.call_ns)

    def clock(self, *sides: RoundTable) -> Clock:
        """Return the clock that was asked for, else the one that the rounds choose.

        Work on several threads that waits for its slowest one takes less CPU time than wall time; nothing
        may be taken off it.
        """
        chosen = self.case.clock or choose_clock(*sides)
        return Clock.WALL if self.case.parallel and chosen is Clock.FILTERED else chosen

    def ratios(self, base: RoundTable, head: RoundTable, clock: Clock) -> tuple[PairRatio, ...]:
        """Return `pair_ratios` of tables of this case; a pair that is measured is worked out once a clock."""
        found: list[PairRatio] = []
        for pair in np.unique(head["pair"]).tolist():
            one, other = base[base["pair"] == pair], head[head["pair"] == pair]
            key = (pair, clock, len(one), len(other))
            if key not in self._ratios:
                self._ratios[key] = pair_ratios(one, other, clock)
            found += self._ratios[key]
        return tuple(found)

    @property
    def judged_pairs(self) -> int:
        """Return how many pairs a candidate has been measured on since it became one."""
        return len(set(self.judged_table(Side.HEAD)["pair"].tolist()))

    def table(self, side: Side) -> RoundTable:
        """Return every round of one side."""
        return join_rounds(self.rounds[side])

    def judged_table(self, side: Side) -> RoundTable:
        """Return the rounds that may be judged on."""
        table = self.table(side)
        return table[table["pair"] >= self.first_pair]


@dataclass(slots=True, kw_only=True)
class Budget:
    """Time for the whole run, charged with what each step took; nanoseconds."""

    total_ns: float
    spent_ns: float = 0.0
    start_ns: float = 0.0  # what opening the last pair took

    def charge(self, reply: Reply) -> None:
        """Take off what a step has cost."""
        self.spent_ns += reply.spent_ns

    @property
    def left_ns(self) -> float:
        """Return what is left, negative when overdrawn."""
        return self.total_ns - self.spent_ns
