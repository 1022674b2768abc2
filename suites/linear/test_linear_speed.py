"""Linear map: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_linear", dtypes=("float32",))
SHAPES = ((64, 128, 128), (16, 128, 256))


def workload(shape, **place):
    """Return an input and a matrix with rows of a length of about 1."""
    rows, d_in, d_out = shape
    return inputs.blocks(rows, d_in, **place), inputs.blocks(d_out, d_in, seed=1, **place) / d_in**0.5


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_linear_speed(bolt, impl, device, dtype, shape):
    """Two operations for each product: multiply and add."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    rows, d_in, d_out = shape
    x, weight = workload(shape, device=device, dtype=dtype)
    args = (d_in, d_out, weight, x)
    bolt.check(impl.run_linear(*args), oracle=reference.linear, args=(x, weight), twin=F.linear)
    moved = x.nbytes + weight.nbytes + rows * d_out * x.itemsize
    bolt.measure(impl.run_linear, args=args, bytes=moved, flops=2 * rows * d_in * d_out)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_linear_backward_speed(bolt, impl, device, dtype, shape):
    """Three products of matrices: one forward, and one for either gradient."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    rows, d_in, d_out = shape
    upstream = inputs.normal(rows, d_out, device=device, dtype=dtype, seed=2)
    args = (*workload(shape, device=device, dtype=dtype), upstream)
    step = backward(lambda x, weight: impl.run_linear(d_in, d_out, weight, x))
    bolt.check(
        step(*args), oracle=backward(reference.linear), args=args, twin=backward(F.linear), tier="gradient"
    )
    moved = 3 * sum(each.nbytes for each in args)
    bolt.measure(step, args=args, bytes=moved, flops=6 * rows * d_in * d_out)
