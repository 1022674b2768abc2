"""References of attention by hand, and against the framework and each other."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

import reference
from pytest_bolt.correctness import inputs
from reference.adapters import framework, manual
from reference.tiled_attention import KEYS, QUERIES


def doubles(*shape, seed):
    rows = torch.Size(shape[:-1]).numel()
    return inputs.normal(rows, shape[-1], dtype=torch.float64, seed=seed).reshape(shape)


def qkv(batch, queries, keys, width):
    return (
        doubles(batch, queries, width, seed=1),
        doubles(batch, keys, width, seed=2),
        doubles(batch, keys, width, seed=3),
    )


def test_neighbours_share_a_head_of_keys():
    q = torch.zeros(4, 1, 1)
    v = torch.tensor([10.0, 20.0]).reshape(2, 1, 1)
    assert reference.grouped_attention(q, torch.zeros(2, 1, 1), v).flatten().tolist() == [10, 10, 20, 20]


def test_heads_that_cannot_be_shared_evenly_are_refused():
    q, k = torch.zeros(3, 1, 1), torch.zeros(2, 1, 1)
    with pytest.raises(ValueError, match="3 heads of queries cannot share 2 heads of keys evenly"):
        reference.grouped_attention(q, k, k)


def test_log_sum_exp_by_hand():
    q, k = torch.tensor([[2.0], [2.0]]), torch.tensor([[0.0], [math.log(3.0) / 2]])
    assert reference.attention_log_sum_exp(q, k).tolist() == pytest.approx([math.log(4), math.log(4)])
    assert reference.attention_log_sum_exp(q, k, causal=True).tolist() == pytest.approx([0, math.log(4)])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (5, 70), (70, 5), (QUERIES + 1, KEYS + 1)])
def test_tile_by_tile_is_the_same(queries, keys, causal):
    q, k, v = (each.requires_grad_() for each in qkv(2, queries, keys, 6))
    output = reference.TiledAttention.apply(q, k, v, causal)
    wanted = reference.attention(q, k, v, causal=causal)
    assert torch.allclose(output, wanted, rtol=0, atol=1e-13)
    sums = output.grad_fn.saved_tensors[-1]
    assert torch.allclose(sums, reference.attention_log_sum_exp(q, k, causal=causal), rtol=0, atol=1e-13)
    upstream = doubles(2, queries, 6, seed=4)
    found, right = (torch.autograd.grad(each, (q, k, v), upstream) for each in (output, wanted))
    assert all(
        torch.allclose(one, other, rtol=0, atol=1e-12) for one, other in zip(found, right, strict=True)
    )


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_tile_by_tile_by_differences(causal):
    tensors = [each.requires_grad_() for each in qkv(1, QUERIES + 2, KEYS + 3, 4)]
    attend = reference.TiledAttention.apply
    assert torch.autograd.gradcheck(lambda *each: attend(*each, causal), tensors, fast_mode=True)


def test_what_is_kept_does_not_grow_with_the_square_of_the_tokens():
    tokens, width = 200, 4
    q, k, v = (each.requires_grad_() for each in qkv(1, tokens, tokens, width))
    saved = reference.TiledAttention.apply(q, k, v, False).grad_fn.saved_tensors
    assert sum(each.numel() for each in saved) == tokens * (4 * width + 1)


def test_rope_by_hand():
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    turned = reference.rope(x, torch.tensor([3]), theta=9.0)
    # Pair 0 turns by 3, pair 1 by 3 / 9^(2/4) = 1.
    wanted = [math.cos(3), math.sin(3), -math.sin(1), math.cos(1)]
    assert turned[0].tolist() == pytest.approx(wanted)


def test_rope_from_tables_is_the_same():
    x, positions = doubles(2, 5, 8, seed=5), torch.tensor([[4, 0, 9, 9, 2], [1, 3, 5, 7, 8]])
    tables = reference.rope_tables(10, 8, theta=70.0, dtype=torch.float64)
    assert tables[0].shape == (10, 4)
    found = reference.rope_from_tables(x, positions, *tables)
    assert torch.allclose(found, reference.rope(x, positions, theta=70.0), rtol=0, atol=1e-14)


def test_rope_turns_pairs():
    with pytest.raises(ValueError, match="features turn in pairs, and 5 is odd"):
        reference.rope(torch.zeros(1, 5), torch.tensor([1]), theta=10.0)
    with pytest.raises(ValueError, match="and 7 is odd"):
        reference.rope_tables(4, 7, theta=10.0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_the_dtype_of_the_input_comes_out(dtype):
    x = inputs.normal(4, 8, dtype=dtype)
    heads = x.reshape(2, 2, 8)
    assert reference.rope(x, torch.arange(4), theta=10.0).dtype == dtype
    assert reference.grouped_attention(heads, heads, heads).dtype == dtype
    assert reference.TiledAttention.apply(heads, heads, heads, True).dtype == dtype
    weights = [inputs.normal(8, 8, dtype=dtype, seed=seed) for seed in range(4)]
    assert reference.multihead_self_attention(x, *weights, heads=2).dtype == dtype


def test_several_heads_against_the_framework():
    x, weights = doubles(3, 7, 12, seed=6), [doubles(12, 12, seed=seed) / 4 for seed in range(7, 11)]
    framework_own, _ = functional.multi_head_attention_forward(
        *[x.transpose(0, 1)] * 3,
        embed_dim_to_check=12,
        num_heads=3,
        in_proj_weight=torch.cat(weights[:3]),
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=weights[3],
        out_proj_bias=None,
        attn_mask=torch.ones(7, 7, dtype=torch.bool).triu(1),
        need_weights=False,
    )
    found = reference.multihead_self_attention(x, *weights, heads=3)
    assert torch.allclose(found, framework_own.transpose(0, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("adapter", [framework, manual], ids=["framework", "manual"])
def test_adapters_have_the_names_of_the_course(adapter):
    x, weights = inputs.normal(5, 8), [inputs.normal(8, 8, seed=seed) for seed in range(4)]
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight", "o_proj_weight")
    named = dict(zip(names, weights, strict=True))
    places = torch.arange(5)
    turned = adapter.run_rope(d_k=8, theta=9.0, max_seq_len=5, in_query_or_key=x, token_positions=places)
    assert turned.shape == x.shape
    plain = adapter.run_multihead_self_attention(d_model=8, num_heads=2, **named, in_features=x)
    assert plain.shape == x.shape
    with_rope = adapter.run_multihead_self_attention_with_rope(
        d_model=8, num_heads=2, max_seq_len=5, theta=9.0, **named, in_features=x, token_positions=places
    )
    assert not torch.allclose(with_rope, plain)
