"""A transformer layer and a training step, with fused attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...transformer_layer import LayerWeights, attention_fused, training_step, transformer_layer


def run_transformer_layer(weights: LayerWeights, x: torch.Tensor, heads: int) -> torch.Tensor:
    """Return one layer of x `Float[B, T, D]`; `weights` as in `reference.transformer_layer`."""
    return transformer_layer(weights, x, heads=heads, attention=attention_fused)


def run_training_step(
    embedding: torch.Tensor, layers: Sequence[LayerWeights], tokens: torch.Tensor, heads: int, rate: float
) -> tuple[torch.Tensor, ...]:
    """Return the loss on tokens `Int[B, T + 1]`, then every weight after a step of plain descent."""
    return training_step(embedding, layers, tokens, heads=heads, rate=rate, attention=attention_fused)
