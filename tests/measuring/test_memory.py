"""Looks at the memory of a call: what is seen, and that nothing is left behind."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from pytest_bolt.core.timing import RSS_RESOLUTION
from pytest_bolt.devices.accelerator import TorchAccelerator
from pytest_bolt.devices.base import CpuDevice
from pytest_bolt.measuring import memory
from pytest_bolt.measuring.memory import highest, peaks
from pytest_bolt.measuring.timing import Target
from pytest_bolt.testing import FakeDevice

MIB = 1 << 20


def look(function: Any, *args: Any, device: Any = None, **rest: Any) -> dict[str, float]:
    target = Target(function=function, args=args, kwargs={}, **rest)
    entries = peaks(target, device or CpuDevice())
    assert all((entry["unit"], entry["better"]) == ("B", "lower") for entry in entries)
    return {entry["name"]: entry["value"] for entry in entries}


def take(count: int, kept: int = 1) -> bytes:
    for _ in range(kept):
        block = bytearray(count)
        block[::4096] = b"x" * len(block[::4096])
    return block


def test_python_allocations_of_a_call_are_seen_to_the_byte(monkeypatch):
    monkeypatch.setattr(memory, "_tensor_peak", lambda *_: 0)  # torch may be loaded by another test
    small, large, again = (look(bytearray, count)["peak_memory"] for count in (MIB, MIB + 1000, MIB))
    assert MIB <= small <= MIB + 1000
    assert large - small == 1000
    assert again == small


def test_the_peak_is_not_the_sum():
    assert look(lambda: [len(take(MIB)) for _ in range(20)])["peak_memory"] < 5 * MIB


def test_the_resident_set_rises_by_what_is_touched_in_whole_steps():
    found = look(take, 64 * MIB)
    if "peak_rss" not in found:
        pytest.skip("this system does not let a process reset its peak")
    assert found["peak_rss"] % RSS_RESOLUTION == 0
    assert 60 * MIB <= found["peak_rss"] <= 80 * MIB
    assert look(int)["peak_rss"] <= MIB


def test_where_the_peak_cannot_be_reset_there_is_no_figure(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "missing" / "clear_refs")
    assert set(look(int)) == {"peak_memory"}
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "clear_refs")
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "missing")
    assert set(look(int)) == {"peak_memory"}


def test_arguments_are_made_outside_of_what_is_looked_at():
    ended = []

    def setup():
        return (take(32 * MIB),), {}

    found = look(len, setup=setup, teardown=lambda block: ended.append(len(block)))
    assert found["peak_memory"] < MIB
    assert set(ended) == {32 * MIB}
    assert len(ended) >= 2  # one call a look


def test_a_trace_of_the_tests_own_goes_on():
    tracemalloc.start()
    try:
        held = take(4 * MIB)
        assert look(take, MIB)["peak_memory"] < 3 * MIB
        assert tracemalloc.is_tracing()
        assert tracemalloc.get_traced_memory()[0] >= len(held)
    finally:
        tracemalloc.stop()
    look(int)
    assert not tracemalloc.is_tracing()


def test_a_call_that_fails_leaves_no_trace_on():
    calls = []

    def fails_when_watched():
        calls.append(tracemalloc.is_tracing())
        if calls[-1]:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        look(fails_when_watched)
    assert calls == [False, True]
    assert not tracemalloc.is_tracing()


def test_on_a_device_its_allocator_is_what_counts():
    device = FakeDevice()
    device.allocate(1000)

    def work():
        device.allocate(300)
        device.allocate(-300)
        device.allocate(50)

    assert look(work, device=device)["peak_memory"] == 300
    assert device.allocated == 1050


class FakeBackend:
    """`torch.cuda` as far as memory goes."""

    def __init__(self) -> None:
        self.held, self.most, self.waited = 100, 5000, 0

    def synchronize(self, _device: object) -> None:
        self.waited += 1

    def memory_allocated(self, _device: object) -> int:
        return self.held

    def max_memory_allocated(self, _device: object) -> int:
        return self.most

    def reset_peak_memory_stats(self, _device: object) -> None:
        self.most = self.held


def test_an_accelerator_is_waited_for_before_its_peak_is_read():
    backend = FakeBackend()
    torch = type("torch", (), {"cuda": backend, "device": staticmethod(lambda *place: place)})

    def work():
        backend.most = 700

    assert TorchAccelerator(torch, "cuda", 0).allocated_by(work) == 600
    assert backend.waited == 2


def test_processor_tensors_are_seen_with_the_temporaries_between_them():
    torch = pytest.importorskip("torch")
    x = torch.ones(256, 256)

    def work():
        product = x @ x
        total = product + 1
        del product
        return total.exp()

    found = look(work)
    assert 2 * x.nbytes <= found["peak_memory"] < 3 * x.nbytes
    assert look(work)["peak_memory"] == pytest.approx(found["peak_memory"], abs=4096)


def test_with_a_profiler_of_the_tests_own_tensors_cannot_be_seen():
    torch = pytest.importorskip("torch")
    x = torch.ones(8)
    with torch.autograd.profiler.profile(profile_memory=True) as own:
        assert "peak_memory" not in look(lambda: x + 1)
    assert [event.name for event in own.function_events if event.name == "aten::add"]  # it was left alone


@pytest.mark.parametrize(
    ("changes", "peak"), [([], 0), ([5, -5, 3], 5), ([-10, 4], 0), ([5, 5, -3, 4], 11), ([-5, 10], 5)]
)
def test_memory_that_was_taken_before_does_not_count(changes, peak):
    assert highest(changes) == peak
