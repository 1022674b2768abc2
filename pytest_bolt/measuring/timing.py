"""Read the clocks round a number of calls."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pytest_bolt.core.timing import Timing
from pytest_bolt.core.units import BatchTime
from pytest_bolt.devices.base import Device

try:
    from resource import RUSAGE_SELF, getrusage
except ImportError:  # Windows has no resource usage
    getrusage = None  # type: ignore[assignment]  # asked for before it is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The function under measurement.

    With `setup` each call gets fresh arguments that are made outside the timed part, as in
    pytest-benchmark's pedantic mode; `teardown` gets the same arguments after the call. Arguments that are
    `movable` may be replaced by equal ones elsewhere in memory between rounds.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any]
    setup: Callable[[], Any] | None = None
    teardown: Callable[..., Any] | None = None
    movable: bool = False

    def moved(self) -> Target:
        """Return the same call with its dense CPU tensors copied to a fresh place, where that is allowed."""
        if not self.movable:
            return self
        copies = {id(argument): _moved(argument) for argument in self.args}  # one argument twice stays one
        return replace(self, args=tuple(copies[id(argument)] for argument in self.args))

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of one call, fresh from `setup` where there is one."""
        made = self.setup() if self.setup else None
        if not made:
            return self.args, self.kwargs
        if self.args or self.kwargs:
            msg = "Can't use `args` or `kwargs` if `setup` returns the arguments."
            raise TypeError(msg)
        args, kwargs = made
        return tuple(args), dict(kwargs)

    def call(self) -> Any:
        """Call once, untimed, and return the result."""
        args, kwargs = self.arguments()
        result = self.function(*args, **kwargs)
        if self.teardown:
            self.teardown(*args, **kwargs)
        return result

    @property
    def stepwise(self) -> bool:
        """Return whether something has to happen between two calls that must not be timed."""
        return self.setup is not None or self.teardown is not None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector, tracers and profilers out of a timed part."""
    collecting, tracer, profiler = gc.isenabled(), sys.gettrace(), sys.getprofile()
    gc.disable()
    if tracer:
        sys.settrace(None)
    if profiler:
        sys.setprofile(None)
    try:
        yield
    finally:
        if tracer:
            sys.settrace(tracer)
        if profiler:
            sys.setprofile(profiler)
        if collecting:
            gc.enable()


def time_part(target: Target, iterations: int, device: Device) -> Timing:
    """Return the timing of one part: `iterations` calls, ended by a synchronisation of the device."""
    device.synchronise()
    faults, voluntary, involuntary = _usage()
    with undisturbed():
        if device.has_events:
            wall, cpu, on_device = _time_events(target, iterations, device)
        elif target.stepwise:
            wall, cpu, on_device = _time_steps(target, iterations, device)
        else:
            wall, cpu, on_device = _time_loop(target, iterations, device)
    after = _usage()
    return Timing(
        iterations=iterations,
        wall=BatchTime(wall),
        cpu=BatchTime(cpu),
        device=BatchTime(on_device),
        minor_faults=after[0] - faults,
        voluntary=after[1] - voluntary,
        involuntary=after[2] - involuntary,
    )


def _time_loop(target: Target, iterations: int, device: Device) -> tuple[float, float, float]:
    function, args, kwargs = target.function, target.args, target.kwargs
    repeat = itertools.repeat(None, iterations)
    cpu = device.cpu_ns()
    wall = device.wall_ns()
    if kwargs:
        for _ in repeat:
            function(*args, **kwargs)
    else:
        for _ in repeat:
            function(*args)
    device.synchronise()
    wall = device.wall_ns() - wall
    return wall, device.cpu_ns() - cpu, 0.0


def _time_steps(target: Target, iterations: int, device: Device) -> tuple[float, float, float]:
    wall = cpu = 0
    for _ in range(iterations):
        args, kwargs = target.arguments()
        device.synchronise()
        cpu_start, wall_start = device.cpu_ns(), device.wall_ns()
        target.function(*args, **kwargs)
        device.synchronise()
        wall += device.wall_ns() - wall_start
        cpu += device.cpu_ns() - cpu_start
        if target.teardown:
            target.teardown(*args, **kwargs)
    return wall, cpu, 0.0


def _time_events(target: Target, iterations: int, device: Device) -> tuple[float, float, float]:
    """Return wall, CPU and device time, each call on its own and waited for, work on side streams too."""
    wall = cpu = 0
    on_device = 0.0
    for _ in range(iterations):
        args, kwargs = target.arguments()
        device.flush_cache()
        device.synchronise()  # the flush is nobody's work, and host time must not hide behind it
        cpu_start, wall_start = device.cpu_ns(), device.wall_ns()
        start = device.mark()
        target.function(*args, **kwargs)
        end = device.mark()
        device.synchronise()
        wall += device.wall_ns() - wall_start
        cpu += device.cpu_ns() - cpu_start
        on_device += device.between_ns(start, end)
        if target.teardown:
            target.teardown(*args, **kwargs)
    return wall, cpu, on_device


def _moved(argument: Any) -> Any:
    """Return a copy of a tensor that owns all of its dense storage; anything else as it is."""
    torch = sys.modules.get("torch")
    if torch is None or type(argument) is not torch.Tensor:
        return argument
    dense = argument.device.type == "cpu" and argument.layout is torch.strided and argument.is_contiguous()
    whole = dense and argument.untyped_storage().nbytes() == argument.nbytes
    return argument.clone() if whole and not argument.requires_grad else argument


def _usage() -> tuple[int, int, int]:
    if getrusage is None:
        return 0, 0, 0
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_minflt, usage.ru_nvcsw, usage.ru_nivcsw
