"""Attention: causal, with heads that are shared, and its gradients."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import check, inputs, red_zones, repeated, self_test, verify

from .. import reference
from .tensors import JUDGED, qkv, some_mask, twin, verify_gradients_by_head

causal_or_not = pytest.mark.bolt(operation="run_attention")
grouped = pytest.mark.bolt(operation="run_grouped_attention")
masked = pytest.mark.bolt(operation="run_scaled_dot_product_attention")
both = pytest.mark.parametrize("causal", [False, True], ids=["all-keys", "causal"])
SHAPES = ((1, 2, 48, 32), (1, 2, 128, 64))


def grouped_twin(q, k, v, *, causal):
    """Return the framework's own attention, its keys repeated for every head of queries."""
    share = q.shape[-3] // k.shape[-3]
    k, v = (each.repeat_interleave(share, -3) for each in (k, v))
    return twin(q, k, v, causal=causal)


def agrees(fn, tensors, *, causal, oracle=reference.attention, framework=twin):
    """Attend, causally or not, and hold the result to the reference."""

    def attend(q, k, v):
        return fn(q, k, v, causal=causal)

    return verify(attend, tensors, oracle=oracle, kwargs={"causal": causal}, twin=framework)


@causal_or_not
@both
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "strided"])
def test_agrees_on(impl, device, dtype, seed, distribution, causal):
    tensors = qkv((2, 1, 33, 32), distribution=distribution, seed=100 * seed + 20, device=device, dtype=dtype)
    agrees(impl.run_attention, tensors, causal=causal)


@causal_or_not
@pytest.mark.parametrize(("queries", "keys"), [(1, 40), (17, 64), (64, 17), (65, 70)])
def test_causal_with_unequal_lengths(impl, device, dtype, seed, queries, keys):
    sizes = {"keys": keys, "values": 24, "seed": 100 * seed + 21}
    tensors = qkv((1, 1, queries, 16), **sizes, device=device, dtype=dtype)
    agrees(impl.run_attention, tensors, causal=True)


@causal_or_not
def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    q, k, v = qkv((1, 2, 48, 32), seed=100 * seed + 22, device=device, dtype=dtype)
    _, later_k, later_v = qkv((1, 2, 48, 32), seed=100 * seed + 23, device=device, dtype=dtype)
    seen = torch.arange(48, device=device).reshape(-1, 1) < 20
    changed = torch.where(seen, k, 8 * later_k), torch.where(seen, v, 8 * later_v)
    output = impl.run_attention(q, *changed, causal=True)[:, :, :20].clone()
    first = tuple(tensor[:, :, :20] for tensor in (q, k, v))
    check(output, args=first, kwargs={"causal": True}, **JUDGED)


@causal_or_not
def test_the_first_token_sees_itself_alone(impl, device, dtype, seed):
    q, k, v = qkv((2, 2, 9, 16), seed=100 * seed + 24, device=device, dtype=dtype)
    output = impl.run_attention(q, k, v, causal=True)[:, :, 0].clone()
    check(output, oracle=lambda values: values[:, :, 0].clone(), args=(v,))


@causal_or_not
def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    tensors = qkv((1, 1, 65, 32), seed=100 * seed + 25, device=device, dtype=dtype)
    repeated(impl.run_attention, tensors, {"causal": True})


@grouped
@both
@pytest.mark.parametrize("sharing", [(4, 2), (6, 2), (3, 1)], ids="{0[0]}-on-{0[1]}".format)
def test_heads_that_share_keys(impl, device, dtype, seed, sharing, causal):
    heads, key_heads = sharing
    sizes = {"keys": 21, "values": 24, "key_heads": key_heads, "seed": 100 * seed + 26}
    tensors = qkv((1, heads, 17, 16), **sizes, device=device, dtype=dtype)
    fn, oracle = impl.run_grouped_attention, reference.grouped_attention
    agrees(fn, tensors, causal=causal, oracle=oracle, framework=grouped_twin)


@grouped
def test_shared_heads_of_several_sequences(impl, device, dtype, seed):
    tensors = qkv((2, 4, 9, 16), key_heads=2, seed=100 * seed + 27, device=device, dtype=dtype)
    with red_zones():
        agrees(
            impl.run_grouped_attention,
            tensors,
            causal=True,
            oracle=reference.grouped_attention,
            framework=grouped_twin,
        )


@causal_or_not
@both
@pytest.mark.parametrize("distribution", inputs.MANDATORY)
def test_gradients(impl, device, dtype, seed, distribution, causal):
    sizes = {"keys": 40, "distribution": distribution, "seed": 100 * seed + 28}
    tensors = qkv((1, 2, 33, 16), **sizes, device=device, dtype=dtype)

    def attend(q, k, v):
        return impl.run_attention(q, k, v, causal=causal)

    kwargs = {"causal": causal}
    verify_gradients_by_head(
        attend, tensors, oracle=reference.attention, twin=twin, kwargs=kwargs, seed=100 * seed
    )


@masked
def test_gradients_behind_a_mask(impl, device, dtype, seed):
    tensors = qkv((1, 2, 17, 16), keys=24, values=8, seed=100 * seed + 29, device=device, dtype=dtype)
    mask = some_mask(17, 24, device=device, seed=100 * seed + 29)

    def attend(q, k, v):
        return impl.run_scaled_dot_product_attention(q, k, v, mask)

    kwargs = {"mask": mask}
    verify_gradients_by_head(
        attend, tensors, oracle=reference.attention, twin=twin, kwargs=kwargs, seed=100 * seed
    )


@grouped
def test_gradients_of_heads_that_share_keys(impl, device, dtype, seed):
    tensors = qkv((1, 4, 17, 16), key_heads=2, seed=100 * seed + 30, device=device, dtype=dtype)

    def attend(q, k, v):
        return impl.run_grouped_attention(q, k, v, causal=True)

    verify_gradients_by_head(
        attend,
        tensors,
        oracle=reference.grouped_attention,
        twin=grouped_twin,
        kwargs={"causal": True},
        seed=100 * seed,
    )


@both
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_the_gate_can_fail(device, dtype, seed, shape, causal):
    workloads = [
        qkv(shape, distribution=distribution, seed=100 * seed, device=device, dtype=dtype)
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
        kwargs={"causal": causal},
        **JUDGED,
        extra={fn.__name__: fn for fn in wrong},
    )
