"""Batches: windows of the data set, each with its own uniform start, as int64 on the device asked for."""

from __future__ import annotations

import contextlib
import resource
import sys

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from . import judging
from .judging import assert_independent, assert_uniform, distinct_tokens, sow, starts_of

pytestmark = [
    pytest.mark.bolt(operation="run_get_batch"),
    # Reading a read-only array without a copy makes PyTorch warn; that is no fault.
    pytest.mark.filterwarnings("ignore"),
]
DTYPES = (np.uint16, np.int64, np.int32, np.uint8, np.int16, np.uint32)
GIB = 1 << 30


def drawn(impl, dataset, batch_size, context_length, device="cpu"):
    """Draw a batch, judge its form, and return the starts of its rows."""
    before = dataset.copy()
    batch = impl.run_get_batch(dataset, batch_size, context_length, str(device))
    assert np.array_equal(dataset, before), "the data set was changed"
    assert len(batch) == 2
    for tensor in batch:
        assert type(tensor) is torch.Tensor
        assert tensor.dtype == torch.int64
        assert tensor.shape == (batch_size, context_length)
        assert tensor.device.type == torch.device(device).type
    return starts_of(batch, dataset, context_length)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
def test_windows_of_tokens_of(impl, device, seed, dtype):
    sow(seed)
    drawn(impl, distinct_tokens(60, dtype, seed), 16, 7, device)


@pytest.mark.parametrize("context_length", [1, 2, 31])
def test_one_window_only(impl, device, seed, context_length):
    sow(seed)
    dataset = distinct_tokens(context_length + 1, seed=seed)
    assert drawn(impl, dataset, 5, context_length, device) == [0] * 5


def test_two_windows(impl, device, seed):
    sow(seed)
    assert set(drawn(impl, distinct_tokens(9, seed=seed), 64, 7, device)) == {0, 1}


def test_one_row(impl, device, seed):
    sow(seed)
    drawn(impl, distinct_tokens(50, seed=seed), 1, 8, device)


@settings(max_examples=20, deadline=None, print_blob=True, database=None)
@given(spare=st.integers(0, 40), batch_size=st.integers(1, 20), context_length=st.integers(1, 30))
@example(spare=0, batch_size=1, context_length=1)
def test_any_size(impl, device, seed, spare, batch_size, context_length):
    sow(seed)
    drawn(impl, distinct_tokens(context_length + 1 + spare, seed=seed), batch_size, context_length, device)


def test_every_start_is_equally_likely(impl, seed):
    sow(seed)
    dataset = distinct_tokens(11, seed=seed)
    starts = [start for _ in range(20) for start in drawn(impl, dataset, 100, 4)]
    assert_uniform(starts, 7)


def test_every_start_of_a_long_data_set_is_equally_likely(impl, seed):
    sow(seed)
    dataset = distinct_tokens(5003, np.uint16, seed)
    starts = np.asarray([start for _ in range(5) for start in drawn(impl, dataset, 400, 3)])
    assert_uniform(starts // 500, 10)


def test_rows_of_a_batch_are_drawn_apart(impl, seed):
    sow(seed)
    dataset = distinct_tokens(9, seed=seed)
    batches = [drawn(impl, dataset, 2, 4) for _ in range(1500)]
    assert_independent(batches, 5)


def test_batches_are_drawn_apart(impl, seed):
    sow(seed)
    dataset = distinct_tokens(9, seed=seed)
    starts = [drawn(impl, dataset, 1, 4)[0] for _ in range(3000)]
    assert_independent(zip(starts[::2], starts[1::2], strict=True), 5)
    assert_uniform(starts, 5)


def test_a_memory_map(impl, device, seed, tmp_path):
    sow(seed)
    tokens = distinct_tokens(300, np.uint16, seed)
    tokens.tofile(tmp_path / "tokens.bin")
    dataset = np.memmap(tmp_path / "tokens.bin", dtype=np.uint16, mode="r")
    drawn(impl, dataset, 32, 16, device)


def test_every_second_token_of_an_array(impl, device, seed):
    sow(seed)
    drawn(impl, distinct_tokens(120, np.int32, seed)[::2], 16, 7, device)


def test_a_batch_does_not_share_memory_with_the_data_set(impl, seed):
    sow(seed)
    dataset = distinct_tokens(9, seed=seed)
    before = dataset.copy()
    for tensor in impl.run_get_batch(dataset, 1, 8, "cpu"):
        with torch.inference_mode():  # whatever mode it was made in
            tensor.fill_(-1)
    assert np.array_equal(dataset, before)


def test_the_device_is_obeyed(impl):
    for tensor in impl.run_get_batch(np.arange(50), 4, 8, "meta"):
        assert tensor.device.type == "meta"
        assert tensor.dtype == torch.int64
        assert tensor.shape == (4, 8)


@pytest.mark.parametrize("name", ["cuda:99", "no_such_device"])
def test_a_device_that_is_not_there_is_an_error(impl, name):
    dataset = np.arange(50)
    drawn(impl, dataset, 4, 8)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each kind of device raises its own
        impl.run_get_batch(dataset, 4, 8, name)
    assert not isinstance(caught.value, NotImplementedError)


@contextlib.contextmanager
def room(more):
    """Refuse this process more than `more` further bytes of address space."""
    pages = int(open("/proc/self/statm").read().split()[0])  # noqa: PTH123, SIM115 - one number
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of address space is Linux's")
def test_a_data_set_larger_than_memory_is_not_copied(impl, tmp_path):
    path = tmp_path / "tokens.bin"
    with path.open("wb") as file:
        file.truncate(64 * GIB)  # sparse: it takes no room on disk
    dataset = np.memmap(path, dtype=np.uint16, mode="r")
    with room(2 * GIB):
        batches = [impl.run_get_batch(dataset, 4, 16, "cpu") for _ in range(3)]
    assert all(tensor.shape == (4, 16) and not tensor.any() for batch in batches for tensor in batch)


@pytest.mark.parametrize(
    "starts",
    [
        [index % 6 for index in range(2000)],
        [index % 8 for index in range(2000)],
        [min(index % 9, 6) for index in range(2000)],
        [3] * 2000,
    ],
    ids=["never the last", "beyond the last", "too often the last", "always the same"],
)
def test_the_judge_of_starts_can_fail(starts):
    assert_uniform([index % 7 for index in range(2000)], 7)
    with pytest.raises(AssertionError):
        assert_uniform(starts, 7)


def test_the_judge_of_pairs_can_fail():
    rng = np.random.default_rng(0)
    assert_independent(rng.integers(5, size=(1500, 2)), 5)
    with pytest.raises(AssertionError, match="depend"):
        assert_independent([rng.permutation(5)[:2] for _ in range(1500)], 5)
    assert judging.probability([400, 400]) == 1.0
