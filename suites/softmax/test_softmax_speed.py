"""Softmax: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_softmax")
SHAPES = ((64, 512), (8, 8192))
OPERATIONS_PER_ELEMENT = 5  # compare, subtract, exponential, add, divide
OPERATIONS_BACK = 4  # multiply, add, subtract, multiply


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_softmax_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x = inputs.blocks(*shape, device=device, dtype=dtype)
    bolt.check(impl.run_softmax(x, -1), oracle=reference.softmax, args=(x, -1), twin=torch.softmax)
    bolt.measure(impl.run_softmax, args=(x, -1), bytes=2 * x.nbytes, flops=OPERATIONS_PER_ELEMENT * x.numel())


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_softmax_backward_speed(bolt, impl, device, dtype, shape):
    """Read the input, write the output; read it again and the upstream gradient, write the gradient."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x = inputs.blocks(*shape, device=device, dtype=dtype)
    upstream = inputs.normal(*shape, device=device, dtype=dtype, seed=1)
    step = backward(lambda rows: impl.run_softmax(rows, -1))
    oracle, twin = (backward(lambda rows, fn=fn: fn(rows, -1)) for fn in (reference.softmax, torch.softmax))
    bolt.check(step(x, upstream), oracle=oracle, args=(x, upstream), twin=twin, tier="gradient")
    flops = (OPERATIONS_PER_ELEMENT + OPERATIONS_BACK) * x.numel()
    bolt.measure(step, args=(x, upstream), bytes=5 * x.nbytes, flops=flops)
