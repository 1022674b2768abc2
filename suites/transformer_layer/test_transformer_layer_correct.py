"""A transformer layer forward and backward, and the loss and weights after a training step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, repeated, self_test, verify, verify_gradients

from .. import reference
from . import workloads
from .workloads import HEADS, WIDTH

pytestmark = pytest.mark.bolt(operation="run_transformer_layer", dtypes=("float32",))
of_a_step = pytest.mark.bolt(operation="run_training_step", dtypes=("float32",))
KWARGS = {"heads": HEADS}


def fused(weights, x, *, heads):
    """Return the layer as the framework computes it."""
    return reference.transformer_layer(weights, x, heads=heads, attention=reference.attention_fused)


def agrees(impl, weights, x, *, heads=HEADS):
    """Run one layer and hold it to the reference."""
    return verify(
        impl.run_transformer_layer,
        (weights, x, heads),
        oracle=reference.transformer_layer,
        oracle_args=(weights, x),
        kwargs={"heads": heads},
        twin=fused,
    )


def layer_and_input(distribution, seed, *, tokens=9, **place):
    """Return the weights of a layer and its input `[2, tokens, D]`."""
    rows = inputs.DISTRIBUTIONS[distribution](2 * tokens, WIDTH, seed=seed, **place)
    return workloads.layer(distribution, seed=seed, **place), rows.reshape(2, tokens, WIDTH)


@pytest.mark.bolt(dtypes=("float32", "float64"))
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_on(impl, device, dtype, seed, distribution):
    agrees(impl, *layer_and_input(distribution, 100 * seed + 1, device=device, dtype=dtype))


@pytest.mark.parametrize(("tokens", "heads"), [(1, 4), (13, 1), (7, 16)])
def test_agrees_with(impl, device, dtype, seed, tokens, heads):
    given = layer_and_input("normal", 100 * seed + 2, tokens=tokens, device=device, dtype=dtype)
    agrees(impl, *given, heads=heads)


@settings(max_examples=6, deadline=None, print_blob=True)
@given(tokens=st.integers(1, 17), heads=st.integers(1, 5), share=st.integers(1, 6), drawn=st.integers(0, 999))
def test_any_shape(impl, device, dtype, tokens, heads, share, drawn):
    place = {"seed": drawn, "device": device, "dtype": dtype}
    width = heads * share
    x = inputs.normal(tokens, width, **place)[None]
    agrees(impl, workloads.layer("normal", width=width, hidden=width + 3, **place), x, heads=heads)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    weights, x = layer_and_input("blocks", 100 * seed + 3, device=device, dtype=dtype)
    changed = x.clone()
    changed[:, 5:] = inputs.normal(8, WIDTH, seed=seed, device=device, dtype=dtype).reshape(2, 4, WIDTH)
    output = impl.run_transformer_layer(weights, changed, HEADS)[:, :5].clone()
    given = weights, x[:, :5]
    check(output, oracle=reference.transformer_layer, args=given, kwargs=KWARGS, twin=fused)


@pytest.mark.parametrize("distribution", ["normal", "blocks"])
def test_gradients(impl, device, dtype, seed, distribution):
    weights, x = layer_and_input(distribution, 100 * seed + 4, device=device, dtype=dtype)
    verify_gradients(
        impl.run_transformer_layer,
        (weights, x, HEADS),
        oracle=reference.transformer_layer,
        oracle_args=(weights, x),
        kwargs=KWARGS,
        twin=fused,
        seed=100 * seed + 5,
        by_row=False,
    )


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    weights, x = layer_and_input("blocks", 100 * seed + 6, device=device, dtype=dtype)
    repeated(impl.run_transformer_layer, (weights, x, HEADS))


def model(seed, layers=2, **place):
    """Return embedding and layers."""
    embedding = inputs.normal(workloads.VOCABULARY, WIDTH, seed=seed, **place) / 2
    return embedding, [workloads.layer("normal", seed=10 * seed + n, **place) for n in range(layers)]


@of_a_step
@pytest.mark.bolt(dtypes=("float32", "float64"))
@pytest.mark.parametrize("layers", [1, 3])
def test_a_training_step_agrees(impl, device, dtype, seed, layers):
    """The rate is so large that a wrong gradient shows in the weights."""
    embedding, blocks = model(100 * seed + 7, layers, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 8, seed=100 * seed + 8, device=device)
    given = embedding, blocks, tokens
    kwargs = {"heads": HEADS, "rate": 10.0}
    verify(
        impl.run_training_step,
        (*given, HEADS, 10.0),
        oracle=reference.training_step,
        oracle_args=given,
        kwargs=kwargs,
        tier="gradient",
    )


@of_a_step
def test_a_step_of_rate_zero_changes_nothing(impl, device, dtype, seed):
    embedding, blocks = model(100 * seed + 9, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 6, seed=100 * seed + 10, device=device)
    _, *after = impl.run_training_step(embedding, blocks, tokens, HEADS, 0.0)
    before = [embedding, *(block[name] for block in blocks for name in sorted(block))]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@of_a_step
def test_small_steps_lower_the_loss(impl, device, dtype, seed):
    embedding, blocks = model(100 * seed + 11, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 9, seed=100 * seed + 12, device=device)
    losses, names = [], [sorted(block) for block in blocks]
    for _ in range(4):
        loss, embedding, *rest = impl.run_training_step(embedding, blocks, tokens, HEADS, 0.01)
        losses.append(loss.item())
        blocks = [dict(zip(own, rest[n * len(own) :], strict=False)) for n, own in enumerate(names)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


def test_the_gate_can_fail(device, dtype):
    drawn = [layer_and_input(name, 1, device=device, dtype=dtype)[::-1] for name in inputs.MANDATORY]

    def oracle(x, weights, *, heads):
        return reference.transformer_layer(weights, x, heads=heads)

    def one_head(x, weights, *, heads):
        return oracle(x, weights, heads=heads // heads)

    self_test(drawn[0], also=drawn[1:], oracle=oracle, kwargs=KWARGS, extra={"one head": one_head})
