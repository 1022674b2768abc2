"""Attention: how fast, causal and not."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pytest_bolt.correctness import inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_attention")
SHAPES = ((1, 4, 128, 64), (1, 4, 256, 64))


def twin(q, k, v, *, causal):
    """Return the framework's own attention."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)


def work(shape, *, causal):
    """Return the floating-point operations of two matrix products, over the keys that are seen."""
    batch, heads, tokens, width = shape
    pairs = tokens * (tokens + 1) // 2 if causal else tokens * tokens
    return 4 * batch * heads * pairs * width


@pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_attention_speed(bolt, impl, device, dtype, shape, causal):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    rows = torch.Size(shape[:-1]).numel()
    q, k, v = (
        inputs.blocks(rows, shape[-1], device=device, dtype=dtype, seed=seed).reshape(shape)
        for seed in range(3)
    )
    bolt.check(
        impl.run_attention(q, k, v, causal=causal),
        oracle=reference.attention,
        args=(q, k, v),
        kwargs={"causal": causal},
        twin=twin,
    )
    bolt.measure(
        impl.run_attention,
        args=(q, k, v),
        kwargs={"causal": causal},
        bytes=q.nbytes + k.nbytes + v.nbytes + q.nbytes,
        flops=work(shape, causal=causal),
    )
