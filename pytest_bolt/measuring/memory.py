"""Look at the memory of a call: what its allocators say, and what the system says of the process.

Every look is a call of its own that nobody times. What watches allocations slows a call several times over
and needs memory itself, so the two looks are two calls.
"""

from __future__ import annotations

import ctypes
import itertools
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pytest_bolt.core.timing import PEAK_MEMORY, PEAK_RSS, RSS_RESOLUTION
from pytest_bolt.devices.base import Device
from pytest_bolt.measuring.timing import Target, undisturbed

_Seen = TypeVar("_Seen")

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # proc(5): sets the peak resident set (VmHWM) to the present one
_MEMORY_EVENT = "[memory]"


def peaks(target: Target, device: Device) -> list[dict[str, Any]]:
    """Return what a call was seen to take, as entries like those of `bolt.record`, in bytes.

    `peak_memory` is the device's allocator where the device has one, else Python's and numpy's allocations
    and those of torch's processor tensors; `peak_rss` how far the resident set rose. What cannot be had is
    left out.
    """
    growth, on_device = _resident(target, device)
    tracked = on_device if on_device is not None else _tracked(target)
    found = {PEAK_MEMORY: tracked, PEAK_RSS: growth}
    return [
        {"name": name, "value": value, "unit": "B", "better": "lower"}
        for name, value in found.items()
        if value is not None
    ]


def _called(target: Target, look: Callable[[Callable[[], object]], _Seen]) -> _Seen:
    """Return what `look` sees of one call; making its arguments is not part of it."""
    args, kwargs = target.arguments()
    with undisturbed():
        seen = look(lambda: target.function(*args, **kwargs))
    if target.teardown:
        target.teardown(*args, **kwargs)
    return seen


def _resident(target: Target, device: Device) -> tuple[int | None, int | None]:
    """Return the growth of the peak resident set over a call, and the device memory that it took.

    Memory that earlier calls have given back is still part of the heap; returned to the system first, it
    counts again when the call takes it.
    """
    on_device: list[int | None] = []
    _trim()
    growth = _called(target, lambda call: _growth(lambda: on_device.append(device.allocated_by(call))))
    return growth, on_device[0]


def _growth(work: Callable[[], object]) -> int | None:
    """Run `work`; return by how many bytes the peak resident set exceeds what was resident before.

    In steps of one MiB: the system counts pages in batches, one a processor. Where the system does not let
    a process reset its peak there is no such figure: the maximum since the start says nothing about one
    call of many.
    """
    reset = _reset_peak()
    before = _status("VmRSS")
    work()
    after = _status("VmHWM")
    if not reset or before is None or after is None:
        return None
    return round(max(0, after - before) / RSS_RESOLUTION) * RSS_RESOLUTION


def _reset_peak() -> bool:
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _status(name: str) -> int | None:
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None


def _trim() -> None:
    with suppress(AttributeError, OSError, TypeError):  # only the GNU library has it
        ctypes.CDLL(None).malloc_trim(0)


def _tracked(target: Target) -> int | None:
    """Return the peak of tracked allocations: of Python and numpy, and of torch where that is loaded.

    Two peaks of two calls: their sum is what both take together at most.
    """
    python = _python_peak(target)
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "autograd"):
        return python
    tensors = _tensor_peak(target, torch)
    return None if tensors is None else python + tensors


def _python_peak(target: Target) -> int:
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start(1)
    try:
        return _called(target, _traced)
    finally:
        if not running:
            tracemalloc.stop()


def _traced(call: Callable[[], object]) -> int:
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    call()
    return max(0, tracemalloc.get_traced_memory()[1] - before)


def _tensor_peak(target: Target, torch: ModuleType) -> int | None:
    """Return the peak of torch's processor allocator, temporaries inside operations included.

    None where the test has a profiler of its own running: a second one would end it.
    """
    if torch.autograd._profiler_enabled():  # noqa: SLF001 - there is no public way to ask
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the profiler; those of the function were heard before
        with torch.autograd.profiler.profile(profile_memory=True) as profiler:
            _called(target, lambda call: call())
    events = [event for event in profiler.kineto_results.events() if event.name() == _MEMORY_EVENT]
    on_processor = [event for event in events if event.device_type() == torch.autograd.DeviceType.CPU]
    return highest([event.nbytes() for event in sorted(on_processor, key=lambda event: event.start_ns())])


def highest(changes: Iterable[int]) -> int:
    """Return how far a sum of bytes taken (positive) and given back (negative) rises over where it began."""
    return max(itertools.accumulate(changes, initial=0))
