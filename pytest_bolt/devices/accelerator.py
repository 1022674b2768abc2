"""CUDA and other torch accelerators with streams and events."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pytest_bolt.devices.base import CpuDevice, Device, cpu_ns, wall_ns

_FLUSH_BYTES = 256 * 2**20  # beyond the last-level cache of any device sold so far


class TorchAccelerator:
    """A device reached through `torch.cuda` or `torch.xpu`, timed with its own events."""

    has_events = True
    wall_ns = staticmethod(wall_ns)
    cpu_ns = staticmethod(cpu_ns)

    def __init__(self, torch: ModuleType, kind: str, index: int) -> None:
        self.name = f"{kind}:{index}"
        self._torch = torch
        self._backend: Any = getattr(torch, kind)
        self._device = torch.device(kind, index)
        self._flush: Any = None

    def synchronise(self) -> None:
        """Wait for every stream of the device, side streams too."""
        self._backend.synchronize(self._device)

    def flush_cache(self) -> None:
        """Overwrite a buffer larger than the cache, on the current stream."""
        if self._flush is None:
            self._flush = self._torch.empty(_FLUSH_BYTES, dtype=self._torch.uint8, device=self._device)
        self._flush.zero_()

    def mark(self) -> object:
        """Record a timing event on this device's current stream; the current device may be another."""
        event = self._backend.Event(enable_timing=True)
        event.record(self._backend.current_stream(self._device))
        return event

    def between_ns(self, start: Any, end: Any) -> float:
        """Return the nanoseconds between two events that have passed."""
        return float(start.elapsed_time(end)) * 1e6

    def allocated_by(self, work: Callable[[], object]) -> int | None:
        """Run `work`; return how far the allocator's peak lies over what was held before, in bytes."""
        self.synchronise()
        before = int(self._backend.memory_allocated(self._device))
        self._backend.reset_peak_memory_stats(self._device)
        work()
        self.synchronise()
        return int(self._backend.max_memory_allocated(self._device)) - before


class MpsDevice(CpuDevice):
    """Apple's GPU: one queue, no event timing that covers a batch; wall time round a synchronise."""

    def __init__(self, torch: ModuleType) -> None:
        self.name = "mps"
        self._torch: Any = torch

    def synchronise(self) -> None:
        """Wait for the queue."""
        self._torch.mps.synchronize()


def device_in_use(asked: str = "") -> Device:
    """Return the device that a benchmark runs on.

    Arguments:
        asked: a torch device name, from the `device` fixture; empty where the test has none. Then an
            accelerator that this process has initialised is synchronised with, else it is the processor.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return CpuDevice()
    kind, _, index = asked.partition(":")
    if not kind:
        kind = next((k for k in ("cuda", "xpu") if _initialised(torch, k)), "cpu")
    if kind in {"cuda", "xpu"}:
        backend: Any = getattr(torch, kind)
        return TorchAccelerator(torch, kind, int(index) if index else int(backend.current_device()))
    return MpsDevice(torch) if kind == "mps" else CpuDevice()


def _initialised(torch: ModuleType, kind: str) -> bool:
    backend = getattr(torch, kind, None)
    probe = getattr(backend, "is_initialized", None)
    return bool(probe and probe())
