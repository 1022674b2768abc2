"""Rotary position embedding: how fast."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import inputs

from .. import reference
from .tensors import rope as twin

pytestmark = pytest.mark.bolt(operation="run_rope", dtypes=("float32",))
SHAPES = ((4, 128, 64), (8, 512, 64), (8, 1024, 128))
THETA = 10_000.0
OPERATIONS_PER_ELEMENT = 3  # two multiplications and an addition; angles are computed once for all


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_rope_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    sequences, tokens, width = shape
    x = inputs.blocks(sequences * tokens, width, device=device, dtype=dtype).reshape(shape)
    positions = torch.arange(tokens, device=device)
    args = (width, THETA, tokens, x, positions)
    kwargs = {"theta": THETA}
    bolt.check(impl.run_rope(*args), oracle=reference.rope, args=(x, positions), kwargs=kwargs, twin=twin)
    bolt.measure(
        impl.run_rope,
        args=args,
        bytes=2 * x.nbytes + positions.nbytes,
        flops=OPERATIONS_PER_ELEMENT * x.numel(),
    )
