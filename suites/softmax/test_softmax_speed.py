"""Softmax: how fast."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_softmax")
SHAPES = ((64, 512), (256, 1024), (16, 16384))
OPERATIONS_PER_ELEMENT = 5  # compare, subtract, exponential, add, divide


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_softmax_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x = inputs.blocks(*shape, device=device, dtype=dtype)
    bolt.check(impl.run_softmax(x, -1), oracle=reference.softmax, args=(x, -1), twin=torch.softmax)
    bolt.measure(impl.run_softmax, args=(x, -1), bytes=2 * x.nbytes, flops=OPERATIONS_PER_ELEMENT * x.numel())
