"""Attention as an autograd function: how fast, forward and backward."""

from __future__ import annotations

import pytest
import torch

from .. import reference
from .tensors import by_heads, small

both = pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
SHAPES = ((1, 128, 64), (2, 256, 64))
sized = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
TIERS = {torch.float32: "strict", torch.bfloat16: "relaxed"}


def work(shape, *, causal):
    """Return the floating-point operations of two matrix products, over the keys that are seen."""
    batch, tokens, width = shape
    pairs = tokens * (tokens + 1) // 2 if causal else tokens * tokens
    return 4 * batch * pairs * width


class Speed:
    """Speed of `apply`; a subclass says of which function, and whether it is a kernel."""

    is_kernel = False

    def made(self, impl):
        raise NotImplementedError

    def checked(self, bolt, impl, shape, *, causal, **place):
        if impl.interpreted or (self.is_kernel and place["device"].type == "cpu"):
            pytest.skip("interpreted here: checked, never timed")
        batch, tokens, width = shape
        tensors = small(batch, tokens, tokens, width, **place)
        attend = self.made(impl).apply
        bolt.check(
            attend(*tensors, causal),
            oracle=reference.attention,
            args=tensors,
            kwargs={"causal": causal},
            twin=by_heads,
            tier=TIERS[place["dtype"]],
        )
        return attend, tensors

    @both
    @sized
    def test_forward_speed(self, bolt, impl, device, dtype, shape, causal):
        attend, tensors = self.checked(bolt, impl, shape, causal=causal, device=device, dtype=dtype)
        size = 4 * tensors[0].nbytes
        bolt.measure(attend, args=(*tensors, causal), bytes=size, flops=work(shape, causal=causal))

    @both
    @sized
    def test_step_speed(self, bolt, impl, device, dtype, shape, causal):
        """Forward and backward: seven matrix products, two of them forward."""
        attend, tensors = self.checked(bolt, impl, shape, causal=causal, device=device, dtype=dtype)
        leaves = [each.requires_grad_() for each in tensors]
        upstream = torch.ones_like(tensors[0])

        def step():
            return torch.autograd.grad(attend(*leaves, causal), leaves, upstream)

        size = 11 * tensors[0].nbytes
        bolt.measure(step, bytes=size, flops=3.5 * work(shape, causal=causal))


@pytest.mark.bolt(operation="get_flashattention_autograd_function_pytorch")
class TestPytorch(Speed):
    """The function that is made of the framework's operations."""

    def made(self, impl):
        return impl.get_flashattention_autograd_function_pytorch()


@pytest.mark.bolt(operation="get_flashattention_autograd_function_triton")
class TestTriton(Speed):
    """The function whose forward pass is a kernel."""

    is_kernel = True

    def made(self, impl):
        return impl.get_flashattention_autograd_function_triton()
