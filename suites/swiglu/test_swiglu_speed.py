"""SwiGLU: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_swiglu", dtypes=("float32",))
SHAPES = ((32, 64, 64), (16, 128, 344))


def twin(x, w1, w2, w3):
    """Return the layer built of the framework's operations."""
    return F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2)


def workload(shape, **place):
    """Return an input and three matrices whose rows have a length of about 1."""
    rows, width, inner = shape
    w1, w3 = (inputs.normal(inner, width, seed=seed, **place) / width**0.5 for seed in (1, 3))
    return (
        inputs.blocks(rows, width, **place),
        w1,
        inputs.normal(width, inner, seed=2, **place) / inner**0.5,
        w3,
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_swiglu_speed(bolt, impl, device, dtype, shape):
    """Three products of matrices, two operations a product; six an element of the gate are little beside."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    rows, width, inner = shape
    x, *matrices = workload(shape, device=device, dtype=dtype)
    args = (width, inner, *matrices, x)
    bolt.check(impl.run_swiglu(*args), oracle=reference.swiglu, args=(x, *matrices), twin=twin)
    moved = 2 * x.nbytes + sum(matrix.nbytes for matrix in matrices)
    bolt.measure(impl.run_swiglu, args=args, bytes=moved, flops=rows * inner * (6 * width + 6))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_swiglu_backward_speed(bolt, impl, device, dtype, shape):
    """Nine products of matrices: three forward, and two for the gradients of each."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    rows, width, inner = shape
    args = (
        *workload(shape, device=device, dtype=dtype),
        inputs.normal(rows, width, device=device, dtype=dtype),
    )
    step = backward(lambda x, w1, w2, w3: impl.run_swiglu(width, inner, w1, w2, w3, x))
    oracle = backward(reference.swiglu)
    bolt.check(step(*args), oracle=oracle, args=args, twin=backward(twin), tier="gradient")
    moved = 3 * sum(each.nbytes for each in args)
    bolt.measure(step, args=args, bytes=moved, flops=rows * inner * (18 * width + 17))
