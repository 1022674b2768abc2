"""RMSNorm: how fast."""

from __future__ import annotations

import pytest
import torch.nn.functional as F

from pytest_bolt.correctness import inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_rmsnorm")
SHAPES = ((64, 512), (256, 1024), (64, 4096))
EPS = 1e-5
OPERATIONS_PER_ELEMENT = 4  # square, add, and two multiplications


def twin(x, weight, *, eps):
    """Return the framework's own RMSNorm."""
    return F.rms_norm(x, (x.shape[-1],), weight, eps)


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_rmsnorm_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x = inputs.blocks(*shape, device=device, dtype=dtype)
    weight = 1 + inputs.normal(1, shape[1], device=device, dtype=dtype, seed=1)[0] / 2
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
