"""Self-attention with several heads and rotary positions: how fast."""

from __future__ import annotations

import pytest
import torch

from .. import reference
from ..rope.tensors import features, unsure
from .tensors import projections

pytestmark = pytest.mark.bolt(operation="run_multihead_self_attention_with_rope", dtypes=("float32",))
SHAPES = ((1, 64, 64), (2, 128, 128))
HEADS, THETA = 4, 10_000.0


def work(batch, tokens, width):
    """Return the operations of four projections and of two products over keys that are seen."""
    return 8 * batch * tokens * width**2 + 4 * batch * tokens * (tokens + 1) // 2 * width


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_multihead_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    _, tokens, width = shape
    x = features(*shape, device=device, dtype=dtype)
    weights = projections(width, seed=0, device=device, dtype=dtype)
    positions = torch.arange(tokens, device=device)
    args = (width, HEADS, tokens, THETA, *weights, x, positions)

    def twin(*args, positions, **kwargs):
        return reference.multihead_self_attention(*args, positions=unsure(positions), **kwargs)

    bolt.check(
        impl.run_multihead_self_attention_with_rope(*args),
        oracle=reference.multihead_self_attention,
        args=(x, *weights),
        kwargs={"heads": HEADS, "theta": THETA, "positions": positions},
        twin=twin,
    )
    bolt.measure(
        impl.run_multihead_self_attention_with_rope,
        args=args,
        bytes=2 * x.nbytes + sum(each.nbytes for each in weights),
        flops=work(*shape),
    )
