"""Clocks round calls, on a device that works asynchronously and a clock that only moves when told."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

from pytest_bolt.measuring.lockstep import WARM_CALLS, time_alternately, warm_up
from pytest_bolt.measuring.speedup import speedup_of
from pytest_bolt.measuring.timing import Target, time_part, undisturbed
from pytest_bolt.testing import FakeClock, FakeDevice


def target(function: Any, **rest: Any) -> Target:
    return Target(function=function, kwargs=rest.pop("kwargs", {}), **rest)


def test_device_time_is_the_work_and_not_the_launch() -> None:
    device = FakeDevice()
    timing = time_part(target(lambda: device.launch(50_000)), 10, device)
    assert timing.device.ns == pytest.approx(10 * 50_000, rel=0.03)
    assert timing.iterations == 10


def test_a_launch_that_returns_early_is_still_waited_for() -> None:
    device = FakeDevice(has_events=False)
    timing = time_part(target(lambda: device.launch(50_000)), 4, device)
    assert timing.wall.ns >= 4 * 50_000


def test_work_left_over_from_before_is_not_charged() -> None:
    device = FakeDevice()
    device.launch(1e9)
    assert time_part(target(lambda: device.launch(1000)), 1, device).wall.ns < 1e6


def test_work_on_a_side_stream_shows_in_the_wall_time() -> None:
    device = FakeDevice()
    timing = time_part(target(lambda: device.launch(1e6, side_stream=True)), 3, device)
    assert timing.device.ns < 1e5
    assert timing.wall.ns >= 3e6


def test_the_cache_is_flushed_before_every_call_on_a_device() -> None:
    device = FakeDevice()
    time_part(target(lambda: device.launch(10)), 7, device)
    assert device.flushes == 7


def test_an_event_that_has_not_passed_has_no_time() -> None:
    device = FakeDevice()
    start = device.mark()
    device.launch(100)
    with pytest.raises(RuntimeError, match="synchronise first"):
        device.between_ns(start, device.mark())


def test_a_batch_counts_all_its_iterations() -> None:
    device = FakeDevice(has_events=False)
    timing = time_part(target(lambda: device.clock.advance(200)), 50, device)
    assert timing.wall.per_iteration(timing.iterations).ns == pytest.approx(200)


def test_setup_and_teardown_are_not_timed() -> None:
    device = FakeDevice(has_events=False)
    seen: list[tuple[str, int]] = []

    def setup() -> tuple[tuple[int], dict[str, int]]:
        device.clock.advance(1e6)
        return (3,), {"b": 4}

    def work(a: int, b: int) -> None:
        seen.append(("work", a + b))
        device.clock.advance(100)

    def teardown(a: int, b: int) -> None:
        seen.append(("teardown", a * b))
        device.clock.advance(1e6)

    timing = time_part(target(work, setup=setup, teardown=teardown), 5, device)
    assert timing.wall.ns == pytest.approx(500)
    assert seen == [("work", 7), ("teardown", 12)] * 5


def test_arguments_and_a_setup_that_makes_them_exclude_each_other() -> None:
    both = target(len, args=([],), setup=lambda: (([],), {}))
    with pytest.raises(TypeError, match="setup"):
        both.call()


def test_keywords_reach_the_function() -> None:
    device = FakeDevice(has_events=False)
    timing = time_part(target(lambda *, ns: device.clock.advance(ns), kwargs={"ns": 30}), 2, device)
    assert timing.wall.ns == pytest.approx(60)


def test_the_collector_and_tracers_rest_and_come_back() -> None:
    tracer = sys.gettrace()

    def trace(*_: object) -> None:
        return None

    sys.settrace(trace)
    try:
        with undisturbed():
            assert not gc.isenabled()
            assert sys.gettrace() is None
        assert gc.isenabled()
        assert sys.gettrace() is trace
    finally:
        sys.settrace(tracer)


def test_the_collector_comes_back_after_an_error() -> None:
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        time_part(target(fail), 1, FakeDevice(has_events=False))
    assert gc.isenabled()


@pytest.mark.parametrize(("call_ns", "calls"), [(1e6, 20), (1e7, 3), (3e8, 2), (2e9, 1)])
def test_warm_up_takes_three_calls_and_twenty_milliseconds_but_not_for_ever(
    call_ns: float, calls: int
) -> None:
    device = FakeDevice(has_events=False)
    made: list[int] = []

    def work() -> None:
        made.append(1)
        device.clock.advance(call_ns)

    warm_up(target(work), device)
    assert len(made) == calls
    assert WARM_CALLS == 3


def test_speedup_is_baseline_over_candidate() -> None:
    device = FakeDevice(has_events=False)
    fast, slow = (target(lambda ns=ns: device.clock.advance(ns)) for ns in (1000, 3000))
    ratio, low, high = speedup_of(time_alternately(fast, slow, device))
    assert ratio == pytest.approx(3.0)
    assert low <= ratio <= high


def test_a_fake_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FakeClock().advance(-1)
