"""Layer norm: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_layernorm")
SHAPES = ((64, 512), (8, 4096))
EPS = 1e-5
OPERATIONS_PER_ELEMENT = 7  # add, subtract, square, add; scale, multiply, add
OPERATIONS_BACK = 13  # as RMSNorm's, and the row's mean and the bias's sum


def twin(x, weight, bias, *, eps):
    """Return the framework's own layer norm."""
    return F.layer_norm(x, (x.shape[-1],), weight, bias, eps)


def workload(shape, **place):
    """Return an input, a weight and a bias."""
    drawn = inputs.normal(2, shape[1], seed=1, **place)
    return inputs.blocks(*shape, **place), 1 + drawn[0] / 2, drawn[1].clone()


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_layer_norm_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x, weight, bias = workload(shape, device=device, dtype=dtype)
    args = (shape[1], EPS, weight, bias, x)
    own, named = (x, weight, bias), {"eps": EPS}
    bolt.check(impl.run_layernorm(*args), oracle=reference.layer_norm, args=own, kwargs=named, twin=twin)
    moved = 2 * x.nbytes + weight.nbytes + bias.nbytes
    bolt.measure(impl.run_layernorm, args=args, bytes=moved, flops=OPERATIONS_PER_ELEMENT * x.numel())


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_layer_norm_backward_speed(bolt, impl, device, dtype, shape):
    """Read the input, write the output; read it again and the upstream gradient, write the gradient."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args = (*workload(shape, device=device, dtype=dtype), inputs.normal(*shape, device=device, dtype=dtype))
    step = backward(lambda x, weight, bias: impl.run_layernorm(shape[1], EPS, weight, bias, x))
    oracle, own = (
        backward(lambda x, weight, bias, fn=fn: fn(x, weight, bias, eps=EPS))
        for fn in (reference.layer_norm, twin)
    )
    bolt.check(step(*args), oracle=oracle, args=args, twin=own, tier="gradient")
    size = args[0].numel()
    moved = 5 * args[0].nbytes + 6 * args[1].nbytes
    bolt.measure(step, args=args, bytes=moved, flops=(OPERATIONS_PER_ELEMENT + OPERATIONS_BACK) * size)
