"""Projections under which the weights of attention are neither even nor all on one key."""

from __future__ import annotations

import math
from typing import Any

import torch

from pytest_bolt.correctness import inputs


def matrix(outputs: int, width: int, *, seed: int, scale: float = 1.0, **place: Any) -> torch.Tensor:
    """Return `Float[outputs, width]`, N(0, scale^2 / width): `scale` times as large comes out as goes in."""
    return inputs.normal(outputs, width, seed=seed, **place) * (scale / math.sqrt(width))


def projections(width: int, *, seed: int, **place: Any) -> tuple[torch.Tensor, ...]:
    """Return the weights of queries, keys, values and output, `Float[D, D]` each."""
    scales = (0.7, 0.7, 1.0, 1.0)
    return tuple(
        matrix(width, width, seed=seed + number, scale=scale, **place)
        for number, scale in enumerate(scales, 101)
    )
