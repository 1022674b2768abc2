"""BDH: sparse positive activations, linear attention with one matrix for queries and keys, gated values.

Source: Kosowski et al., "The Dragon Hatchling: The missing link between the Transformer and models of the
brain", 2025, section on the GPU form. With D the width, H heads, N = multiplier * D / H neurons a head:

    x = LN(embedding[tokens])
    repeat L: X = relu(x E)
              S = tril((R X)(R X)^T, -1)          times N^-1/2 where scaled
              A = LN(S x),  Y = relu(A Ev)
              x = LN(x + LN(concat_h(X * Y) Dec))
    logits = x W

LN is layer norm without weight and bias, eps 1e-5; R rotates pairs of neurons by the position. Every
function works in the dtype of its arguments, so that what half precision does to the formula can be seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch.nn import functional

Weights: TypeAlias = Mapping[str, torch.Tensor]
Tables: TypeAlias = tuple[torch.Tensor, torch.Tensor]

THETA = 2.0**16
EPS = 1e-5


def normalised(x: torch.Tensor) -> torch.Tensor:
    """Return layer norm of `Float[..., D]` without weight and bias."""
    return functional.layer_norm(x, x.shape[-1:], eps=EPS)


def rotation_tables(
    tokens: int, neurons: int, *, like: torch.Tensor, start: int = 0, theta: float = THETA
) -> Tables:
    """Return cosine and sine `Float[tokens, neurons]` of the angles of positions `start`, `start + 1`, ...

    Neurons 2m and 2m + 1 share the angle `2 pi frac(t theta^(-2m / N) / 2 pi)`: whole turns are taken out
    before the cosine, which is inaccurate for large angles in float32. Angles are computed in float32, or
    float64 where `like` is; the tables have the dtype and device of `like`.
    """
    wide = torch.promote_types(like.dtype, torch.float32)
    pairs = torch.arange(neurons, dtype=wide, device=like.device) // 2 * 2
    turns = theta ** (-pairs / neurons) / (2 * math.pi)
    positions = torch.arange(start, start + tokens, dtype=wide, device=like.device)
    angles = (positions[:, None] * turns).frac() * (2 * math.pi)
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotated(x: torch.Tensor, tables: Tables) -> torch.Tensor:
    """Return `Float[..., T, N]` with each pair (a, b) turned to (a cos - b sin, b cos + a sin)."""
    cosine, sine = tables
    turned = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    return x * cosine + turned * sine


def linear_attention(
    activations: torch.Tensor, values: torch.Tensor, tables: Tables, *, scaled: bool
) -> torch.Tensor:
    """Return `tril((R X)(R X)^T, -1) V`: a token sees those before it, not itself, and there is no softmax.

    Arguments:
        activations: X, `Float[B, H, T, N]`; query and key at once.
        values: V, `Float[B, T, D]`; the same for every head.
        tables: of `rotation_tables`.
        scaled: scores are multiplied by `N^-1/2`.

    Returns:
        `Float[B, H, T, D]`; its first row is zero.
    """
    turned = rotated(activations, tables)
    scores = (turned @ turned.transpose(-2, -1)).tril(-1)
    if scaled:
        scores = scores * activations.shape[-1] ** -0.5
    return scores @ values.unsqueeze(-3)


def encoded(x: torch.Tensor, encoder: torch.Tensor) -> torch.Tensor:
    """Return `relu(x E)`, `Float[B, H, T, N]` of x `Float[B, T, D]` and E `Float[H, D, N]`."""
    return torch.relu(x.unsqueeze(-3) @ encoder)


def gated(
    attended: torch.Tensor, activations: torch.Tensor, weights: Weights, *, dropout: float = 0.0
) -> torch.Tensor:
    """Return `LN(concat_h(dropout(X * relu(LN(S x) Ev))) Dec)`, `Float[B, T, D]`.

    Arguments:
        attended: `S x`, `Float[B, H, T, D]`.
        activations: X, `Float[B, H, T, N]`.
        weights: `encoder_values` `Float[H, D, N]` and `decoder` `Float[H * N, D]`.
        dropout: the share of products set to zero; the others grow accordingly.
    """
    answers = torch.relu(normalised(attended) @ weights["encoder_values"])
    products = functional.dropout(activations * answers, dropout)
    joined = products.transpose(-3, -2).flatten(-2)
    return normalised(joined @ weights["decoder"])


def bdh_update(
    weights: Weights, values: torch.Tensor, tables: Tables, *, scaled: bool, dropout: float = 0.0
) -> torch.Tensor:
    """Return what a block adds to its input `Float[B, T, D]`, before the sum is normalised."""
    activations = encoded(values, weights["encoder"])
    attended = linear_attention(activations, values, tables, scaled=scaled)
    return gated(attended, activations, weights, dropout=dropout)


def bdh_block(
    weights: Weights, x: torch.Tensor, tables: Tables, *, scaled: bool, dropout: float = 0.0
) -> torch.Tensor:
    """Return the next x, `Float[B, T, D]`; weights `encoder`, `encoder_values` and `decoder`."""
    return normalised(x + bdh_update(weights, x, tables, scaled=scaled, dropout=dropout))


def bdh(weights: Weights, tokens: torch.Tensor, *, layers: int, scaled: bool) -> torch.Tensor:
    """Return logits `Float[B, T, V]` of tokens `Int[B, T]`; every layer uses the same weights.

    Arguments:
        weights: `embedding` `Float[V, D]`, `encoder` and `encoder_values` `Float[H, D, N]`, `decoder`
            `Float[H * N, D]`, `head` `Float[D, V]`.
        tokens: below V.
        layers: how often the block is applied.
        scaled: whether attention scores are multiplied by `N^-1/2`.
    """
    x = normalised(weights["embedding"][tokens])
    tables = rotation_tables(tokens.shape[-1], weights["encoder"].shape[-1], like=x)
    for _ in range(layers):
        x = bdh_block(weights, x, tables, scaled=scaled)
    return x @ weights["head"]


def bdh_recurrent(
    weights: Weights, tokens: torch.Tensor, state: torch.Tensor, *, position: int, scaled: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of `bdh`, computed token by token, and the state after the last.

    The state of a layer is the sum of `(R X_t) x_t^T` over the tokens before: a token reads it first and
    adds itself afterwards.

    Arguments:
        weights: as in `bdh`.
        tokens: `Int[B, T]`.
        state: `Float[L, B, H, N, D]`, zeros before the first token.
        position: of the first token.
        scaled: as in `bdh`.

    Returns:
        logits `Float[B, T, V]`, and the new state.
    """
    neurons = weights["encoder"].shape[-1]
    cosine, sine = rotation_tables(tokens.shape[-1], neurons, like=weights["encoder"], start=position)
    layers, logits = list(state.unbind(0)), []
    for place in range(tokens.shape[-1]):
        here = cosine[place : place + 1], sine[place : place + 1]
        x = normalised(weights["embedding"][tokens[:, place : place + 1]])
        for number, memory in enumerate(layers):
            x, layers[number] = recurrent_block(weights, x, memory, here, scaled=scaled)
        logits.append(x @ weights["head"])
    empty = state.new_zeros(len(tokens), 0, weights["head"].shape[-1])
    return torch.cat([empty, *logits], -2), torch.stack(layers)


def recurrent_block(
    weights: Weights, x: torch.Tensor, memory: torch.Tensor, tables: Tables, *, scaled: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the next x of one token, `Float[B, 1, D]`, and the memory `Float[B, H, N, D]` with it."""
    activations = encoded(x, weights["encoder"])
    turned = rotated(activations, tables)
    attended = turned @ memory * (activations.shape[-1] ** -0.5 if scaled else 1.0)
    later = memory + turned.transpose(-2, -1) @ x.unsqueeze(-3)
    return normalised(x + gated(attended, activations, weights)), later
