"""Public fakes: a clock that is moved by hand, an asynchronous device, a scripted executor."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_bolt.core.steps import (
    CloseCase,
    Failure,
    OpenCase,
    OpenPair,
    Reply,
    Step,
    TakeMemory,
    TimeRound,
)
from pytest_bolt.core.timing import Side, Timing
from pytest_bolt.core.units import BatchTime

__all__ = ["FakeClock", "FakeDevice", "ScriptedExecutor"]


@dataclass(slots=True)
class FakeClock:
    """A clock in nanoseconds that moves when `advance` is called and never otherwise."""

    now_ns: int = 0

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ns

    def advance(self, ns: float) -> None:
        """Let `ns` nanoseconds pass. Raises ValueError for negative ones."""
        if ns < 0:
            msg = "time does not run backwards"
            raise ValueError(msg)
        self.now_ns += round(ns)


@dataclass(slots=True)
class FakeDevice:
    """An accelerator on a fake clock: `launch` returns at once, the work ends later, in order.

    `host_ns` is what a launch costs the caller. `flushes` counts cache flushes, `side_streams` work that no
    event on the main stream sees.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    name: str = "fake:0"
    has_events: bool = True
    host_ns: float = 1000.0
    busy_until_ns: float = 0.0
    side_until_ns: float = 0.0
    flushes: int = 0
    allocated: int = 0
    most_allocated: int = 0

    def launch(self, work_ns: float, *, side_stream: bool = False) -> None:
        """Start work that takes `work_ns` on the device."""
        self.clock.advance(self.host_ns)
        if side_stream:
            self.side_until_ns = max(self.side_until_ns, self.clock.now_ns) + work_ns
        else:
            self.busy_until_ns = max(self.busy_until_ns, self.clock.now_ns) + work_ns

    def wall_ns(self) -> int:
        """Return the fake clock's time."""
        return self.clock.now_ns

    def cpu_ns(self) -> int:
        """Return the fake clock's time: the host never waits for anything but the device."""
        return self.clock.now_ns

    def synchronise(self) -> None:
        """Wait for all streams."""
        end = max(self.busy_until_ns, self.side_until_ns)
        self.clock.advance(max(0.0, end - self.clock.now_ns))

    def flush_cache(self) -> None:
        """Count a flush."""
        self.flushes += 1

    def mark(self) -> object:
        """Return the time at which the main stream will reach this point."""
        return max(self.busy_until_ns, float(self.clock.now_ns))

    def between_ns(self, start: Any, end: Any) -> float:
        """Return the device time between two marks. Raises RuntimeError before the later one has passed."""
        if end > self.clock.now_ns:
            msg = "the event has not been reached: synchronise first"
            raise RuntimeError(msg)
        return float(end - start)

    def allocate(self, count: int) -> None:
        """Take `count` bytes of device memory, or give back with a negative number."""
        self.allocated += count
        self.most_allocated = max(self.most_allocated, self.allocated)

    def allocated_by(self, work: Callable[[], object]) -> int | None:
        """Run `work`; return how far the allocated bytes rose over those before it."""
        before = self.most_allocated = self.allocated
        work()
        return self.most_allocated - before


@dataclass(slots=True, kw_only=True)
class ScriptedExecutor:
    """Carries out the plan's steps on paper, with times from a script.

    Arguments:
        times: case -> side -> nanoseconds of one call.
        pair_noise: standard deviation (log-ratio) of what a process adds to its side in one pair.
        round_noise: the same for one round.
        failures: what goes wrong: (pair, case) -> failure; the step that opens the case reports it.
        open_ns: what starting a pair costs.
        shift: (pair, case, side) -> log-ratio to add; the pairs of the null control are -1, -2, ....
    """

    times: Mapping[str, Mapping[Side, float]]
    pair_noise: float = 0.0
    round_noise: float = 0.0
    seed: int = 0
    open_ns: int = 1_000_000
    failures: Mapping[tuple[int, str], Failure] = field(default_factory=dict)
    lost: Sequence[tuple[int, str]] = ()
    steps: list[Step] = field(default_factory=list)
    shift: Callable[[int, str, Side], float] = lambda _pair, _case, _side: 0.0
    _pair: int = 0
    _rng: random.Random = field(init=False)
    _drawn: dict[tuple[int, str, Side], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)  # noqa: S311 - a script, not a secret

    def execute(self, step: Step) -> Reply:
        """Answer a step from the script."""
        self.steps.append(step)
        match step:
            case OpenPair():
                self._pair = -step.pair if step.control else step.pair
                return Reply(spent_ns=self.open_ns)
            case OpenCase() if (self._pair, step.case) in self.failures:
                lost = (self._pair, step.case) in self.lost
                return Reply(failure=self.failures[self._pair, step.case], lost=lost)
            case OpenCase() | CloseCase() | TakeMemory():
                return Reply(spent_ns=1000)
            case TimeRound():
                return self._time(step)
            case _:
                return Reply()

    def _time(self, step: TimeRound) -> Reply:
        key = (self._pair, step.case, step.side)
        if key not in self._drawn:
            self._drawn[key] = self._rng.gauss(0.0, self.pair_noise) + self.shift(*key)
        timings = []
        side = Side.BASE if self._pair < 0 else step.side
        for _ in range(step.parts):
            log = self._drawn[key] + self._rng.gauss(0.0, self.round_noise)
            wall = BatchTime(self.times[step.case][side] * step.iterations * (1.0 + log))
            timings.append(Timing(iterations=step.iterations, wall=wall, cpu=wall))
        return Reply(spent_ns=round(sum(timing.wall.ns for timing in timings)), timings=tuple(timings))
