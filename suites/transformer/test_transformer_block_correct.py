"""A transformer block: right for any shape, base and size of input."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import check, inputs, repeated, self_test, verify, verify_gradients

from .. import reference
from ..rope.tensors import features, unsure
from .tensors import block_weights

pytestmark = pytest.mark.bolt(operation="run_transformer_block", dtypes=("float32",))
THETA = 10_000.0


def twin(x, weights, *, heads, theta):
    """Return what float32 code may give: its angles are a little off."""
    places = unsure(torch.arange(x.shape[-2], device=x.device))
    return reference.transformer_block(x, weights, heads=heads, theta=theta, positions=places)


def agrees(impl, x, weights, *, heads=2, theta=THETA, longest=64):
    """Run a block and hold the result to the reference."""
    hidden, width = weights["ffn.w1.weight"].shape
    keys = list(weights)
    verify(
        impl.run_transformer_block,
        (width, heads, hidden, longest, theta, weights, x),
        oracle=reference.transformer_block,
        oracle_args=(x, weights),
        kwargs={"heads": heads, "theta": theta},
        twin=twin,
    )
    assert list(weights) == keys


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "transposed"])
def test_agrees_on(impl, device, dtype, seed, distribution):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed}
    x = features(2, 11, 16, distribution=distribution, **place)
    agrees(impl, x, block_weights(16, 40, **place))


@pytest.mark.parametrize("heads", [1, 2, 4, 8])
@pytest.mark.parametrize("hidden", [16, 43])
def test_any_number_of_heads(impl, device, dtype, seed, heads, hidden):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 1}
    agrees(impl, features(2, 7, 16, **place), block_weights(16, hidden, **place), heads=heads)


@pytest.mark.parametrize("theta", [2.0, 137.5, 500_000.0])
def test_any_base(impl, device, dtype, seed, theta):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 2}
    agrees(impl, features(2, 11, 16, **place), block_weights(16, 40, **place), theta=theta)


@pytest.mark.parametrize("shape", [(1, 1, 16), (1, 31, 16), (3, 2, 16)], ids=str)
@pytest.mark.parametrize("room", [0, 33, 4096], ids=["full", "room-left", "much-room"])
def test_any_length(impl, device, dtype, seed, shape, room):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 3}
    agrees(impl, features(*shape, **place), block_weights(16, 40, **place), longest=shape[1] + room)


@pytest.mark.parametrize("scale", [1e-3, 1e3], ids=["small", "large"])
def test_inputs_of_any_size(impl, device, dtype, seed, scale):
    """The square of a small input is no larger than the eps of its norm."""
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 4}
    weights = block_weights(16, 40, **place)
    agrees(impl, scale * features(2, 7, 16, distribution="normal", **place), weights)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    x, later = (features(2, 12, 16, seed=100 * seed + number, **place) for number in (5, 6))
    weights = block_weights(16, 40, seed=100 * seed + 5, **place)
    changed = torch.cat([x[:, :5], 8 * later[:, 5:]], 1)
    output = impl.run_transformer_block(16, 2, 40, 64, THETA, weights, changed)[:, :5].clone()
    kwargs = {"heads": 2, "theta": THETA}
    check(output, oracle=reference.transformer_block, args=(x[:, :5], weights), kwargs=kwargs, twin=twin)


@pytest.mark.parametrize("silent", ["attn.output_proj.weight", "ffn.w2.weight"])
def test_a_silent_half_leaves_the_other(impl, device, dtype, seed, silent):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 7}
    weights = block_weights(16, 40, **place)
    weights[silent] = torch.zeros_like(weights[silent])
    agrees(impl, features(2, 7, 16, **place), weights)


def test_with_both_halves_silent_nothing_changes(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 8}
    weights = block_weights(16, 40, **place)
    for name in ("attn.output_proj.weight", "ffn.w2.weight"):
        weights[name] = torch.zeros_like(weights[name])
    x = features(2, 7, 16, **place)
    assert torch.equal(impl.run_transformer_block(16, 2, 40, 64, THETA, weights, x), x)


def test_gradients(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 9}
    x, weights = features(2, 7, 16, distribution="normal", **place), block_weights(16, 40, **place)

    def turned(operation):
        def call(x):
            wide = {name: value.to(x.dtype) for name, value in weights.items()}
            return operation(x, wide, heads=2, theta=THETA)

        return call

    def run(x):
        return impl.run_transformer_block(16, 2, 40, 64, THETA, weights, x)

    oracle = turned(reference.transformer_block)
    verify_gradients(run, (x,), oracle=oracle, twin=turned(twin), seed=100 * seed)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 10}
    weights = block_weights(16, 40, **place)
    repeated(impl.run_transformer_block, (16, 2, 40, 64, THETA, weights, features(2, 7, 16, **place)))


@pytest.mark.parametrize("shape", [(2, 7, 16), (1, 11, 24)], ids=str)
def test_the_gate_can_fail(device, dtype, seed, shape):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed}
    weights = block_weights(shape[-1], 40, **place)
    workloads = [
        (features(*shape, distribution=name, **place), weights) for name in (*inputs.MANDATORY, "normal")
    ]

    def without(name):
        def block(x, weights, *, heads, theta):
            rest = {**weights, name: torch.zeros_like(weights[name])}
            return reference.transformer_block(x, rest, heads=heads, theta=theta)

        return block

    def one_head(x, weights, *, heads, theta):
        return reference.transformer_block(x, weights, heads=heads // 2, theta=theta)

    def other_base(x, weights, *, heads, theta):
        return reference.transformer_block(x, weights, heads=heads, theta=theta / 2)

    wrong = {"one head": one_head, "other base": other_base}
    wrong |= {f"no {name}": without(name) for name in ("attn.output_proj.weight", "ffn.w2.weight")}
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.transformer_block,
        kwargs={"heads": 2, "theta": THETA},
        twin=twin,
        axis=-2,
        extra=wrong,
    )
