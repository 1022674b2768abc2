"""randyGPT: the model, its gradients, and what trains and keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...randygpt import GPTSize, GPTWeights, initial_weights, loss_and_gradients, randygpt
from ...randygpt_checkpoint import Checkpoint, loaded, saved
from ...randygpt_training import adamw, learning_rate


def run_randygpt_forward(weights: GPTWeights, tokens: torch.Tensor, heads: int) -> torch.Tensor:
    """Return logits `Float[B, T, V]` of tokens `Int[B, T]`; `weights` as in `reference.randygpt`."""
    return randygpt(weights, tokens, heads=heads)


def run_randygpt_gradients(
    weights: GPTWeights, tokens: torch.Tensor, targets: torch.Tensor, heads: int
) -> tuple[torch.Tensor, ...]:
    """Return the mean cross entropy and its gradients: `wte`, `wpe`, `lm_head`, then layer by layer."""
    return loss_and_gradients(weights, tokens, targets, heads=heads)


def run_randygpt_lr(step: int, steps: int, peak: float, floor: float) -> float:
    """Return the learning rate of a step counted from 0."""
    return learning_rate(step, steps=steps, peak=peak, floor=floor)


def run_randygpt_adamw(
    parameters: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    first: Sequence[torch.Tensor],
    second: Sequence[torch.Tensor],
    step: int,
    rate: float,
    clip: float,
) -> tuple[torch.Tensor, ...]:
    """Return new parameters, new first and new second moments; `step` counts from 1."""
    return adamw(parameters, gradients, first, second, step=step, rate=rate, clip=clip)


def run_randygpt_init(vocabulary: int, context: int, width: int, layers: int, seed: int) -> dict[str, Any]:
    """Return the first weights of a model."""
    size = GPTSize(vocabulary=vocabulary, context=context, width=width, heads=1, layers=layers)
    return initial_weights(size, seed=seed)


def run_randygpt_save(
    weights: dict[str, Any],
    first: Sequence[torch.Tensor],
    second: Sequence[torch.Tensor],
    iteration: int,
    step: int,
    best_loss: float,
) -> bytes:
    """Return a checkpoint."""
    return saved(
        Checkpoint(
            weights=weights, first=first, second=second, iteration=iteration, step=step, best_loss=best_loss
        )
    )


def run_randygpt_load(
    data: bytes, vocabulary: int, context: int, width: int, layers: int
) -> tuple[dict[str, Any], list[torch.Tensor], list[torch.Tensor], int, int, float]:
    """Return what `run_randygpt_save` was given; ValueError where it was for another model."""
    size = GPTSize(vocabulary=vocabulary, context=context, width=width, heads=1, layers=layers)
    found = loaded(data, size)
    moments = list(found.first), list(found.second)
    return found.weights, *moments, found.iteration, found.step, found.best_loss
