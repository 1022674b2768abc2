"""Attention as an autograd function: right gradients."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import inputs, unmutated

from .. import reference
from ..attention.tensors import verify_gradients_by_head
from .tensors import by_heads, small

both = pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])


def alike(found, wanted):
    """Return whether gradients of one kernel differ by no more than other orders of summation would."""
    room = 16 * torch.finfo(found[0].dtype).eps
    return all(
        bool((one - other).abs().max() <= room * other.abs().max())
        for one, other in zip(found, wanted, strict=True)
    )


class Backward:
    """Tests of the gradients; a subclass says of which function."""

    def made(self, impl):
        raise NotImplementedError

    def agrees(self, impl, tensors, *, causal, seed):
        attend = self.made(impl).apply
        verify_gradients_by_head(
            lambda q, k, v: attend(q, k, v, causal),
            tensors,
            oracle=reference.attention,
            twin=by_heads,
            kwargs={"causal": causal},
            seed=100 * seed,
        )

    @both
    @pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
    def test_gradients_on(self, impl, device, dtype, seed, distribution, causal):
        drawn = {"distribution": distribution, "seed": 100 * seed + 20, "device": device, "dtype": dtype}
        self.agrees(impl, small(2, 64, 64, 16, **drawn), causal=causal, seed=seed)

    @both
    @pytest.mark.parametrize("lengths", [(16, 128), (128, 16), (32, 64)], ids="{0[0]}x{0[1]}".format)
    def test_gradients_of_unequal_lengths(self, impl, device, dtype, seed, lengths, causal):
        queries, keys = lengths
        tensors = small(1, queries, keys, 16, seed=100 * seed + 21, device=device, dtype=dtype)
        self.agrees(impl, tensors, causal=causal, seed=seed)

    @pytest.mark.parametrize("width", [32, 128])
    def test_gradients_of_any_width(self, impl, device, dtype, seed, width):
        tensors = small(1, 32, 32, width, seed=100 * seed + 22, device=device, dtype=dtype)
        self.agrees(impl, tensors, causal=True, seed=seed)

    def test_gradients_of_a_sum(self, impl, device, dtype, seed):
        """The upstream gradient of a sum is one number, expanded: it has strides of 0."""
        tensors = small(2, 16, 32, 16, seed=100 * seed + 23, device=device, dtype=dtype)

        def gradients(attend):
            leaves = [each.clone().requires_grad_() for each in tensors]
            return torch.autograd.grad(attend(*leaves).sum(), leaves)

        attend = self.made(impl).apply
        found = gradients(lambda q, k, v: attend(q, k, v, True))
        wanted = gradients(lambda q, k, v: attend(q, k, v, True) * torch.ones_like(q))
        assert alike(found, wanted)

    def test_gradients_are_those_of_their_own_call(self, impl, device, dtype, seed):
        """Two calls before either's backward: neither may use what the other has kept."""
        attend = self.made(impl).apply
        calls = []
        for number, causal in ((24, True), (25, False)):
            tensors = small(1, 16, 16, 16, seed=100 * seed + number, device=device, dtype=dtype)
            leaves = [each.requires_grad_() for each in tensors]
            calls.append((leaves, attend(*leaves, causal), causal))
        for leaves, output, causal in calls:
            found = torch.autograd.grad(output, leaves, torch.ones_like(output))
            again = attend(*leaves, causal)
            wanted = torch.autograd.grad(again, leaves, torch.ones_like(again))
            assert alike(found, wanted)

    def test_backward_changes_no_input(self, impl, device, dtype, seed):
        tensors = small(1, 16, 32, 16, seed=100 * seed + 26, device=device, dtype=dtype)
        upstream = small(1, 16, 32, 16, seed=100 * seed + 27, device=device, dtype=dtype)[0]
        attend = self.made(impl).apply

        def step(q, k, v, upstream):
            leaves = [each.requires_grad_() for each in (q, k, v)]
            return torch.autograd.grad(attend(*leaves, True), leaves, upstream)

        unmutated(step, (*tensors, upstream))

    @both
    def test_gradcheck(self, impl, device, seed, causal):
        """By differences in float64, where the function computes in it."""
        tensors = small(1, 16, 16, 16, seed=100 * seed + 28, device=device, dtype=torch.float64)
        attend = self.made(impl).apply
        try:
            output = attend(*tensors, causal)
        except Exception as error:  # noqa: BLE001 - code for float32 may refuse float64 in any way
            pytest.skip(f"takes no float64: {error}"[:200])
        wanted = reference.attention(*tensors, causal=causal)
        if output.dtype != torch.float64 or not torch.allclose(output, wanted, rtol=1e-12, atol=1e-12):
            pytest.skip("computes in float32: its differences would be rounding")
        leaves = [each.requires_grad_() for each in tensors]
        assert torch.autograd.gradcheck(lambda *each: attend(*each, causal), leaves, fast_mode=True)


@pytest.mark.bolt(operation="get_flashattention_autograd_function_pytorch")
class TestPytorch(Backward):
    """The function that is made of the framework's operations."""

    def made(self, impl):
        return impl.get_flashattention_autograd_function_pytorch()


@pytest.mark.bolt(operation="get_flashattention_autograd_function_triton")
class TestTriton(Backward):
    """The function whose forward pass is a kernel."""

    def made(self, impl):
        return impl.get_flashattention_autograd_function_triton()
