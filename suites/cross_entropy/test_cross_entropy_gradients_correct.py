"""Cross-entropy: the gradient of its logits."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pytest_bolt.correctness import inputs, verify_gradients

from .. import reference
from .targets import middling_targets

pytestmark = pytest.mark.bolt(operation="run_cross_entropy", dtypes=("float32", "float64"))


def twin(logits, targets):
    """Return the framework's own cross-entropy."""
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))


def agrees(impl, logits, targets, seed=0):
    """Differentiate the loss and hold the gradient to the reference's."""
    args = (logits, targets)
    return verify_gradients(
        impl.run_cross_entropy, args, oracle=reference.cross_entropy, twin=twin, seed=seed
    )


@pytest.mark.parametrize("distribution", ["normal", "row_offset", "strided", *inputs.MANDATORY])
def test_gradient_agrees_on(impl, device, dtype, seed, distribution):
    logits = inputs.DISTRIBUTIONS[distribution](12, 57, device=device, dtype=dtype, seed=100 * seed + 31)
    agrees(impl, logits, middling_targets(logits), seed=100 * seed)


@pytest.mark.parametrize("leading", [(), (1,), (5,), (7, 7), (2, 3, 4)], ids=str)
def test_gradient_of_any_leading_dimensions(impl, device, dtype, seed, leading):
    rows = torch.Size(leading).numel()
    logits = inputs.normal(rows, 7, device=device, dtype=dtype, seed=100 * seed + 32).reshape(*leading, 7)
    agrees(impl, logits, middling_targets(logits), seed=100 * seed + 1)


@pytest.mark.parametrize("size", [100.0, 1e4])
def test_gradient_of_huge_logits(impl, device, dtype, seed, size):
    """Multiples of the size, none twice in a row: the normaliser is the largest logit and rounds nowhere."""
    order = inputs.normal(9, 20, device=device, dtype=dtype, seed=100 * seed + 33).argsort(-1)
    logits = (order.to(dtype) - 10) * size
    agrees(impl, logits, middling_targets(logits), seed=100 * seed + 2)


def test_gradient_of_an_improbable_target(impl, device, dtype):
    """It does not vanish where the probability does: clamped probabilities learn nothing."""
    logits = torch.zeros(3, 12, device=device, dtype=dtype)
    logits[:, 5] = -200.0
    agrees(impl, logits, torch.full((3,), 5, device=device))


def test_gradient_sums_to_zero_over_the_vocabulary(impl, device, dtype, seed):
    logits = inputs.blocks(9, 57, device=device, dtype=dtype, seed=100 * seed + 34).requires_grad_()
    (gradient,) = torch.autograd.grad(impl.run_cross_entropy(logits, middling_targets(logits)), logits)
    assert gradient.double().sum(-1).abs().max().item() <= 8 * torch.finfo(dtype).eps
