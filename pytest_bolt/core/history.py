"""What a benchmark took in earlier runs, as a plot of its history shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.units import IterationTime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """One side of one stored run.

    `low` and `high` are the quartiles of its rounds, None where the single rounds are not kept any more.
    `dirty` says that the tree had changes that are in no commit. `gap` says that what came before cannot be
    compared with it: in between the benchmark was measured in another environment, or the clock changed.
    """

    run_id: str
    started: datetime
    side: Side
    commit: str
    dirty: bool
    time: IterationTime
    clock: Clock
    low: IterationTime | None = None
    high: IterationTime | None = None
    gap: bool = False
