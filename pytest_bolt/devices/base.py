"""What a device must be able to do to be measured on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

# Bound once: a test that freezes or patches the time module must not reach the measuring clock.
wall_ns = time.perf_counter_ns
cpu_ns = time.process_time_ns


class Device(Protocol):
    """A device on which work may go on after the call that started it returned."""

    name: str
    has_events: bool  # whether device_ns means anything

    def wall_ns(self) -> int:
        """Return wall time in nanoseconds."""

    def cpu_ns(self) -> int:
        """Return process CPU time in nanoseconds, all threads."""

    def synchronise(self) -> None:
        """Wait until all work that was started on the device has ended."""

    def flush_cache(self) -> None:
        """Displace the operands of earlier calls from the device's last-level cache."""

    def mark(self) -> object:
        """Record a point in the device's own stream of work."""

    def between_ns(self, start: object, end: object) -> float:
        """Return nanoseconds of device time between two marks that have both passed."""

    def allocated_by(self, work: Callable[[], object]) -> int | None:
        """Run `work`; return the bytes of device memory held at most beyond those held before it.

        None where the device has no memory of its own that is accounted for.
        """


class CpuDevice:
    """The processor: calls return when their work is done."""

    name = "cpu"
    has_events = False
    wall_ns = staticmethod(wall_ns)
    cpu_ns = staticmethod(cpu_ns)

    def synchronise(self) -> None:
        """Do nothing: a call on the processor has ended when it returns."""

    def flush_cache(self) -> None:
        """Do nothing: caches stay as a caller in a loop finds them."""

    def mark(self) -> object:
        """Return a wall clock reading."""
        return wall_ns()

    def between_ns(self, start: object, end: object) -> float:
        """Return zero: there is no device clock."""
        del start, end
        return 0.0

    def allocated_by(self, work: Callable[[], object]) -> int | None:
        """Run `work`; the processor has no memory of its own."""
        work()
        return None
