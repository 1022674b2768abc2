"""Attention: right with and without masks, for unequal lengths and widths."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, red_zones, repeated, self_test, verify

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_scaled_dot_product_attention")
with_causal = pytest.mark.bolt(operation="run_attention")
DISTRIBUTIONS = ("normal", "blocks", "tailheavy", "constant_rows", "transposed", "strided", "sliced")
SHAPES = ((1, 2, 48, 32), (1, 4, 128, 64), (1, 4, 256, 64))


def twin(q, k, v, *, mask=None, causal=False):
    """Return the framework's own attention."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)


def heads(distribution, shape, **place):
    """Return a `[B, H, T, D]` tensor whose rows follow a distribution."""
    *leading, columns = shape
    rows = torch.Size(leading).numel()
    return inputs.DISTRIBUTIONS[distribution](rows, columns, **place).reshape(shape)


def qkv(shape, *, keys=None, values=None, distribution="blocks", seed=0, **place):
    """Return queries of `shape`, and keys and values of other lengths and widths where given."""
    *leading, tokens, width = shape
    key_shape = (*leading, keys or tokens, width)
    value_shape = (*leading, keys or tokens, values or width)
    shapes = (shape, key_shape, value_shape)
    return tuple(heads(distribution, s, seed=3 * seed + i, **place) for i, s in enumerate(shapes))


def some_mask(queries, keys, device, seed=0):
    """Return a `[Tq, Tk]` mask in which about half the keys are seen, and the first by every query."""
    mask = torch.rand(queries, keys, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask[:, 0] = True
    return mask.to(device)


def agrees(impl, tensors, mask=None):
    """Attend under a mask, or without one, and hold the result to the reference."""
    args = (*tensors, mask)
    fn = impl.run_scaled_dot_product_attention
    return verify(fn, args, oracle=reference.attention, oracle_args=tensors, kwargs={"mask": mask}, twin=twin)


def agrees_causal(impl, tensors, *, causal):
    """Attend, causally or not, and hold the result to the reference."""

    def attend(q, k, v):
        return impl.run_attention(q, k, v, causal=causal)

    return verify(attend, tensors, oracle=reference.attention, kwargs={"causal": causal}, twin=twin)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("masked", [False, True], ids=["all-keys", "masked"])
def test_agrees_on(impl, device, dtype, distribution, masked):
    tensors = qkv((2, 2, 33, 32), distribution=distribution, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(33, 33, device) if masked else None)


@with_causal
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
def test_causal_agrees_on(impl, device, dtype, distribution, causal):
    tensors = qkv((2, 2, 33, 32), distribution=distribution, device=device, dtype=dtype)
    agrees_causal(impl, tensors, causal=causal)


def test_agrees_for_five_seeds(impl, device, dtype):
    for seed in range(5):
        agrees(
            impl, qkv((1, 2, 65, 16), seed=seed, device=device, dtype=dtype), some_mask(65, 65, device, seed)
        )


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (1, 40), (40, 1), (17, 64), (64, 17)])
@pytest.mark.parametrize("masked", [False, True], ids=["all-keys", "masked"])
def test_unequal_lengths(impl, device, dtype, queries, keys, masked):
    tensors = qkv((1, 2, queries, 16), keys=keys, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(queries, keys, device) if masked else None)


@with_causal
@pytest.mark.parametrize(("queries", "keys"), [(1, 40), (17, 64), (64, 17)])
def test_causal_with_unequal_lengths(impl, device, dtype, queries, keys):
    agrees_causal(impl, qkv((1, 2, queries, 16), keys=keys, device=device, dtype=dtype), causal=True)


@pytest.mark.parametrize("shape", [(9, 16), (3, 9, 16), (2, 3, 9, 16)], ids=str)
def test_values_of_another_width(impl, device, dtype, shape):
    agrees(impl, qkv(shape, values=24, device=device, dtype=dtype))


@settings(max_examples=12, deadline=None, print_blob=True)
@given(
    queries=st.integers(1, 40),
    keys=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 2**16),
    masked=st.booleans(),
)
def test_any_shape(impl, device, dtype, queries, keys, width, seed, masked):
    tensors = qkv((1, 2, queries, width), keys=keys, seed=seed, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(queries, keys, device, seed) if masked else None)


def test_no_mask_is_a_mask_of_true(impl, device, dtype):
    tensors = qkv((1, 2, 33, 32), device=device, dtype=dtype)
    everything = torch.ones(33, 33, dtype=torch.bool, device=device)
    output = impl.run_scaled_dot_product_attention(*tensors, everything)
    check(output, oracle=reference.attention, args=tensors, twin=twin)


def test_rows_lie_in_the_hull_of_the_values(impl, device, dtype):
    q, k, v = qkv((2, 2, 33, 32), device=device, dtype=dtype)
    output = impl.run_scaled_dot_product_attention(q, k, v).double()
    room = v.double().abs().amax(-2, keepdim=True) * 2 * torch.finfo(dtype).eps
    assert bool((output <= v.double().amax(-2, keepdim=True) + room).all())
    assert bool((output >= v.double().amin(-2, keepdim=True) - room).all())


def test_the_order_of_keys_changes_nothing(impl, device, dtype):
    q, k, v = qkv((1, 2, 33, 32), device=device, dtype=dtype)
    order = torch.randperm(33, generator=torch.Generator().manual_seed(0)).to(device)
    output = impl.run_scaled_dot_product_attention(q, k[..., order, :], v[..., order, :])
    check(output, oracle=reference.attention, args=(q, k, v), twin=twin)


@with_causal
def test_later_tokens_are_not_seen(impl, device, dtype):
    q, k, v = qkv((1, 2, 48, 32), device=device, dtype=dtype)
    _, later_k, later_v = qkv((1, 2, 48, 32), seed=1, device=device, dtype=dtype)
    seen = torch.arange(48, device=device).reshape(-1, 1) < 20
    changed = torch.where(seen, k, later_k), torch.where(seen, v, later_v)
    output = impl.run_attention(q, *changed, causal=True)[:, :, :20].clone()
    first = tuple(tensor[:, :, :20] for tensor in (q, k, v))
    check(output, oracle=reference.attention, args=first, kwargs={"causal": True}, twin=twin)


def test_three_runs_are_bit_equal(impl, device, dtype):
    repeated(impl.run_scaled_dot_product_attention, qkv((1, 2, 65, 32), device=device, dtype=dtype))


def test_stays_inside_its_memory(impl, device, dtype):
    with red_zones():
        agrees(impl, qkv((1, 2, 33, 24), device=device, dtype=dtype))


@pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_the_gate_can_fail(device, dtype, shape, causal):
    workloads = [
        qkv(shape, distribution=distribution, device=device, dtype=dtype)
        for distribution in (*inputs.MANDATORY, "normal")
    ]

    def uniform_weights(q, k, v, *, causal):
        return reference.attention(0 * q, k, v, causal=causal)

    def half_the_keys(q, k, v, *, causal):
        half = k.shape[-2] // 2
        return reference.attention(q, k[..., :half, :], v[..., :half, :], causal=causal)

    def unscaled(q, k, v, *, causal):
        return reference.attention(q * q.shape[-1] ** 0.5, k, v, causal=causal)

    def other_mask(q, k, v, *, causal):
        return reference.attention(q, k, v, causal=not causal)

    wrong = (uniform_weights, half_the_keys, unscaled, other_mask)
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.attention,
        kwargs={"causal": causal},
        twin=twin,
        extra={fn.__name__: fn for fn in wrong},
    )
