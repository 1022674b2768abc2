"""The language model: right logits for any size, and none that knows the future."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, repeated, verify

from .. import reference
from ..rope.tensors import unsure
from .tensors import model_weights, tokens

pytestmark = pytest.mark.bolt(operation="run_transformer_lm", dtypes=("float32",))
VOCABULARY, WIDTH, HIDDEN, CONTEXT, THETA = 37, 16, 40, 24, 10_000.0


def twin(indices, weights, *, layers, heads, theta):
    """Return what float32 code may give: its angles are a little off."""
    places = unsure(torch.arange(indices.shape[-1], device=indices.device))
    kwargs = {"layers": layers, "heads": heads, "theta": theta}
    return reference.transformer_lm(indices, weights, **kwargs, positions=places)


def model(layers, *, seed, vocabulary=VOCABULARY, width=WIDTH, hidden=HIDDEN, **place):
    """Return the weights of a small model."""
    return model_weights(vocabulary, width, hidden, layers=layers, seed=seed, **place)


def arguments(weights, indices, *, layers, heads=2, theta=THETA, context=CONTEXT):
    """Return what `run_transformer_lm` takes."""
    vocabulary, width = weights["token_embeddings.weight"].shape
    hidden = weights["layers.0.ffn.w1.weight"].shape[0] if layers else HIDDEN
    return vocabulary, context, width, layers, heads, hidden, theta, weights, indices


def agrees(impl, weights, indices, *, layers, heads=2, theta=THETA, context=CONTEXT):
    """Run the model and hold the result to the reference."""
    verify(
        impl.run_transformer_lm,
        arguments(weights, indices, layers=layers, heads=heads, theta=theta, context=context),
        oracle=reference.transformer_lm,
        oracle_args=(indices, weights),
        kwargs={"layers": layers, "heads": heads, "theta": theta},
        twin=twin,
    )


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_any_number_of_layers_and_heads(impl, device, dtype, seed, layers, heads):
    weights = model(layers, seed=100 * seed, device=device, dtype=dtype)
    indices = tokens(2, 9, vocabulary=VOCABULARY, seed=100 * seed, device=device)
    agrees(impl, weights, indices, layers=layers, heads=heads)


@pytest.mark.parametrize("theta", [2.0, 137.5, 500_000.0])
def test_any_base(impl, device, dtype, seed, theta):
    weights = model(2, seed=100 * seed + 1, device=device, dtype=dtype)
    indices = tokens(2, 9, vocabulary=VOCABULARY, seed=100 * seed + 1, device=device)
    agrees(impl, weights, indices, layers=2, theta=theta)


@pytest.mark.parametrize("shape", [(1, 1), (1, 24), (4, 2), (1, 7)], ids=str)
def test_sequences_up_to_the_context(impl, device, dtype, seed, shape):
    weights = model(2, seed=100 * seed + 2, device=device, dtype=dtype)
    indices = tokens(*shape, vocabulary=VOCABULARY, seed=100 * seed + 2, device=device)
    agrees(impl, weights, indices, layers=2)


@pytest.mark.parametrize("context", [7, 8, 4096])
def test_any_context(impl, device, dtype, seed, context):
    weights = model(1, seed=100 * seed + 11, device=device, dtype=dtype)
    indices = tokens(2, 7, vocabulary=VOCABULARY, seed=100 * seed + 11, device=device)
    agrees(impl, weights, indices, layers=1, context=context)


def test_many_layers_in_order(impl, device, dtype, seed):
    """Eleven: a model that sorts layers by name runs the eleventh after the second."""
    weights = model(11, seed=100 * seed + 3, device=device, dtype=dtype, width=8, hidden=8)
    indices = tokens(1, 5, vocabulary=VOCABULARY, seed=100 * seed + 3, device=device)
    agrees(impl, weights, indices, layers=11)


def test_the_order_of_weights_is_nothing(impl, device, dtype, seed):
    weights = model(2, seed=100 * seed + 4, device=device, dtype=dtype)
    backwards = dict(reversed(weights.items()))
    indices = tokens(2, 9, vocabulary=VOCABULARY, seed=100 * seed + 4, device=device)
    agrees(impl, backwards, indices, layers=2)


def test_small_embeddings(impl, device, dtype, seed):
    """The square of a small input is no larger than the eps of its norm."""
    weights = model(1, seed=100 * seed + 5, device=device, dtype=dtype)
    small = {"token_embeddings.weight": 1e-3, "layers.0.ffn.w2.weight": 1e-3}
    small["layers.0.attn.output_proj.weight"] = 1e-3
    shrunk = {name: value * small.get(name, 1.0) for name, value in weights.items()}
    indices = tokens(2, 9, vocabulary=VOCABULARY, seed=100 * seed + 5, device=device)
    agrees(impl, shrunk, indices, layers=1)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    weights = model(2, seed=100 * seed + 6, device=device, dtype=dtype)
    first, second = (
        tokens(2, 12, vocabulary=VOCABULARY, seed=100 * seed + number, device=device) for number in (6, 7)
    )
    changed = torch.cat([first[:, :5], second[:, 5:]], 1)
    output = impl.run_transformer_lm(*arguments(weights, changed, layers=2))[:, :5].clone()
    kwargs = {"layers": 2, "heads": 2, "theta": THETA}
    early = first[:, :5].clone()
    check(output, oracle=reference.transformer_lm, args=(early, weights), kwargs=kwargs, twin=twin)


def test_sequences_do_not_see_each_other(impl, device, dtype, seed):
    weights = model(2, seed=100 * seed + 8, device=device, dtype=dtype)
    indices = tokens(3, 9, vocabulary=VOCABULARY, seed=100 * seed + 8, device=device)
    output = impl.run_transformer_lm(*arguments(weights, indices, layers=2))[1:2].clone()
    kwargs = {"layers": 2, "heads": 2, "theta": THETA}
    own = indices[1:2].clone()
    check(output, oracle=reference.transformer_lm, args=(own, weights), kwargs=kwargs, twin=twin)


def test_logits_are_linear_in_the_head(impl, device, dtype, seed):
    weights = model(1, seed=100 * seed + 9, device=device, dtype=dtype)
    twice = {**weights, "lm_head.weight": 2 * weights["lm_head.weight"]}
    indices = tokens(2, 9, vocabulary=VOCABULARY, seed=100 * seed + 9, device=device)
    once, doubled = (
        impl.run_transformer_lm(*arguments(each, indices, layers=1)) for each in (weights, twice)
    )
    assert torch.equal(2 * once, doubled)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    weights = model(2, seed=100 * seed + 10, device=device, dtype=dtype)
    indices = tokens(2, 9, vocabulary=VOCABULARY, seed=100 * seed + 10, device=device)
    repeated(impl.run_transformer_lm, arguments(weights, indices, layers=2))


@settings(max_examples=8, deadline=None, print_blob=True)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 9)),
    heads=st.integers(1, 3),
    pairs=st.integers(2, 4),
    hidden=st.integers(8, 20),
    vocabulary=st.integers(8, 20),
)
@example(shape=(1, 1), heads=1, pairs=2, hidden=8, vocabulary=8)
def test_any_shape(impl, device, dtype, shape, heads, pairs, hidden, vocabulary):
    """No width is so small that a whole row of sums may cancel: right code would differ by chance."""
    width = 2 * pairs * heads
    sizes = {"vocabulary": vocabulary, "width": width, "hidden": hidden}
    weights = model(2, seed=sum(shape) + heads + width, device=device, dtype=dtype, **sizes)
    indices = tokens(*shape, vocabulary=vocabulary, seed=hidden, device=device)
    agrees(impl, weights, indices, layers=2, heads=heads)
