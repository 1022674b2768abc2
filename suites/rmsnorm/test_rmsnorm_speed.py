"""RMSNorm: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_rmsnorm")
SHAPES = ((64, 512), (8, 4096))
EPS = 1e-5
OPERATIONS_PER_ELEMENT = 4  # square, add, and two multiplications
OPERATIONS_BACK = 9  # weight times gradient; a dot product; the row's difference; the weight's sum


def twin(x, weight, *, eps):
    """Return the framework's own RMSNorm."""
    return F.rms_norm(x, (x.shape[-1],), weight, eps)


def workload(shape, **place):
    """Return an input and its weight."""
    return inputs.blocks(*shape, **place), 1 + inputs.normal(1, shape[1], **place, seed=1)[0] / 2


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_rmsnorm_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x, weight = workload(shape, device=device, dtype=dtype)
    args = (shape[1], EPS, weight, x)
    bolt.check(
        impl.run_rmsnorm(*args), oracle=reference.rms_norm, args=(x, weight), kwargs={"eps": EPS}, twin=twin
    )
    bolt.measure(
        impl.run_rmsnorm,
        args=args,
        bytes=2 * x.nbytes + weight.nbytes,
        flops=OPERATIONS_PER_ELEMENT * x.numel(),
    )


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_rmsnorm_backward_speed(bolt, impl, device, dtype, shape):
    """Read the input, write the output; read it again and the upstream gradient, write the gradient."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args = (*workload(shape, device=device, dtype=dtype), inputs.normal(*shape, device=device, dtype=dtype))
    step = backward(lambda x, weight: impl.run_rmsnorm(shape[1], EPS, weight, x))
    oracle, own = (
        backward(lambda x, weight, fn=fn: fn(x, weight, eps=EPS)) for fn in (reference.rms_norm, twin)
    )
    bolt.check(step(*args), oracle=oracle, args=args, twin=own, tier="gradient")
    size = args[0].numel()
    moved = 5 * args[0].nbytes + 3 * args[1].nbytes
    bolt.measure(step, args=args, bytes=moved, flops=(OPERATIONS_PER_ELEMENT + OPERATIONS_BACK) * size)
