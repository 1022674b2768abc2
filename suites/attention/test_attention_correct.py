"""Attention: right with and without masks, for unequal lengths and widths."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, fenced, inputs, red_zones, repeated, verify

from .tensors import JUDGED, qkv, some_mask

pytestmark = pytest.mark.bolt(operation="run_scaled_dot_product_attention")
DISTRIBUTIONS = ("normal", "blocks", "tailheavy", "constant_rows", "transposed", "strided", "sliced")
SHAPE = (1, 2, 33, 32)


def agrees(impl, tensors, mask=None):
    """Attend under a mask, or without one, and hold the result to the reference."""
    args = (*tensors, mask)
    fn = impl.run_scaled_dot_product_attention
    return verify(fn, args, oracle_args=tensors, kwargs={"mask": mask}, **JUDGED)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    agrees(impl, qkv(SHAPE, distribution=distribution, seed=100 * seed, device=device, dtype=dtype))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_behind_a_mask_on(impl, device, dtype, seed, distribution):
    tensors = qkv(SHAPE, distribution=distribution, seed=100 * seed + 1, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(33, 33, device=device, seed=100 * seed + 1))


@pytest.mark.parametrize(
    ("queries", "keys", "values"), [(1, 1, 16), (1, 40, 24), (40, 1, 16), (17, 64, 8), (65, 17, 24)]
)
@pytest.mark.parametrize("masked", [False, True], ids=["all-keys", "masked"])
def test_unequal_lengths_and_widths(impl, device, dtype, seed, queries, keys, values, masked):
    sizes = {"keys": keys, "values": values, "seed": 100 * seed + 2}
    tensors = qkv((1, 1, queries, 16), **sizes, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(queries, keys, device=device, seed=100 * seed + 2) if masked else None)


@pytest.mark.parametrize("shape", [(9, 16), (3, 9, 16), (1, 2, 9, 16), (2, 1, 2, 9, 16)], ids=str)
def test_any_leading_dimensions(impl, device, dtype, seed, shape):
    tensors = qkv(shape, keys=12, values=24, seed=100 * seed + 3, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(*shape[:-1], 12, device=device, seed=100 * seed + 3))


@pytest.mark.parametrize("shape", [(2, 2, 9, 12), (2, 1, 9, 12), (1, 2, 9, 12), (9, 12)], ids=str)
def test_a_mask_for_each_head_or_for_several(impl, device, dtype, seed, shape):
    tensors = qkv((2, 2, 9, 16), keys=12, seed=100 * seed + 4, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(*shape, device=device, seed=100 * seed + 4))


def test_a_mask_with_strides(impl, device, dtype, seed):
    tensors = qkv((1, 2, 9, 16), keys=12, seed=100 * seed + 5, device=device, dtype=dtype)
    mask = some_mask(9, 12, device=device, seed=100 * seed + 5)
    agrees(impl, tensors, mask.t().contiguous().t())


def test_hidden_keys_weigh_nothing(impl, device, dtype, seed):
    q, k, v = qkv((1, 2, 17, 16), keys=24, seed=100 * seed + 6, device=device, dtype=dtype)
    q[..., 0] = 2.0
    hidden = (torch.arange(24, device=device) % 3 == 1).reshape(-1, 1)
    first = torch.arange(16, device=device) == 0
    loud = torch.where(hidden, 1000 * first.to(dtype), k), torch.where(hidden, 1000 + v, v)
    mask = ~hidden.reshape(1, -1).expand(17, -1)
    output = impl.run_scaled_dot_product_attention(q, *loud, mask)
    check(output, args=(q, k, v), kwargs={"mask": mask}, **JUDGED)


@pytest.mark.parametrize("sign", [1, -1], ids=["large", "negative"])
def test_scores_beyond_what_exp_can_take(impl, device, dtype, seed, sign):
    """Whole numbers, whose scores every order of summation gives exactly; some rows lie far below others."""
    q, k, v = qkv((1, 2, 9, 16), distribution="normal", seed=100 * seed + 7, device=device, dtype=dtype)
    rows = torch.arange(1, 10, device=device, dtype=dtype).reshape(-1, 1)
    whole = 16 * rows * (8 * q).abs().ceil().clamp(max=3), sign * k.abs().ceil().clamp(max=3)
    agrees(impl, (*whole, v), some_mask(9, 9, device=device, seed=100 * seed + 7))


def test_one_visible_key_gives_its_value(impl, device, dtype, seed):
    q, k, v = qkv((1, 2, 33, 32), seed=100 * seed + 8, device=device, dtype=dtype)
    order = torch.randperm(33, generator=torch.Generator().manual_seed(100 * seed + 8)).to(device)
    mask = torch.zeros(33, 33, dtype=torch.bool, device=device)
    mask[torch.arange(33, device=device), order] = True
    output = impl.run_scaled_dot_product_attention(q, k, v, mask)
    check(output, oracle=lambda values: values[..., order, :].clone(), args=(v,))


def test_no_mask_is_a_mask_of_true(impl, device, dtype, seed):
    tensors = qkv((1, 2, 33, 32), seed=100 * seed + 9, device=device, dtype=dtype)
    everything = torch.ones(33, 33, dtype=torch.bool, device=device)
    output = impl.run_scaled_dot_product_attention(*tensors, everything)
    check(output, args=tensors, **JUDGED)


def test_rows_lie_in_the_hull_of_the_values(impl, device, dtype, seed):
    q, k, v = qkv(SHAPE, seed=100 * seed + 10, device=device, dtype=dtype)
    output = impl.run_scaled_dot_product_attention(q, k, v).double()
    room = v.double().abs().amax(-2, keepdim=True) * 2 * torch.finfo(dtype).eps
    assert bool((output <= v.double().amax(-2, keepdim=True) + room).all())
    assert bool((output >= v.double().amin(-2, keepdim=True) - room).all())


def test_the_order_of_keys_changes_nothing(impl, device, dtype, seed):
    q, k, v = qkv(SHAPE, seed=100 * seed + 11, device=device, dtype=dtype)
    order = torch.randperm(33, generator=torch.Generator().manual_seed(100 * seed + 11)).to(device)
    output = impl.run_scaled_dot_product_attention(q, k[..., order, :], v[..., order, :])
    check(output, args=(q, k, v), **JUDGED)


def test_linear_in_the_values(impl, device, dtype, seed):
    q, k, v = qkv((1, 2, 17, 16), seed=100 * seed + 12, device=device, dtype=dtype)
    once, twice = (impl.run_scaled_dot_product_attention(q, k, factor * v) for factor in (1, 2))
    assert torch.equal(2 * once, twice)


def test_each_head_by_itself(impl, device, dtype, seed):
    tensors = qkv((2, 3, 17, 16), seed=100 * seed + 13, device=device, dtype=dtype)
    one = tuple(each[1:, 2:].clone() for each in tensors)
    output = impl.run_scaled_dot_product_attention(*tensors)[1:, 2:].clone()
    check(output, args=one, **JUDGED)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    repeated(
        impl.run_scaled_dot_product_attention,
        qkv((1, 1, 65, 32), seed=100 * seed + 14, device=device, dtype=dtype),
    )


@pytest.mark.parametrize("tokens", [1, 33, 70])
def test_stays_inside_its_memory(impl, device, dtype, seed, tokens):
    tensors = qkv((1, 1, tokens, 24), seed=100 * seed + 15, device=device, dtype=dtype)
    with red_zones():
        agrees(impl, tuple(fenced(each) for each in tensors))


@settings(max_examples=5, deadline=None, print_blob=True)
@given(
    sizes=st.tuples(*[st.integers(1, 40)] * 3, st.integers(2, 40)),
    drawn=st.integers(0, 99),
    masked=st.booleans(),
)
@example(sizes=(2, 1, 1, 1), drawn=0, masked=True)
def test_any_shape(impl, device, dtype, sizes, drawn, masked):
    """Sums of single values may cancel to almost nothing, which nobody knows well: one key leaves no sum."""
    queries, keys, width, values = sizes
    lengths = {"keys": keys, "values": values, "distribution": "normal"}
    tensors = qkv((1, queries, width), **lengths, seed=drawn, device=device, dtype=dtype)
    agrees(impl, tensors, some_mask(queries, keys, device=device, seed=drawn) if masked else None)
