"""Weights and tokens of small models, and the framework's own operations as twins."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from pytest_bolt.correctness import inputs

from .. import reference

HEADS, WIDTH, LAYERS, CONTEXT, VOCABULARY = 2, 16, 2, 12, 23


def weights(
    distribution: str,
    *,
    width: int = WIDTH,
    layers: int = LAYERS,
    context: int = CONTEXT,
    seed: int = 0,
    gain: float = 1.0,
    **place: Any,
) -> dict[str, Any]:
    """Return weights whose sums stay near `gain`, each matrix of this distribution over its rows."""
    size = reference.GPTSize(vocabulary=VOCABULARY, context=context, width=width, heads=1, layers=layers)
    models = reference.in_order(reference.initial_weights(size, seed=0, device="meta"))
    drawn = []
    for number, model in enumerate(models):
        values = inputs.DISTRIBUTIONS[distribution](*model.shape, seed=100 * seed + number, **place)
        root = values.double().square().mean().sqrt().clamp_min(1e-30).item()
        spread = gain if number < 2 else gain / math.sqrt(model.shape[-1])
        drawn.append(values * (spread / root))
    found: dict[str, Any] = reference.from_order(drawn)
    return found


def some_tokens(*shape: int, seed: int, device: torch.device) -> torch.Tensor:
    """Return tokens below the vocabulary of these models."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(VOCABULARY, shape, generator=generator).to(device)


def fused(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return the framework's own causal attention."""
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def twin(weights: dict[str, Any], tokens: torch.Tensor, *, heads: int) -> torch.Tensor:
    """Return logits as the framework computes them."""
    logits: torch.Tensor = reference.randygpt(weights, tokens, heads=heads, attention=fused)
    return logits


def gradients_twin(
    weights: dict[str, Any], tokens: torch.Tensor, targets: torch.Tensor, *, heads: int
) -> tuple[torch.Tensor, ...]:
    """Return loss and gradients as the framework computes them."""
    found: tuple[torch.Tensor, ...] = reference.loss_and_gradients(
        weights, tokens, targets, heads=heads, attention=fused
    )
    return found


def flat(operation: Callable[..., tuple[torch.Tensor, ...]]) -> Callable[..., tuple[torch.Tensor, ...]]:
    """Return an operation whose outputs are one row each."""
    return lambda *args, **kwargs: tuple(each.reshape(-1) for each in operation(*args, **kwargs))
