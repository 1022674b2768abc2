"""randyGPT with the framework's own operations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from ...randygpt import GPTWeights, loss_and_gradients, randygpt


def _fused(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def run_randygpt_forward(weights: GPTWeights, tokens: torch.Tensor, heads: int) -> torch.Tensor:
    """Return logits `Float[B, T, V]`, with fused attention."""
    return randygpt(weights, tokens, heads=heads, attention=_fused)


def run_randygpt_gradients(
    weights: GPTWeights, tokens: torch.Tensor, targets: torch.Tensor, heads: int
) -> tuple[torch.Tensor, ...]:
    """Return the mean cross entropy and its gradients, with fused attention."""
    return loss_and_gradients(weights, tokens, targets, heads=heads, attention=_fused)


def run_randygpt_adamw(
    parameters: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    first: Sequence[torch.Tensor],
    second: Sequence[torch.Tensor],
    step: int,
    rate: float,
    clip: float,
) -> tuple[torch.Tensor, ...]:
    """Return new parameters and moments, by `torch.optim.AdamW`."""
    leaves = [each.clone() for each in parameters]
    optimizer = torch.optim.AdamW(leaves, lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    means, squares = [each.clone() for each in first], [each.clone() for each in second]
    for leaf, gradient, mean, square in zip(leaves, gradients, means, squares, strict=True):
        leaf.grad = gradient.clamp(-clip, clip)
        done = torch.tensor(float(step - 1))
        optimizer.state[leaf] = {"step": done, "exp_avg": mean, "exp_avg_sq": square}
    optimizer.step()
    return (*leaves, *means, *squares)
