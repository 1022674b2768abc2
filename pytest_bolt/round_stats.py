"""What pytest-benchmark's `benchmark.stats` offers, for tests that look at it after the measurement."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from pytest_bolt.core.timing import Timing


class RoundStats:
    """Statistics over the rounds of this process, in seconds an iteration, as attributes and as keys.

    They describe one side in one process and decide nothing.
    """

    def __init__(self, timings: Sequence[Timing]) -> None:
        self.data = [timing.wall.per_iteration(timing.iterations).ns / 1e9 for timing in timings]
        self.iterations = timings[0].iterations
        self.rounds = len(self.data)
        self.min, self.max, self.total = min(self.data), max(self.data), sum(self.data)
        self.mean, self.median = statistics.fmean(self.data), statistics.median(self.data)
        self.stddev = statistics.stdev(self.data) if self.rounds > 1 else 0.0
        self.q1, _, self.q3 = statistics.quantiles(self.data) if self.rounds > 1 else [self.mean] * 3
        self.iqr = self.q3 - self.q1
        self.ops = 1 / self.mean if self.mean else 0.0

    @property
    def stats(self) -> RoundStats:
        """Return itself: pytest-benchmark keeps the numbers one level deeper."""
        return self

    def __getitem__(self, name: str) -> Any:
        """Return an attribute by name. Raises KeyError."""
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None
