"""A transformer block, forward and backward, and a model: how fast."""

from __future__ import annotations

import pytest
import torch

from .. import reference
from ..rope.tensors import features, unsure
from .tensors import block_weights, model_weights, tokens

of_block = pytest.mark.bolt(operation="run_transformer_block", dtypes=("float32",))
of_model = pytest.mark.bolt(operation="run_transformer_lm", dtypes=("float32",))
HEADS, THETA = 4, 10_000.0
SHAPES = ((1, 64, 64), (2, 64, 128))
sized = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))


def twin(x, weights, **kwargs):
    """Return what float32 code may give for a block: its angles are a little off."""
    places = unsure(torch.arange(x.shape[-2], device=x.device))
    return reference.transformer_block(x, weights, **kwargs, positions=places)


def model_twin(indices, weights, **kwargs):
    """Return what float32 code may give for a model: its angles are a little off."""
    places = unsure(torch.arange(indices.shape[-1], device=indices.device))
    return reference.transformer_lm(indices, weights, **kwargs, positions=places)


def work(batch, tokens, width, *, hidden):
    """Return the operations of a block: seven projections and two products over keys that are seen."""
    projections = 2 * batch * tokens * width * (4 * width + 3 * hidden)
    return projections + 4 * batch * tokens * (tokens + 1) // 2 * width


def block(shape, **place):
    """Return the arguments of a block, and those of its reference."""
    _, length, width = shape
    x, weights = features(*shape, **place), block_weights(width, 2 * width, seed=0, **place)
    return (width, HEADS, 2 * width, length, THETA, weights, x), (x, weights)


def size_of(tensors):
    """Return the bytes of all tensors."""
    return sum(each.nbytes for each in tensors)


@of_block
@sized
def test_block_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args, given = block(shape, device=device, dtype=dtype)
    output = impl.run_transformer_block(*args)
    kwargs = {"heads": HEADS, "theta": THETA}
    bolt.check(output, oracle=reference.transformer_block, args=given, kwargs=kwargs, twin=twin)
    x, weights = given
    bolt.measure(
        impl.run_transformer_block,
        args=args,
        bytes=2 * x.nbytes + size_of(weights.values()),
        flops=work(*shape, hidden=2 * shape[-1]),
    )


@of_block
@sized
def test_block_step_speed(bolt, impl, device, dtype, shape):
    """Forward and backward to the input, whose gradient takes as many operations as the output."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args, (x, weights) = block(shape, device=device, dtype=dtype)
    kwargs = {"heads": HEADS, "theta": THETA}
    output = impl.run_transformer_block(*args)
    bolt.check(output, oracle=reference.transformer_block, args=(x, weights), kwargs=kwargs, twin=twin)
    upstream = torch.ones_like(x)

    def step(leaf):
        out = impl.run_transformer_block(*args[:-1], leaf)
        return torch.autograd.grad(out, leaf, upstream)[0]

    bolt.measure(
        step,
        args=(x.clone().requires_grad_(),),
        bytes=4 * x.nbytes + 2 * size_of(weights.values()),
        flops=2 * work(*shape, hidden=2 * shape[-1]),
    )


@of_model
def test_model_speed(bolt, impl, device, dtype):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    vocabulary, width, length, layers = 256, 64, 32, 2
    weights = model_weights(vocabulary, width, 128, layers=layers, seed=0, device=device, dtype=dtype)
    indices = tokens(2, length, vocabulary=vocabulary, seed=0, device=device)
    args = (vocabulary, length, width, layers, HEADS, 128, THETA, weights, indices)
    kwargs = {"layers": layers, "heads": HEADS, "theta": THETA}
    logits = impl.run_transformer_lm(*args)
    bolt.check(
        logits, oracle=reference.transformer_lm, args=(indices, weights), kwargs=kwargs, twin=model_twin
    )
    bolt.measure(
        impl.run_transformer_lm,
        args=args,
        bytes=size_of(weights.values()) + logits.nbytes,
        flops=layers * work(2, length, width, hidden=128) + 2 * 2 * length * width * vocabulary,
    )
