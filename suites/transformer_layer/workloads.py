"""Weights of small transformer layers."""

from __future__ import annotations

import math
from typing import Any

import torch

from pytest_bolt.correctness import inputs

HEADS, WIDTH, HIDDEN, VOCABULARY = 4, 16, 40, 19


def layer(
    distribution: str, *, width: int = WIDTH, hidden: int = HIDDEN, seed: int = 0, **place: Any
) -> dict[str, torch.Tensor]:
    """Return the weights of one layer; norms have weights near 1 and biases near 0."""
    shapes = dict.fromkeys(("wq", "wk", "wv", "wo"), (width, width))
    shapes |= {"w1": (hidden, width), "w2": (width, hidden)}
    drawn = {}
    for number, (name, shape) in enumerate(shapes.items()):
        values = inputs.DISTRIBUTIONS[distribution](*shape, seed=100 * seed + number, **place)
        root = values.double().square().mean().sqrt().clamp_min(1e-30).item()
        drawn[name] = values / (root * math.sqrt(shape[1]))
    for number, name in enumerate(("norm1", "norm2"), 10):
        weight, bias = inputs.normal(2, width, seed=100 * seed + number, **place) / 4
        drawn |= {f"{name}_weight": 1 + weight, f"{name}_bias": bias.clone()}
    return drawn


def some_tokens(*shape: int, seed: int, device: torch.device, vocabulary: int = VOCABULARY) -> torch.Tensor:
    """Return tokens below the vocabulary."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(vocabulary, shape, generator=generator).to(device)
