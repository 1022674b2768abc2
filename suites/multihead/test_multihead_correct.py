"""Self-attention with several heads: right with positions and without, for any leading dimensions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, repeated, self_test, verify, verify_gradients

from .. import reference
from ..rope.tensors import features, scattered, unsure
from .tensors import projections

plain = pytest.mark.bolt(operation="run_multihead_self_attention", dtypes=("float32",))
with_rope = pytest.mark.bolt(operation="run_multihead_self_attention_with_rope", dtypes=("float32",))
LONGEST = 512
THETA = 10_000.0


def twin(x, *weights, heads, theta=None, positions=None):
    """Return what float32 code may give: its angles are a little off."""
    places = unsure(torch.arange(x.shape[-2], device=x.device) if positions is None else positions)
    return reference.multihead_self_attention(x, *weights, heads=heads, theta=theta, positions=places)


def agrees(impl, x, weights, *, heads):
    """Attend without positions, and hold the result to the reference."""
    verify(
        impl.run_multihead_self_attention,
        (x.shape[-1], heads, *weights, x),
        oracle=reference.multihead_self_attention,
        oracle_args=(x, *weights),
        kwargs={"heads": heads},
        twin=twin,
    )


def agrees_with_rope(impl, x, weights, *, heads, positions, theta=THETA, longest=LONGEST):
    """Attend with rotary positions, and hold the result to the reference."""
    verify(
        impl.run_multihead_self_attention_with_rope,
        (x.shape[-1], heads, longest, theta, *weights, x, positions),
        oracle=reference.multihead_self_attention,
        oracle_args=(x, *weights),
        kwargs={"heads": heads, "theta": theta, "positions": positions},
        twin=twin,
    )


@plain
@pytest.mark.parametrize("heads", [1, 2, 3, 6, 24])
def test_any_number_of_heads(impl, device, dtype, seed, heads):
    x = features(2, 13, 24, device=device, dtype=dtype, seed=100 * seed)
    agrees(impl, x, projections(24, seed=100 * seed, device=device, dtype=dtype), heads=heads)


@with_rope
@pytest.mark.parametrize("heads", [1, 2, 3, 6, 12])
def test_any_number_of_heads_with_positions(impl, device, dtype, seed, heads):
    x = features(2, 13, 24, device=device, dtype=dtype, seed=100 * seed + 1)
    weights = projections(24, seed=100 * seed + 1, device=device, dtype=dtype)
    positions = scattered(2, 13, device=device, seed=100 * seed + 1, longest=LONGEST)
    agrees_with_rope(impl, x, weights, heads=heads, positions=positions)


@plain
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "transposed", "sliced"])
def test_agrees_on(impl, device, dtype, seed, distribution):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 2}
    agrees(impl, inputs.DISTRIBUTIONS[distribution](17, 24, **place), projections(24, **place), heads=4)


@plain
@pytest.mark.parametrize("leading", [(), (1,), (3,), (2, 3), (2, 1, 3)], ids=str)
@pytest.mark.parametrize("tokens", [1, 5])
def test_any_leading_dimensions(impl, device, dtype, seed, leading, tokens):
    x = features(*leading, tokens, 16, device=device, dtype=dtype, seed=100 * seed + 3)
    agrees(impl, x, projections(16, seed=100 * seed + 3, device=device, dtype=dtype), heads=4)


@with_rope
@pytest.mark.parametrize("leading", [(), (1,), (3,), (2, 3), (4,)], ids=str)
@pytest.mark.parametrize("shared", [False, True], ids=["own-positions", "one-row"])
def test_any_leading_dimensions_with_positions(impl, device, dtype, seed, leading, shared):
    """Four sequences of four tokens for four heads: positions must not be taken for another dimension."""
    x = features(*leading, 4, 16, device=device, dtype=dtype, seed=100 * seed + 4)
    weights = projections(16, seed=100 * seed + 4, device=device, dtype=dtype)
    shape = (4,) if shared else (*leading, 4)
    positions = scattered(*shape, device=device, seed=100 * seed + 4, longest=LONGEST)
    agrees_with_rope(impl, x, weights, heads=4, positions=positions)


@with_rope
@pytest.mark.parametrize("tokens", [1, 9])
@pytest.mark.parametrize("leading", [(), (2,)], ids=str)
def test_without_positions_they_count_from_0(impl, device, dtype, seed, leading, tokens):
    x = features(*leading, tokens, 16, device=device, dtype=dtype, seed=100 * seed + 5)
    weights = projections(16, seed=100 * seed + 5, device=device, dtype=dtype)
    agrees_with_rope(impl, x, weights, heads=2, positions=None)
    for longest in (tokens, 4096):
        agrees_with_rope(impl, x, weights, heads=2, positions=None, longest=longest)


@with_rope
@pytest.mark.parametrize("theta", [2.0, 137.5, 500_000.0])
def test_any_base(impl, device, dtype, seed, theta):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 6)
    weights = projections(16, seed=100 * seed + 6, device=device, dtype=dtype)
    positions = scattered(2, 9, device=device, seed=100 * seed + 6, longest=LONGEST)
    agrees_with_rope(impl, x, weights, heads=2, positions=positions, theta=theta)


@with_rope
def test_only_relative_positions_count(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 7)
    weights = projections(16, seed=100 * seed + 7, device=device, dtype=dtype)
    positions = scattered(2, 9, device=device, seed=100 * seed + 7, longest=200)
    output = impl.run_multihead_self_attention_with_rope(16, 2, LONGEST, THETA, *weights, x, positions + 300)

    def shifted(x, *weights):
        return twin(x, *weights, heads=2, theta=THETA, positions=positions + 300)

    kwargs = {"heads": 2, "theta": THETA, "positions": positions}

    def oracle(x, *weights):
        return reference.multihead_self_attention(x, *weights, **kwargs)

    check(output, oracle=oracle, args=(x, *weights), twin=shifted)


@with_rope
def test_equal_positions_are_none_at_all(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 8)
    weights = projections(16, seed=100 * seed + 8, device=device, dtype=dtype)
    zeros = torch.zeros(2, 9, dtype=torch.int64, device=device)
    output = impl.run_multihead_self_attention_with_rope(16, 2, LONGEST, THETA, *weights, x, zeros)
    check(output, oracle=reference.multihead_self_attention, args=(x, *weights), kwargs={"heads": 2})


@plain
def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    x = features(2, 12, 16, device=device, dtype=dtype, seed=100 * seed + 9)
    later = features(2, 12, 16, device=device, dtype=dtype, seed=100 * seed + 10)
    weights = projections(16, seed=100 * seed + 9, device=device, dtype=dtype)
    changed = torch.cat([x[:, :5], 8 * later[:, 5:]], 1)
    output = impl.run_multihead_self_attention(16, 4, *weights, changed)[:, :5].clone()
    oracle = reference.multihead_self_attention
    check(output, oracle=oracle, args=(x[:, :5], *weights), kwargs={"heads": 4})


@plain
def test_the_first_token_sees_itself_alone(impl, device, dtype, seed):
    x = features(2, 5, 16, device=device, dtype=dtype, seed=100 * seed + 11)
    weights = projections(16, seed=100 * seed + 11, device=device, dtype=dtype)
    output = impl.run_multihead_self_attention(16, 4, *weights, x)[:, 0].clone()
    check(output, oracle=lambda x, v, o: x[:, 0] @ v.T @ o.T, args=(x, *weights[2:]))


@plain
def test_gradients(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 12, distribution="normal")
    weights = projections(16, seed=100 * seed + 12, device=device, dtype=dtype)

    def attend(x):
        return impl.run_multihead_self_attention(16, 4, *weights, x)

    def oracle(x):
        wide = (each.to(x.dtype) for each in weights)
        return reference.multihead_self_attention(x, *wide, heads=4)

    verify_gradients(attend, (x,), oracle=oracle, seed=100 * seed)


@with_rope
def test_gradients_with_positions(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 13, distribution="normal")
    weights = projections(16, seed=100 * seed + 13, device=device, dtype=dtype)
    positions = scattered(2, 9, device=device, seed=100 * seed + 13, longest=LONGEST)

    def attend(x):
        return impl.run_multihead_self_attention_with_rope(16, 2, LONGEST, THETA, *weights, x, positions)

    def turned(operation):
        def call(x):
            wide = (each.to(x.dtype) for each in weights)
            return operation(x, *wide, heads=2, theta=THETA, positions=positions)

        return call

    oracle = turned(reference.multihead_self_attention)
    verify_gradients(attend, (x,), oracle=oracle, twin=turned(twin), seed=100 * seed)


@plain
def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 14)
    weights = projections(16, seed=100 * seed + 14, device=device, dtype=dtype)
    repeated(impl.run_multihead_self_attention, (16, 4, *weights, x))


@plain
@settings(max_examples=10, deadline=None, print_blob=True)
@given(
    leading=st.lists(st.integers(1, 3), max_size=2),
    tokens=st.integers(1, 11),
    heads=st.integers(1, 5),
    width=st.integers(4, 9),
    drawn=st.integers(0, 99),
)
@example(leading=[], tokens=1, heads=1, width=4, drawn=0)
def test_any_shape(impl, device, dtype, leading, tokens, heads, width, drawn):
    place = {"device": device, "dtype": dtype, "seed": drawn}
    x = features(*leading, tokens, heads * width, distribution="normal", **place)
    agrees(impl, x, projections(heads * width, **place), heads=heads)


@plain
@pytest.mark.parametrize("shape", [(2, 13, 24), (1, 32, 32)], ids=str)
def test_the_gate_can_fail(device, dtype, seed, shape):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed}
    weights = projections(shape[-1], **place)
    workloads = [
        (features(*shape, distribution=name, **place), *weights) for name in (*inputs.MANDATORY, "normal")
    ]

    def one_head(x, *weights, heads):
        return reference.multihead_self_attention(x, *weights, heads=heads // 2)

    def no_output_projection(x, q, k, v, o, *, heads):
        one = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        return reference.multihead_self_attention(x, q, k, v, one + 0 * o, heads=heads)

    def turned_weights(x, *weights, heads):
        return reference.multihead_self_attention(x, *(each.T for each in weights), heads=heads)

    def counted(x, *weights, heads):
        return reference.multihead_self_attention(x, *weights, heads=heads, theta=THETA)

    wrong = (one_head, no_output_projection, turned_weights, counted)
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.multihead_self_attention,
        kwargs={"heads": 4},
        axis=-2,
        extra={fn.__name__: fn for fn in wrong},
    )
