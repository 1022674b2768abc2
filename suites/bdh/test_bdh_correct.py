"""BDH: the block and the whole model."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, repeated, self_test, verify, verify_gradients

from .. import reference
from . import workloads
from .workloads import RAW, SCALED

pytestmark = pytest.mark.bolt(operation="run_bdh", dtypes=("float32",))
of_a_block = pytest.mark.bolt(operation="run_bdh_block")
in_double = pytest.mark.bolt(dtypes=("float32", "float64"))
both_scales = pytest.mark.parametrize("scaled", [RAW, SCALED], ids=["raw", "scaled"])
# The spread that BDH draws its weights from: sums are so small that the eps of a layer norm counts.
SPREAD_OF_BDH = 0.02


def agrees(impl, weights, tokens, *, layers=2, scaled=SCALED):
    """Run the model and hold its logits to the reference."""
    return verify(
        impl.run_bdh,
        (weights, tokens, layers, scaled),
        oracle=reference.bdh,
        oracle_args=(weights, tokens),
        kwargs={"layers": layers, "scaled": scaled},
        by_row=False,
    )


def block_agrees(impl, weights, x, *, scaled):
    """Run one block and hold it to the reference as a whole: a layer norm has made all rows equally large."""
    return verify(
        impl.run_bdh_block,
        (weights, x, scaled),
        oracle=workloads.block,
        oracle_args=(weights, x),
        kwargs={"scaled": scaled},
        by_row=False,
    )


def block_and_input(distribution, seed, *, spread=None, **place):
    """Return the weights of a block and an input whose rows are normalised, as within a model."""
    x = workloads.matrices(distribution, (2, 13, workloads.WIDTH), seed=seed, **place)
    weights = workloads.block_weights(distribution, seed=seed, spread=spread, **place)
    return weights, torch.nn.functional.layer_norm(x, x.shape[-1:])


@of_a_block
@in_double
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_block_agrees_on(impl, device, dtype, seed, distribution):
    weights, x = block_and_input(distribution, 100 * seed + 1, device=device, dtype=dtype)
    for scaled in (RAW, SCALED):
        block_agrees(impl, weights, x, scaled=scaled)


@of_a_block
@both_scales
def test_block_with_the_small_weights_of_a_new_model(impl, device, dtype, seed, scaled):
    weights, x = block_and_input("normal", 100 * seed + 2, spread=SPREAD_OF_BDH, device=device, dtype=dtype)
    block_agrees(impl, weights, x, scaled=scaled)


@of_a_block
def test_block_of_an_input_that_is_not_normalised(impl, device, dtype, seed):
    weights, x = block_and_input("normal", 100 * seed + 3, device=device, dtype=dtype)
    block_agrees(impl, weights, 1 + 3 * x, scaled=SCALED)


@of_a_block
def test_rows_of_a_block_are_normalised(impl, device, dtype, seed):
    weights, x = block_and_input("blocks", 100 * seed + 4, device=device, dtype=dtype)
    output = impl.run_bdh_block(weights, x, RAW).double()
    assert output.mean(-1).abs().max() <= 1e-5
    assert (output.square().mean(-1) - 1).abs().max() <= 1e-3


@of_a_block
def test_the_order_of_heads_changes_nothing(impl, device, dtype, seed):
    weights, x = block_and_input("normal", 100 * seed + 5, device=device, dtype=dtype)
    decoder = weights["decoder"].unflatten(0, (workloads.HEADS, -1)).flip(0).flatten(0, 1)
    turned = {name: weights[name].flip(0) for name in ("encoder", "encoder_values")}
    output = impl.run_bdh_block({**turned, "decoder": decoder}, x, SCALED)
    check(output, oracle=workloads.block, args=(weights, x), kwargs={"scaled": SCALED})


@of_a_block
def test_one_token_alone(impl, device, dtype, seed):
    """It attends to nothing, so only its own normalised value comes out."""
    weights, x = block_and_input("normal", 100 * seed + 6, device=device, dtype=dtype)
    output = impl.run_bdh_block(weights, x[:, :1], SCALED)
    check(output, oracle=workloads.normalised, args=(x[:, :1],))


@of_a_block
@both_scales
def test_gradients_of_a_block(impl, device, dtype, seed, scaled):
    weights, x = block_and_input("normal", 100 * seed + 7, device=device, dtype=dtype)
    verify_gradients(
        impl.run_bdh_block,
        (weights, x, scaled),
        oracle=workloads.block,
        oracle_args=(weights, x),
        kwargs={"scaled": scaled},
        seed=100 * seed + 8,
        by_row=False,
    )


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_on(impl, device, dtype, seed, distribution):
    weights = workloads.model_weights(distribution, seed=100 * seed + 10, device=device, dtype=dtype)
    agrees(impl, weights, workloads.some_tokens(2, 12, seed=100 * seed + 11, device=device))


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_agrees_with_layers(impl, device, dtype, seed, layers):
    weights = workloads.model_weights("normal", seed=100 * seed + 12, device=device, dtype=dtype)
    tokens = workloads.some_tokens(1, 9, seed=100 * seed + 13, device=device)
    agrees(impl, weights, tokens, layers=layers, scaled=RAW)


@in_double
@both_scales
def test_agrees_for_a_new_model(impl, device, dtype, seed, scaled):
    weights = workloads.model_weights(
        "normal", seed=100 * seed + 14, spread=SPREAD_OF_BDH, device=device, dtype=dtype
    )
    agrees(impl, weights, workloads.some_tokens(2, 8, seed=100 * seed + 15, device=device), scaled=scaled)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    weights = workloads.model_weights("normal", seed=100 * seed + 16, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 12, seed=100 * seed + 17, device=device)
    changed = tokens.clone()
    changed[:, 7:] = (tokens[:, 7:] + 5) % workloads.VOCABULARY
    output = impl.run_bdh(weights, changed, 2, SCALED)[:, :7].clone()
    check(output, oracle=reference.bdh, args=(weights, tokens[:, :7]), kwargs={"layers": 2, "scaled": SCALED})


def test_samples_are_independent(impl, device, dtype, seed):
    weights = workloads.model_weights("normal", seed=100 * seed + 18, device=device, dtype=dtype)
    tokens = workloads.some_tokens(3, 7, seed=100 * seed + 19, device=device)
    output = impl.run_bdh(weights, tokens.roll(1, 0), 2, RAW).roll(-1, 0)
    check(output, oracle=reference.bdh, args=(weights, tokens), kwargs={"layers": 2, "scaled": RAW})


@settings(max_examples=5, deadline=None, print_blob=True)
@given(
    batch=st.integers(1, 3), length=st.integers(1, 14), heads=st.integers(1, 3), drawn=st.integers(0, 2**16)
)
def test_any_shape(impl, device, dtype, batch, length, heads, drawn):
    place = {"device": device, "dtype": dtype}
    weights = workloads.model_weights("normal", width=8, seed=drawn, **place)
    weights |= workloads.block_weights("normal", heads=heads, width=8, neurons=10, seed=drawn, **place)
    agrees(impl, weights, workloads.some_tokens(batch, length, seed=drawn, device=device))


@both_scales
def test_gradients(impl, device, dtype, seed, scaled):
    weights = workloads.model_weights("normal", seed=100 * seed + 20, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 8, seed=100 * seed + 21, device=device)
    verify_gradients(
        impl.run_bdh,
        (weights, tokens, 2, scaled),
        oracle=reference.bdh,
        oracle_args=(weights, tokens),
        kwargs={"layers": 2, "scaled": scaled},
        seed=100 * seed + 22,
        by_row=False,
    )


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    weights = workloads.model_weights("normal", seed=100 * seed + 23, device=device, dtype=dtype)
    repeated(impl.run_bdh, (weights, workloads.some_tokens(2, 8, seed=seed, device=device), 2, SCALED))


@pytest.mark.bolt(operation="run_bdh", dtypes=("float32",))
def test_the_gate_can_fail(device, dtype):
    tokens = workloads.some_tokens(2, 12, seed=1, device=device)

    def model(embedding, weights, tokens, *, layers, scaled):
        return reference.bdh({"embedding": embedding, **weights}, tokens, layers=layers, scaled=scaled)

    def other_scale(*args, layers, scaled):
        return model(*args, layers=layers, scaled=not scaled)

    def one_layer_fewer(*args, layers, scaled):
        return model(*args, layers=layers - 1, scaled=scaled)

    drawn = []
    for name in inputs.MANDATORY:
        weights = workloads.model_weights(name, spread=SPREAD_OF_BDH, device=device, dtype=dtype)
        drawn.append((weights.pop("embedding"), weights, tokens))
    kwargs = {"layers": 2, "scaled": SCALED}
    wrong = {fn.__name__: fn for fn in (other_scale, one_layer_fewer)}
    self_test(drawn[0], also=drawn[1:], oracle=model, kwargs=kwargs, extra=wrong)
