"""Weights, activations and tokens of small BDH models, and the references as oracles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from pytest_bolt.correctness import inputs

from .. import reference

RAW, SCALED = False, True
HEADS, WIDTH, NEURONS, VOCABULARY = 2, 16, 24, 31
DISTRIBUTIONS = ("normal", "blocks", "tailheavy", "row_scale", "constant_rows", "transposed", "strided")


def matrices(distribution: str, shape: tuple[int, ...], **place: Any) -> torch.Tensor:
    """Return `shape` of a distribution over its rows."""
    rows = math.prod(shape[:-1])
    return inputs.DISTRIBUTIONS[distribution](rows, shape[-1], **place).reshape(shape)


def matrix(distribution: str, shape: tuple[int, ...], *, spread: float = 1.0, **place: Any) -> torch.Tensor:
    """Return weights of a distribution with this root mean square."""
    drawn = matrices(distribution, shape, **place)
    return drawn * (spread / drawn.double().square().mean().sqrt().clamp_min(1e-30).item())


def block_weights(
    distribution: str,
    *,
    heads: int = HEADS,
    width: int = WIDTH,
    neurons: int = NEURONS,
    spread: float | None = None,
    seed: int = 0,
    **place: Any,
) -> dict[str, torch.Tensor]:
    """Return `encoder`, `encoder_values` and `decoder`; without a spread, one that keeps sums near 1."""
    encoder = heads, width, neurons
    near_one = width**-0.5
    shapes = {"encoder": encoder, "encoder_values": encoder, "decoder": (heads * neurons, width)}
    return {
        name: matrix(distribution, shape, spread=spread or near_one, seed=10 * seed + number, **place)
        for number, (name, shape) in enumerate(shapes.items())
    }


def model_weights(
    distribution: str, *, width: int = WIDTH, spread: float | None = None, seed: int = 0, **place: Any
) -> dict[str, torch.Tensor]:
    """Return the weights of a block, `embedding` and `head`."""
    outer = {"embedding": (VOCABULARY, width), "head": (width, VOCABULARY)}
    drawn = {
        name: matrix(distribution, shape, spread=spread or width**-0.5, seed=10 * seed + 5 + number, **place)
        for number, (name, shape) in enumerate(outer.items())
    }
    return {**drawn, **block_weights(distribution, width=width, spread=spread, seed=seed, **place)}


def activations(
    distribution: str, shape: tuple[int, ...], *, seed: int = 0, **place: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return positive activations of `[B, H, T, N]`, about half of them zero, and values `[B, T, N // 2]`.

    Values never have constant rows: all columns of what is attended to would be one number, and where that
    cancels its whole row is what happened to be lost.
    """
    batch, _, tokens, neurons = shape
    of_values = "normal" if distribution == "constant_rows" else distribution
    drawn = matrices(distribution, shape, seed=2 * seed, **place)
    values = matrices(of_values, (batch, tokens, max(1, neurons // 2)), seed=2 * seed + 1, **place)
    return torch.relu(drawn), values


def some_tokens(*shape: int, seed: int, device: torch.device) -> torch.Tensor:
    """Return tokens below the vocabulary of these models."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(VOCABULARY, shape, generator=generator).to(device)


def attention(x: torch.Tensor, values: torch.Tensor, *, scaled: bool) -> torch.Tensor:
    """Return linear attention as the reference has it, rounded once."""
    wide = reference.widened(x)
    tables = reference.rotation_tables(x.shape[-2], x.shape[-1], like=wide)
    found: torch.Tensor = reference.linear_attention(
        wide, reference.widened(values), tables, scaled=scaled
    ).to(x.dtype)
    return found


def rope(x: torch.Tensor, *, position: int, theta: float) -> torch.Tensor:
    """Return the rotation as the reference has it, rounded once."""
    wide = reference.widened(x)
    tables = reference.rotation_tables(x.shape[-2], x.shape[-1], like=wide, start=position, theta=theta)
    found: torch.Tensor = reference.rotated(wide, tables).to(x.dtype)
    return found


def block(weights: Mapping[str, torch.Tensor], x: torch.Tensor, *, scaled: bool) -> torch.Tensor:
    """Return one block as the reference has it."""
    tables = reference.rotation_tables(x.shape[-2], weights["encoder"].shape[-1], like=x)
    found: torch.Tensor = reference.bdh_block(weights, x, tables, scaled=scaled)
    return found


def normalised(x: torch.Tensor) -> torch.Tensor:
    """Return layer norm without weight and bias."""
    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-5)
