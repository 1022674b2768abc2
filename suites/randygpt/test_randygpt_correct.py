"""randyGPT: logits, and gradients of the loss for every weight."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, repeated, self_test, verify, verify_gradients

from .. import reference
from . import workloads
from .workloads import HEADS

pytestmark = pytest.mark.bolt(operation="run_randygpt_forward", dtypes=("float32",))
of_gradients = pytest.mark.bolt(operation="run_randygpt_gradients", dtypes=("float32",))
KWARGS = {"heads": HEADS}


def agrees(impl, weights, tokens, *, heads=HEADS):
    """Run the model and hold its logits to the reference."""
    return verify(
        impl.run_randygpt_forward,
        (weights, tokens, heads),
        oracle=reference.randygpt,
        oracle_args=(weights, tokens),
        kwargs={"heads": heads},
        twin=workloads.twin,
    )


@pytest.mark.bolt(dtypes=("float32", "float64"))
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_on(impl, device, dtype, seed, distribution):
    weights = workloads.weights(distribution, seed=100 * seed + 1, device=device, dtype=dtype)
    agrees(impl, weights, workloads.some_tokens(2, 9, seed=100 * seed + 2, device=device))


@pytest.mark.parametrize("length", [0, 1, workloads.CONTEXT])
def test_agrees_at_length(impl, device, dtype, seed, length):
    weights = workloads.weights("normal", seed=100 * seed + 3, device=device, dtype=dtype)
    agrees(impl, weights, workloads.some_tokens(3, length, seed=100 * seed + 4, device=device))


@pytest.mark.parametrize("heads", [1, 4, 16])
def test_agrees_with_heads(impl, device, dtype, seed, heads):
    weights = workloads.weights("blocks", seed=100 * seed + 5, device=device, dtype=dtype)
    tokens = workloads.some_tokens(1, 9, seed=100 * seed + 6, device=device)
    agrees(impl, weights, tokens, heads=heads)


@pytest.mark.parametrize("layers", [0, 1, 4])
def test_agrees_with_layers(impl, device, dtype, seed, layers):
    weights = workloads.weights("normal", layers=layers, seed=100 * seed + 7, device=device, dtype=dtype)
    agrees(impl, weights, workloads.some_tokens(1, 7, seed=100 * seed + 8, device=device))


@pytest.mark.parametrize("gain", [0.003, 30.0])
def test_small_and_large_embeddings(impl, device, dtype, seed, gain):
    """Where x is small the eps of its norm counts; where it is large there is no final norm to hide it."""
    weights = workloads.weights("normal", seed=100 * seed + 9, device=device, dtype=dtype)
    weights["wte"], weights["wpe"] = weights["wte"] * gain, weights["wpe"] * gain
    agrees(impl, weights, workloads.some_tokens(2, 7, seed=100 * seed + 10, device=device))


def test_the_first_weights_of_a_model(impl, device, seed):
    size = reference.GPTSize(vocabulary=workloads.VOCABULARY, context=8, width=16, heads=2, layers=2)
    weights = reference.initial_weights(size, seed=100 * seed + 11, device=device)
    agrees(impl, weights, workloads.some_tokens(2, 8, seed=100 * seed + 12, device=device))


@settings(max_examples=6, deadline=None, print_blob=True)
@given(batch=st.integers(1, 3), length=st.integers(1, 12), heads=st.integers(1, 3), drawn=st.integers(0, 999))
def test_any_shape(impl, device, dtype, batch, length, heads, drawn):
    weights = workloads.weights("normal", width=6 * heads, seed=drawn, device=device, dtype=dtype)
    agrees(impl, weights, workloads.some_tokens(batch, length, seed=drawn, device=device), heads=heads)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    weights = workloads.weights("normal", seed=100 * seed + 13, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 10, seed=100 * seed + 14, device=device)
    changed = tokens.clone()
    changed[:, 6:] = (tokens[:, 6:] + 4) % workloads.VOCABULARY
    output = impl.run_randygpt_forward(weights, changed, HEADS)[:, :6].clone()
    given = weights, tokens[:, :6]
    check(output, oracle=reference.randygpt, args=given, kwargs=KWARGS, twin=workloads.twin)


def test_scores_beyond_the_range_of_the_exponential_forward(impl, device, dtype, seed):
    """Softmax has to subtract the largest score; of scores that large the errors differ by luck."""
    weights = workloads.weights("normal", layers=1, seed=100 * seed + 35, device=device, dtype=dtype)
    weights["layers"][0]["wq"] *= 200
    tokens = workloads.some_tokens(2, 9, seed=100 * seed + 36, device=device)
    assert bool(impl.run_randygpt_forward(weights, tokens, HEADS).isfinite().all())


def test_the_token_itself_is_seen(impl, device, dtype, seed):
    """Alone it attends to itself, so the values' weights bear on the first token."""
    weights = workloads.weights("normal", seed=100 * seed + 15, device=device, dtype=dtype)
    tokens = workloads.some_tokens(1, 1, seed=100 * seed + 16, device=device)
    other = reference.from_order([each.clone() for each in reference.in_order(weights)])
    other["layers"][0]["wv"] *= -1
    first, second = (impl.run_randygpt_forward(each, tokens, HEADS) for each in (weights, other))
    assert not torch.allclose(first, second, rtol=1e-3, atol=1e-3)


def test_samples_are_independent(impl, device, dtype, seed):
    weights = workloads.weights("normal", seed=100 * seed + 17, device=device, dtype=dtype)
    tokens = workloads.some_tokens(3, 7, seed=100 * seed + 18, device=device)
    output = impl.run_randygpt_forward(weights, tokens.roll(1, 0), HEADS).roll(-1, 0)
    check(output, oracle=reference.randygpt, args=(weights, tokens), kwargs=KWARGS, twin=workloads.twin)


def test_gradients_through_the_forward_pass(impl, device, dtype, seed):
    weights = workloads.weights("normal", seed=100 * seed + 19, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 7, seed=100 * seed + 20, device=device)
    verify_gradients(
        impl.run_randygpt_forward,
        (weights, tokens, HEADS),
        oracle=reference.randygpt,
        oracle_args=(weights, tokens),
        kwargs=KWARGS,
        twin=workloads.twin,
        seed=100 * seed + 21,
        by_row=False,
    )


def losses_agree(impl, weights, seed, *, batch=2, length=8):
    """Compute loss and gradients and hold them to the reference, each gradient as a whole.

    A row of the MLP's gradients belongs to one neuron: where that is barely active, nobody knows it well.
    """
    device = weights["wte"].device
    tokens, targets = (workloads.some_tokens(batch, length, seed=2 * seed + n, device=device) for n in (0, 1))
    shapes = [torch.Size(), *(each.shape for each in reference.in_order(weights))]

    def run(*args):
        found = impl.run_randygpt_gradients(*args)
        assert [each.shape for each in found] == shapes
        return workloads.flat(lambda: found)()

    return verify(
        run,
        (weights, tokens, targets, HEADS),
        oracle=workloads.flat(reference.loss_and_gradients),
        oracle_args=(weights, tokens, targets),
        kwargs=KWARGS,
        twin=workloads.flat(workloads.gradients_twin),
        tier="gradient",
    )


@of_gradients
@pytest.mark.bolt(dtypes=("float32", "float64"))
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_loss_and_gradients_agree_on(impl, device, dtype, seed, distribution):
    losses_agree(
        impl,
        workloads.weights(distribution, seed=100 * seed + 22, device=device, dtype=dtype),
        100 * seed + 23,
    )


@of_gradients
@pytest.mark.parametrize(("batch", "length"), [(1, 2), (3, 2), (1, 12)])
def test_loss_and_gradients_of_any_batch(impl, device, dtype, seed, batch, length):
    weights = workloads.weights("normal", seed=100 * seed + 24, device=device, dtype=dtype)
    losses_agree(impl, weights, 100 * seed + 25, batch=batch, length=length)


@of_gradients
def test_loss_and_gradients_of_the_first_weights(impl, device, seed):
    size = reference.GPTSize(vocabulary=workloads.VOCABULARY, context=8, width=16, heads=2, layers=2)
    losses_agree(impl, reference.initial_weights(size, seed=seed, device=device), 100 * seed + 26)


@of_gradients
def test_scores_beyond_the_range_of_the_exponential(impl, device, dtype, seed):
    weights = workloads.weights("normal", layers=1, seed=100 * seed + 33, device=device, dtype=dtype)
    weights["layers"][0]["wq"] *= 200
    tokens = workloads.some_tokens(2, 9, seed=100 * seed + 34, device=device)
    found = impl.run_randygpt_gradients(weights, tokens, tokens, HEADS)
    assert all(bool(each.isfinite().all()) for each in found)


@of_gradients
def test_the_loss_without_knowledge_is_that_of_a_guess(impl, device, dtype, seed):
    weights = workloads.weights("normal", seed=100 * seed + 27, device=device, dtype=dtype)
    weights["lm_head"] = torch.zeros_like(weights["lm_head"])
    tokens = workloads.some_tokens(2, 5, seed=100 * seed + 28, device=device)
    loss = impl.run_randygpt_gradients(weights, tokens, tokens, HEADS)[0]
    assert loss.item() == pytest.approx(math.log(workloads.VOCABULARY), rel=1e-6)


@of_gradients
def test_unused_rows_of_the_embedding_have_no_gradient(impl, device, dtype, seed):
    weights = workloads.weights("normal", seed=100 * seed + 29, device=device, dtype=dtype)
    tokens = workloads.some_tokens(1, 4, seed=100 * seed + 30, device=device)
    _, wte, wpe, *_ = impl.run_randygpt_gradients(weights, tokens, tokens, HEADS)
    used = torch.zeros(workloads.VOCABULARY, dtype=torch.bool, device=device)
    used[tokens.flatten()] = True
    assert torch.equal(wte.any(-1), used)
    assert wpe.any(-1).tolist() == [True] * 4 + [False] * (workloads.CONTEXT - 4)


@of_gradients
def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    weights = workloads.weights("normal", seed=100 * seed + 31, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 6, seed=100 * seed + 32, device=device)
    repeated(impl.run_randygpt_gradients, (weights, tokens, tokens, HEADS))


def test_the_gate_can_fail(device, dtype):
    tokens = workloads.some_tokens(2, 12, seed=1, device=device)

    def model(wte, weights, tokens, *, heads):
        return reference.randygpt({"wte": wte, **weights}, tokens, heads=heads)

    def one_head_fewer(wte, weights, tokens, *, heads):
        return model(wte, weights, tokens, heads=heads - 1)

    def tied(wte, weights, tokens, *, heads):
        return model(wte, {**weights, "lm_head": wte / 4}, tokens, heads=heads)

    drawn = []
    for name in inputs.MANDATORY:
        weights = workloads.weights(name, device=device, dtype=dtype)
        drawn.append((weights.pop("wte"), weights, tokens))
    wrong = {fn.__name__: fn for fn in (one_head_fewer, tied)}
    self_test(drawn[0], also=drawn[1:], oracle=model, kwargs=KWARGS, extra=wrong)
