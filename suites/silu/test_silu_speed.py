"""SiLU: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_silu", dtypes=("float32",))
SHAPES = ((64, 512), (64, 1024))
OPERATIONS_PER_ELEMENT = 4  # negate, exponential, add, divide
OPERATIONS_BACK = 5  # one minus, multiply, add, and two multiplications


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_silu_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x = inputs.blocks(*shape, device=device, dtype=dtype)
    bolt.check(impl.run_silu(x), oracle=reference.silu, args=(x,), twin=F.silu)
    bolt.measure(impl.run_silu, args=(x,), bytes=2 * x.nbytes, flops=OPERATIONS_PER_ELEMENT * x.numel())


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_silu_backward_speed(bolt, impl, device, dtype, shape):
    """Read the input, write the output; read it again and the upstream gradient, write the gradient."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x = inputs.blocks(*shape, device=device, dtype=dtype)
    args = (x, inputs.normal(*shape, device=device, dtype=dtype, seed=1))
    step = backward(impl.run_silu)
    bolt.check(
        step(*args), oracle=backward(reference.silu), args=args, twin=backward(F.silu), tier="gradient"
    )
    flops = (OPERATIONS_PER_ELEMENT + OPERATIONS_BACK) * x.numel()
    bolt.measure(step, args=args, bytes=5 * x.nbytes, flops=flops)
