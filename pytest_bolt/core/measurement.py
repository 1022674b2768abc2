"""Timed rounds of one case on one side, kept as one compact table.

A *round* is one timed batch of `iterations` calls. Rounds come in quads (ABBA or BAAB), quads in
process pairs. Each row of the table is one part (sub-batch) of a round; times are of that part,
for all its iterations together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_bolt.core.timing import Clock, Side, Timing

__all__ = [
    "ROUND_DTYPE",
    "Clock",
    "Measurement",
    "RoundTable",
    "Side",
    "Timing",
    "empty_rounds",
    "join_rounds",
    "rounds_of",
]

ROUND_DTYPE = np.dtype(
    [
        ("pair", "<u2"),  # index of the process pair (block)
        ("quad", "<u2"),  # index of the quad inside the pair
        ("position", "u1"),  # 0..3, place inside the quad
        ("part", "u1"),  # sub-batch inside the round
        ("iterations", "<u4"),
        ("wall_ns", "<u8"),
        ("cpu_ns", "<u8"),  # process CPU time, all threads
        ("device_ns", "<u8"),  # device events; 0 where there is no device clock
        ("minor_faults", "<u4"),
        ("voluntary", "<u4"),  # voluntary context switches
        ("involuntary", "<u4"),
    ]
)
RoundTable: TypeAlias = npt.NDArray[Any]  # structured, ROUND_DTYPE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurement:
    """All rounds of one case on one side, with the warnings about their quality."""

    side: Side
    rounds: RoundTable
    warnings: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[int, ...]:
        """Return the indices of the process pairs that hold rounds, ascending."""
        return tuple(int(pair) for pair in np.unique(self.rounds["pair"]))


def empty_rounds() -> RoundTable:
    """Return a table without rows."""
    return np.empty(0, dtype=ROUND_DTYPE)


def rounds_of(pair: int, quad: int, position: int, timings: Sequence[Timing]) -> RoundTable:
    """Return the rows of one round."""
    table = np.empty(len(timings), dtype=ROUND_DTYPE)
    for part, timing in enumerate(timings):
        table[part] = (
            pair,
            quad,
            position,
            part,
            timing.iterations,
            round(timing.wall.ns),
            round(timing.cpu.ns),
            round(timing.device.ns),
            timing.minor_faults,
            timing.voluntary,
            timing.involuntary,
        )
    return table


def join_rounds(tables: Iterable[RoundTable]) -> RoundTable:
    """Return one table with the rows of all."""
    rows = [table for table in tables if len(table)]
    return np.concatenate(rows) if rows else empty_rounds()
