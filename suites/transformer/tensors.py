"""Weights of a block and of a whole model, under the keys of the course's modules."""

from __future__ import annotations

from typing import Any

import torch

from pytest_bolt.correctness import inputs

from ..multihead.tensors import matrix, projections

Weights = dict[str, torch.Tensor]


def block_weights(width: int, hidden: int, *, seed: int, **place: Any) -> Weights:
    """Return the weights of one block: `width` features, `hidden` inside the feed-forward layer."""
    names = (f"attn.{name}_proj.weight" for name in ("q", "k", "v", "output"))
    return {
        **dict(zip(names, projections(width, seed=seed, **place), strict=True)),
        "ln1.weight": _gains(width, seed=seed + 111, **place),
        "ln2.weight": _gains(width, seed=seed + 112, **place),
        "ffn.w1.weight": matrix(hidden, width, seed=seed + 121, scale=1.5, **place),
        "ffn.w2.weight": matrix(width, hidden, seed=seed + 122, scale=1.5, **place),
        "ffn.w3.weight": matrix(hidden, width, seed=seed + 123, **place),
    }


def model_weights(
    vocabulary: int, width: int, hidden: int, *, layers: int, seed: int, **place: Any
) -> Weights:
    """Return the weights of a model, those of its blocks behind `layers.{i}.`."""
    weights = {"token_embeddings.weight": inputs.normal(vocabulary, width, seed=seed + 131, **place)}
    for layer in range(layers):
        own = block_weights(width, hidden, seed=seed + 1000 * (layer + 1), **place)
        weights |= {f"layers.{layer}.{name}": value for name, value in own.items()}
    weights["ln_final.weight"] = _gains(width, seed=seed + 132, **place)
    weights["lm_head.weight"] = matrix(vocabulary, width, seed=seed + 133, **place)
    return weights


def tokens(*shape: int, vocabulary: int, seed: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Return `Int[...]` below `vocabulary`."""
    return torch.randint(vocabulary, shape, generator=torch.Generator().manual_seed(seed)).to(device)


def _gains(width: int, *, seed: int, **place: Any) -> torch.Tensor:
    return 1 + inputs.normal(1, width, seed=seed, **place)[0] / 2
