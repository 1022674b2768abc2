from __future__ import annotations

import ctypes

import pytest
import torch

from pytest_bolt.correctness import RedZoneTouched, fenced, red_zones, unmutated
from pytest_bolt.correctness.conduct import Misbehaved
from pytest_bolt.correctness.redzones import FENCE_BYTES


def poke(tensor, offset):
    """Write four bytes at `offset` bytes from the start of a tensor, as a kernel would."""
    ctypes.memset(tensor.data_ptr() + offset, 0x11, 4)


@pytest.mark.parametrize(
    "allocate",
    [
        lambda x: torch.empty(3, 5, dtype=x.dtype),
        torch.empty_like,
        lambda x: x.new_empty(3, 5),
        lambda x: torch.empty_strided((3, 5), (1, 3), dtype=x.dtype),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_write_outside_is_seen(allocate, dtype):
    x = torch.ones(3, 5, dtype=dtype)
    for offset, where in ((15 * dtype.itemsize, "after"), (-4, "before")):
        with pytest.raises(RedZoneTouched, match=f"4 bytes written {where} a tensor "), red_zones():
            poke(allocate(x), offset)


def test_a_write_inside_is_fine():
    with red_zones():
        out = torch.empty(3, 5)
        poke(out, 0)
        poke(out, 14 * 4)
        out.fill_(2.0)
    assert torch.equal(out, torch.full((3, 5), 2.0))


def test_allocations_keep_shape_strides_and_dtype():
    x = torch.ones(4, 6, dtype=torch.bfloat16).t()
    plain = torch.empty_like(x)
    with red_zones():
        out = torch.empty_like(x)
    assert (out.shape, out.stride(), out.dtype) == (plain.shape, plain.stride(), plain.dtype)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
def test_scalars_and_nothing_can_be_allocated(shape):
    with red_zones():
        assert torch.empty(shape).shape == shape


def test_an_error_inside_is_not_hidden():
    def writes_and_fails():
        poke(torch.empty(2), 8)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), red_zones():
        writes_and_fails()


def test_reading_past_a_fenced_tensor_gives_nan():
    x = fenced(torch.ones(3, 5))
    assert torch.equal(x, torch.ones(3, 5))
    assert x.as_strided((16,), (1,))[15].isnan()
    assert x.as_strided((1,), (1,), x.storage_offset() - 1).isnan().all()
    assert x.storage_offset() * 4 == FENCE_BYTES


def test_writing_past_a_fenced_input_is_a_change():
    with pytest.raises(Misbehaved):
        unmutated(lambda x: poke(x, 15 * 4), (fenced(torch.ones(3, 5)),))


def test_fenced_keeps_strides():
    x = torch.arange(6.0).reshape(2, 3).t()
    assert fenced(x).stride() == x.stride()
    assert torch.equal(fenced(x), x)
    assert fenced(torch.empty(0, 3)).shape == (0, 3)
