"""How many times faster one function is than another, timed in turn inside one process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pytest_bolt.core.judgement import choose_clock, pair_ratios
from pytest_bolt.core.measurement import Timing, join_rounds, rounds_of
from pytest_bolt.core.stats import interval
from pytest_bolt.devices.accelerator import device_in_use
from pytest_bolt.measuring.lockstep import Lockstep, time_alternately
from pytest_bolt.measuring.timing import Target

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def measure_speedup(lockstep: Lockstep, candidate: Call, baseline: Call) -> tuple[float, float, float]:
    """Return the speedup of candidate over baseline with the low and high end of its interval."""
    fast, slow = (Target(function=call[0], args=call[1], kwargs=call[2]) for call in (candidate, baseline))
    return speedup_of(lockstep.alone(lambda: time_alternately(fast, slow, device_in_use())))


def speedup_of(taken: list[tuple[Timing, Timing]]) -> tuple[float, float, float]:
    """Return speedup, low and high from (baseline, candidate) timings.

    Each couple counts as a pair of its own: the interval holds for this process, not for others.
    """
    base, head = (
        join_rounds(rounds_of(index, 0, 0, [couple[side]]) for index, couple in enumerate(taken))
        for side in (0, 1)
    )
    ratios = pair_ratios(base, head, choose_clock(base, head))
    found = interval([-ratio.value for ratio in ratios], floor=0.0)
    return math.exp(found.center), math.exp(found.low), math.exp(found.high)
