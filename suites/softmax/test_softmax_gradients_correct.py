"""Softmax: the gradient of its input."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import fenced, inputs, red_zones, verify_gradients

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_softmax", dtypes=("float32", "bfloat16", "float64"))


def agrees(impl, x, dim=-1, seed=0):
    """Differentiate softmax of `x` and hold the gradient to the reference's."""
    twin = torch.softmax
    return verify_gradients(impl.run_softmax, (x, dim), oracle=reference.softmax, twin=twin, seed=seed)


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "row_offset"])
def test_gradient_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(12, 257, device=device, dtype=dtype, seed=100 * seed + 40)
    # Where one probability is nearly 1 the gradient is a difference of nearly equal numbers, in any order.
    divisor = {"blocks": 4, "tailheavy": 16}.get(distribution, 1)
    agrees(impl, x / divisor, seed=100 * seed)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_gradient_along_any_dimension(impl, device, dtype, seed, dim):
    # Divided for the same reason: of seven columns one often has nearly all of the probability.
    x = inputs.blocks(3, 28, device=device, dtype=dtype, seed=100 * seed + 41) / 4
    agrees(impl, x.reshape(3, 4, 7), dim, seed=100 * seed + 1)


def test_gradient_of_a_strided_view(impl, device, dtype, seed):
    x = inputs.strided(6, 65, device=device, dtype=dtype, seed=100 * seed + 42)
    agrees(impl, x, seed=100 * seed + 2)


def test_gradient_of_a_wide_row(impl, device, dtype, seed):
    agrees(
        impl, inputs.normal(2, 5000, device=device, dtype=dtype, seed=100 * seed + 43), seed=100 * seed + 3
    )


def test_gradient_sums_to_zero(impl, device, dtype, seed):
    """Probabilities sum to one whatever the input, so the sum of all has no gradient."""
    x = inputs.normal(6, 65, device=device, dtype=dtype, seed=100 * seed + 44).requires_grad_()
    (gradient,) = torch.autograd.grad(impl.run_softmax(x, -1).sum(), x)
    assert gradient.abs().max().item() <= 4 * torch.finfo(dtype).eps


@pytest.mark.bolt(dtypes=("float32",))
def test_gradient_stays_inside_its_memory(impl, device, dtype, seed):
    x = fenced(inputs.blocks(5, 127, device=device, dtype=dtype, seed=100 * seed + 45) / 4)
    with red_zones():
        agrees(impl, x, seed=100 * seed + 4)
