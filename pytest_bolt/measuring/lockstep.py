"""The worker's side of a measurement: reach the benchmark call, hold there, answer the controller."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pytest_bolt.core.timing import Clock, Timing
from pytest_bolt.devices.accelerator import device_in_use
from pytest_bolt.devices.base import Device
from pytest_bolt.errors import BoltError
from pytest_bolt.measuring.protocol import Channel, ChannelClosed, timing_to_wire
from pytest_bolt.measuring.timing import Target, time_part

WARM_CALLS = 3
WARM_NS = 20e6
WARM_ENOUGH_NS = 500e6  # long calls need no third repetition
_SPEEDUP_QUADS = 10
_SPEEDUP_PART_NS = 2e6


@dataclass(slots=True)
class Lockstep:
    """Serves one worker process; `check` and `clock` are set by each request of the controller.

    `clock` is the one that a test asked for, empty where any will do. `baseline` names the implementation
    that this process measures in the place of that under test; empty where it measures what is under test.
    """

    channel: Channel
    baseline: str = ""
    check: bool = True
    clock: str = ""
    metrics: list[dict[str, Any]] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    measured: bool = False
    timings: list[Timing] = field(default_factory=list)  # of the running test
    _padding: list[bytes] = field(default_factory=list)

    def start(self, *, check: bool, clock: str = "") -> None:
        """Forget the last test."""
        self.check, self.clock, self.measured = check, clock, False
        self.metrics, self.info, self.timings = [], {}, []

    def measure(self, target: Target, info: Mapping[str, Any], device_name: str = "") -> Any:
        """Warm up, tell the controller, time what it asks for, and return the function's result.

        Raises BoltError where the test asked for a device's clock and runs on a device that has none.
        """
        self.measured = True
        self.info = dict(info)
        target.call()  # the first call may be the one that wakes a device
        device = device_in_use(device_name)
        if self.clock == Clock.DEVICE and not device.has_events:
            raise no_events(device)
        warm_up(target, device)
        gc.collect()
        placed = target
        self.send({"event": "ready"})
        while (request := self.receive())["op"] in {"round", "memory"}:
            if request["op"] == "memory":
                from pytest_bolt.measuring.memory import peaks

                self.send({"event": "memory", "values": peaks(placed, device)})
                continue
            if request["padding"]:
                self.move_heap(request["padding"])
                placed = target.moved()
            timings = [time_part(placed, request["iterations"], device) for _ in range(request["parts"])]
            self.timings += timings
            gc.collect(1)  # what the rounds left behind; older objects were looked through before
            self.send({"event": "timings", "timings": [timing_to_wire(timing) for timing in timings]})
        result = target.call()
        device.synchronise()
        return result

    def move_heap(self, size: int) -> None:
        """Displace what will be allocated next by `size` bytes and some small blocks."""
        self._padding = [bytes(16 + (size * step) % 496) for step in range(1, 1 + size % 61)]
        self._padding.append(bytes(size))

    def alone(self, work: Callable[[], Any]) -> Any:
        """Run `work` while the other worker stands still."""
        self.send({"event": "exclusive"})
        self.receive()
        result = work()
        self.send({"event": "released"})
        return result

    def send(self, message: Mapping[str, Any]) -> None:
        """Send to the controller; end this process where there is none any more."""
        try:
            self.channel.send(message)
        except ChannelClosed:
            leave()

    def receive(self) -> dict[str, Any]:
        """Return the controller's next request; end this process where there is none any more."""
        try:
            return self.channel.receive()
        except ChannelClosed:
            leave()


def no_events(device: Device) -> BoltError:
    """Return the refusal of a test that asks for a clock that its device does not have."""
    return BoltError(
        "this benchmark asks for the device's clock, and its device has none",
        seen={"device": device.name, "clock": "device"},
        advice="leave clock out: where there are device events, they are read",
    )


def warm_up(target: Target, device: Device) -> None:
    """Call until caches, allocators and lazy initialisation have settled."""
    start = device.wall_ns()
    calls = 0
    while True:
        target.call()
        device.synchronise()
        calls += 1
        spent = device.wall_ns() - start
        if spent >= WARM_ENOUGH_NS or (calls >= WARM_CALLS and spent >= WARM_NS):
            return


def time_alternately(candidate: Target, baseline: Target, device: Device) -> list[tuple[Timing, Timing]]:
    """Return (baseline, candidate) timings of ABBA quads inside this process, two of each a quad."""
    for target in (candidate, baseline):
        warm_up(target, device)
    once = max(time_part(target, 1, device).wall.ns for target in (candidate, baseline))
    iterations = max(1, int(_SPEEDUP_PART_NS / max(once, 1.0)))
    taken: list[tuple[Timing, Timing]] = []
    for quad in range(_SPEEDUP_QUADS):
        order = (baseline, candidate, candidate, baseline)
        if quad % 2:
            order = (candidate, baseline, baseline, candidate)
        times = [(target, time_part(target, iterations, device)) for target in order]
        bases = [timing for target, timing in times if target is baseline]
        candidates = [timing for target, timing in times if target is candidate]
        taken.extend(zip(bases, candidates, strict=True))
    return taken


def leave() -> NoReturn:
    """End this process at once: nobody is listening."""
    os._exit(1)
