"""Sides, clocks and the timing of one part, without numpy: workers start often."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_bolt.core.units import BatchTime

PEAK_MEMORY = "peak_memory"  # metrics of one call that a worker takes beside the time
PEAK_RSS = "peak_rss"
RSS_RESOLUTION = 1 << 20  # bytes; a difference of one step is none


class Side(StrEnum):
    """Which tree a process runs."""

    BASE = "base"
    HEAD = "head"

    @property
    def other(self) -> Side:
        """Return the opposite side."""
        return Side.HEAD if self is Side.BASE else Side.BASE


class Clock(StrEnum):
    """What a batch value was read from."""

    FILTERED = "filt"  # wall time without preempted sub-batches (single-threaded work)
    WALL = "wall"  # lower quartile of wall time (multi-threaded or waiting work)
    CPU = "cpu"  # process CPU time
    DEVICE = "device"  # device events


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One part (sub-batch) of a round as the worker read it; nanoseconds for the whole part."""

    iterations: int
    wall: BatchTime
    cpu: BatchTime
    device: BatchTime = BatchTime(0)
    minor_faults: int = 0
    voluntary: int = 0
    involuntary: int = 0
