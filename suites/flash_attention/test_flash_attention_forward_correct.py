"""Attention as an autograd function: right forward, and what it keeps for backward."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import check, fenced, inputs, repeated, self_test, verify

from .. import reference
from .tensors import by_heads, kept, nodes, small

both = pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
# A kernel may cast weights to the dtype of the values before it multiplies them.
TIERS = {torch.float32: "strict", torch.bfloat16: "relaxed"}


def log_sums(q, k, *, causal):
    """Return the log-sum-exp of each query's scores in the dtype of the queries."""
    return reference.attention_log_sum_exp(q, k, causal=causal).to(q.dtype)


class Forward:
    """Tests of `apply`; a subclass says of which function."""

    def made(self, impl):
        raise NotImplementedError

    def agrees(self, impl, tensors, *, causal):
        attend = self.made(impl).apply
        verify(
            lambda q, k, v: attend(q, k, v, causal),
            tensors,
            oracle=reference.attention,
            kwargs={"causal": causal},
            twin=by_heads,
            tier=TIERS[tensors[0].dtype],
        )

    def attached(self, impl, tensors, *, causal):
        leaves = [each.clone().requires_grad_() for each in tensors]
        output = self.made(impl).apply(*leaves, causal)
        assert output.grad_fn is not None, "no gradient can reach the inputs"
        return output

    def test_is_an_autograd_function(self, impl):
        made = self.made(impl)
        assert isinstance(made, type)
        assert issubclass(made, torch.autograd.Function)

    @both
    @pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
    def test_agrees_on(self, impl, device, dtype, seed, distribution, causal):
        drawn = {"distribution": distribution, "seed": 100 * seed, "device": device, "dtype": dtype}
        self.agrees(impl, small(2, 64, 64, 16, **drawn), causal=causal)

    @both
    @pytest.mark.parametrize(
        "lengths", [(16, 16), (16, 128), (128, 16), (32, 64)], ids="{0[0]}x{0[1]}".format
    )
    def test_unequal_lengths(self, impl, device, dtype, seed, lengths, causal):
        queries, keys = lengths
        tensors = small(1, queries, keys, 16, seed=100 * seed + 1, device=device, dtype=dtype)
        self.agrees(impl, tensors, causal=causal)

    @both
    @pytest.mark.parametrize("width", [32, 64, 128])
    def test_any_width(self, impl, device, dtype, seed, width, causal):
        tensors = small(1, 32, 64, width, seed=100 * seed + 2, device=device, dtype=dtype)
        self.agrees(impl, tensors, causal=causal)

    def test_sequences_do_not_see_each_other(self, impl, device, dtype, seed):
        tensors = small(3, 16, 16, 16, seed=100 * seed + 3, device=device, dtype=dtype)
        output = self.made(impl).apply(*tensors, False)[1:2].clone()
        args, kwargs = tuple(each[1:2].clone() for each in tensors), {"causal": False}
        oracle, tier = reference.attention, TIERS[dtype]
        check(output, oracle=oracle, args=args, kwargs=kwargs, twin=by_heads, tier=tier)

    def test_large_scores_in_later_tiles(self, impl, device, dtype, seed):
        """The largest score of a row grows by dozens from tile to tile; all are whole numbers."""
        q, k, v = small(1, 16, 128, 16, seed=100 * seed + 4, device=device, dtype=dtype)
        rising = torch.arange(128, device=device, dtype=dtype).reshape(-1, 1) // 8 * 2
        whole = torch.full_like(q, 4.0), rising.expand_as(k[0]).expand_as(k).contiguous()
        self.agrees(impl, (*whole, v), causal=False)
        self.agrees(impl, (whole[0], whole[1].flip(1), v), causal=False)

    def test_memory_of_any_order(self, impl, device, dtype, seed):
        """Sequences that were cut out of `[T, B, D]`, with NaN between them."""
        tensors = small(2, 16, 32, 16, seed=100 * seed + 5, device=device, dtype=dtype)
        turned = tuple(fenced(each.transpose(0, 1).contiguous().transpose(0, 1)) for each in tensors)
        self.agrees(impl, turned, causal=True)

    @both
    def test_keeps_the_log_sum_exp(self, impl, device, dtype, seed, causal):
        tensors = small(2, 32, 64, 16, seed=100 * seed + 6, device=device, dtype=dtype)
        saved = self.attached(impl, tensors, causal=causal).grad_fn.saved_tensors
        found = [each for each in saved if each is not None and each.shape == (2, 32)]
        assert len(found) == 1, f"one tensor [B, Tq] is the log-sum-exp, and there are {len(found)}"
        sums = found[0].detach().clone().to(dtype)
        kwargs = {"causal": causal}
        check(sums, oracle=log_sums, args=tensors[:2], kwargs=kwargs, tier=TIERS[dtype])

    @both
    def test_keeps_no_matrix_of_weights(self, impl, device, dtype, seed, causal):
        tensors = small(1, 256, 256, 16, seed=100 * seed + 7, device=device, dtype=dtype)
        output = self.attached(impl, tensors, causal=causal)
        elements = sum({each.data_ptr(): each.numel() for each in kept(output)}.values())
        assert elements < 256 * 256
        assert len(nodes(output)) == 1

    def test_three_runs_are_bit_equal(self, impl, device, dtype, seed):
        tensors = small(1, 32, 64, 16, seed=100 * seed + 8, device=device, dtype=dtype)
        repeated(self.made(impl).apply, (*tensors, True))

    def test_a_call_is_not_remembered(self, impl, device, dtype, seed):
        """Another mask, other lengths, other numbers: nothing is left of the call before."""
        for number, (keys, causal) in enumerate(((32, True), (32, False), (16, True), (32, True))):
            tensors = small(1, 16, keys, 16, seed=100 * seed + 9 + number, device=device, dtype=dtype)
            self.agrees(impl, tensors, causal=causal)


@pytest.mark.bolt(operation="get_flashattention_autograd_function_pytorch")
class TestPytorch(Forward):
    """The function that is made of the framework's operations."""

    def made(self, impl):
        return impl.get_flashattention_autograd_function_pytorch()


@pytest.mark.bolt(operation="get_flashattention_autograd_function_triton")
class TestTriton(Forward):
    """The function whose forward pass is a kernel."""

    def made(self, impl):
        return impl.get_flashattention_autograd_function_triton()


@both
@pytest.mark.parametrize("shape", [(1, 32, 64, 16), (1, 32, 32, 128)], ids=str)
def test_the_gate_can_fail(device, dtype, seed, shape, causal):
    workloads = [
        small(*shape, distribution=name, seed=100 * seed, device=device, dtype=dtype)
        for name in (*inputs.MANDATORY, "normal")
    ]

    def other_mask(q, k, v, *, causal):
        return reference.attention(q, k, v, causal=not causal)

    def last_tile_of_keys_missing(q, k, v, *, causal):
        seen = min(q.shape[1], k.shape[1]) - 16
        return reference.attention(q, k[:, :seen], v[:, :seen], causal=causal)

    def unscaled(q, k, v, *, causal):
        return reference.attention(q * q.shape[-1] ** 0.5, k, v, causal=causal)

    wrong = (other_mask, last_tile_of_keys_missing, unscaled)
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.attention,
        kwargs={"causal": causal},
        twin=by_heads,
        tier=TIERS[dtype],
        extra={fn.__name__: fn for fn in wrong},
    )
