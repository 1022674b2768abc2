"""Cross-entropy: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_cross_entropy", dtypes=("float32",))
SHAPES = ((33, 257), (16, 4096))
OPERATIONS_PER_LOGIT = 4  # compare, subtract, exponential, add
OPERATIONS_BACK = 2  # divide by the sum, scale by the mean's gradient


def workload(shape, **place):
    """Return logits and targets."""
    logits = inputs.blocks(*shape, **place)
    targets = torch.randint(shape[1], shape[:1], generator=torch.Generator().manual_seed(0))
    return logits, targets.to(logits.device)


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_cross_entropy_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args = workload(shape, device=device, dtype=dtype)
    found = impl.run_cross_entropy(*args)
    bolt.check(found, oracle=reference.cross_entropy, args=args, twin=F.cross_entropy)
    moved = args[0].nbytes + args[1].nbytes
    bolt.measure(impl.run_cross_entropy, args=args, bytes=moved, flops=OPERATIONS_PER_LOGIT * args[0].numel())


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_cross_entropy_backward_speed(bolt, impl, device, dtype, shape):
    """Read the logits twice, write their gradient."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args = (*workload(shape, device=device, dtype=dtype), torch.ones((), device=device, dtype=dtype))
    step, oracle = backward(impl.run_cross_entropy), backward(reference.cross_entropy)
    bolt.check(step(*args), oracle=oracle, args=args, twin=backward(F.cross_entropy), tier="gradient")
    moved = 3 * args[0].nbytes + 2 * args[1].nbytes
    flops = (OPERATIONS_PER_LOGIT + OPERATIONS_BACK) * args[0].numel()
    bolt.measure(step, args=args, bytes=moved, flops=flops)
