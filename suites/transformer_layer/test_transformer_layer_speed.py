"""A transformer layer: how fast forward, forward and backward, and in a training step."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import inputs

from .. import reference
from . import workloads

pytestmark = pytest.mark.bolt(operation="run_transformer_layer", dtypes=("float32",))
SHAPES = ((2, 64, 64, 4), (1, 128, 128, 4))
by_shape = pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}x{0[2]}h{0[3]}".format)


def work(batch, tokens, width):
    """Return the floating-point operations of a layer forward: 12 D^2 weights, and causal attention."""
    pairs = tokens * (tokens + 1) // 2
    return batch * (24 * tokens * width**2 + 4 * pairs * width)


def layer_and_input(shape, device, dtype):
    """Return weights and input of a shape."""
    batch, tokens, width, _ = shape
    weights = workloads.layer("blocks", width=width, hidden=4 * width, device=device, dtype=dtype)
    x = inputs.normal(batch * tokens, width, seed=1, device=device, dtype=dtype)
    return weights, x.reshape(batch, tokens, width)


def traffic(weights, x):
    """Return the bytes of all weights, of the input and of the output."""
    return sum(each.nbytes for each in weights.values()) + 2 * x.nbytes


@by_shape
def test_transformer_layer_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    weights, x = layer_and_input(shape, device, dtype)
    heads = shape[-1]
    bolt.check(
        impl.run_transformer_layer(weights, x, heads),
        oracle=reference.transformer_layer,
        args=(weights, x),
        kwargs={"heads": heads},
    )
    bolt.measure(
        impl.run_transformer_layer,
        args=(weights, x, heads),
        bytes=traffic(weights, x),
        flops=work(*shape[:3]),
    )


@by_shape
def test_transformer_layer_backward_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    weights, x = layer_and_input(shape, device, dtype)
    leaves = {name: each.requires_grad_() for name, each in weights.items()}
    upstream = torch.ones_like(x)

    def forward_and_backward():
        return torch.autograd.grad(
            impl.run_transformer_layer(leaves, x, shape[-1]), list(leaves.values()), upstream
        )

    def gradients(weights, x):
        own = {name: each.detach().requires_grad_() for name, each in weights.items()}
        with torch.enable_grad():
            output = reference.transformer_layer(own, x, heads=shape[-1])
        return torch.autograd.grad(output, list(own.values()), torch.ones_like(x))

    plain = {name: each.detach() for name, each in weights.items()}
    bolt.check(forward_and_backward(), oracle=gradients, args=(plain, x), tier="gradient")
    bolt.measure(forward_and_backward, bytes=3 * traffic(weights, x), flops=3 * work(*shape[:3]))


@pytest.mark.bolt(operation="run_training_step")
@pytest.mark.parametrize("tokens", [16, 64])
def test_bolt_training_step_speed(bolt, impl, device, dtype, tokens):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    width, layers, vocabulary, batch, heads = 32, 2, 65, 2, 4
    embedding = inputs.normal(vocabulary, width, device=device, dtype=dtype) / 8
    blocks = [
        workloads.layer("normal", width=width, hidden=4 * width, seed=n, device=device, dtype=dtype)
        for n in range(layers)
    ]
    text = workloads.some_tokens(batch, tokens + 1, seed=1, device=device, vocabulary=vocabulary)
    given = embedding, blocks, text
    bolt.check(
        impl.run_training_step(*given, heads, 0.1),
        oracle=reference.training_step,
        args=given,
        kwargs={"heads": heads, "rate": 0.1},
        tier="gradient",
    )
    bolt.measure(
        impl.run_training_step,
        args=(*given, heads, 0.1),
        bytes=3 * (embedding.nbytes + sum(traffic(block, embedding) for block in blocks)),
        flops=3 * (layers * work(batch, tokens, width) + 2 * batch * tokens * width * vocabulary),
    )
