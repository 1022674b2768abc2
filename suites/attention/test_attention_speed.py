"""Attention: how fast, causal and not, forward and backward."""

from __future__ import annotations

import pytest
import torch

from .tensors import JUDGED, qkv

pytestmark = pytest.mark.bolt(operation="run_attention")
SHAPES = ((1, 4, 128, 64), (1, 4, 256, 64))
both = pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
sized = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))


def work(shape, *, causal):
    """Return the floating-point operations of two matrix products, over the keys that are seen."""
    batch, heads, tokens, width = shape
    pairs = tokens * (tokens + 1) // 2 if causal else tokens * tokens
    return 4 * batch * heads * pairs * width


def checked(bolt, impl, shape, *, causal, **place):
    """Return queries, keys and values on which the implementation is right."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    tensors = qkv(shape, **place)
    output = impl.run_attention(*tensors, causal=causal)
    bolt.check(output, args=tensors, kwargs={"causal": causal}, **JUDGED)
    return tensors


@both
@sized
def test_attention_speed(bolt, impl, device, dtype, shape, causal):
    tensors = checked(bolt, impl, shape, causal=causal, device=device, dtype=dtype)
    bolt.measure(
        impl.run_attention,
        args=tensors,
        kwargs={"causal": causal},
        bytes=4 * tensors[0].nbytes,
        flops=work(shape, causal=causal),
    )


@both
@sized
def test_attention_step_speed(bolt, impl, device, dtype, shape, causal):
    """Forward and backward: two matrix products, and five more that need no weights kept."""
    tensors = checked(bolt, impl, shape, causal=causal, device=device, dtype=dtype)
    leaves = [each.requires_grad_() for each in tensors]
    upstream = torch.ones_like(tensors[0])

    def step():
        return torch.autograd.grad(impl.run_attention(*leaves, causal=causal), leaves, upstream)

    bolt.measure(step, bytes=11 * tensors[0].nbytes, flops=3.5 * work(shape, causal=causal))
