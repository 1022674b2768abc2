"""Rotary positions, attention with projections, and the language model that is made of them."""

from __future__ import annotations

import torch

from ...multihead import multihead_self_attention
from ...rotary import rope
from ...transformer import transformer_block, transformer_lm


def run_rope(
    d_k: int, theta: float, max_seq_len: int, in_query_or_key: torch.Tensor, token_positions: torch.Tensor
) -> torch.Tensor:
    """Return `Float[..., T, d_k]` turned by `token_positions` `Int[..., T]`."""
    del d_k, max_seq_len
    return rope(in_query_or_key, token_positions, theta=theta)


def run_multihead_self_attention(
    d_model: int,
    num_heads: int,
    q_proj_weight: torch.Tensor,
    k_proj_weight: torch.Tensor,
    v_proj_weight: torch.Tensor,
    o_proj_weight: torch.Tensor,
    in_features: torch.Tensor,
) -> torch.Tensor:
    """Return causal self-attention of `Float[..., T, d_model]`."""
    del d_model
    weights = q_proj_weight, k_proj_weight, v_proj_weight, o_proj_weight
    return multihead_self_attention(in_features, *weights, heads=num_heads)


def run_multihead_self_attention_with_rope(  # noqa: PLR0913, PLR0917 - the course's signature
    d_model: int,
    num_heads: int,
    max_seq_len: int,
    theta: float,
    q_proj_weight: torch.Tensor,
    k_proj_weight: torch.Tensor,
    v_proj_weight: torch.Tensor,
    o_proj_weight: torch.Tensor,
    in_features: torch.Tensor,
    token_positions: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return causal self-attention of `Float[..., T, d_model]` with rotary positions `Int[..., T]`."""
    del d_model, max_seq_len
    weights = q_proj_weight, k_proj_weight, v_proj_weight, o_proj_weight
    return multihead_self_attention(
        in_features, *weights, heads=num_heads, theta=theta, positions=token_positions
    )


def run_transformer_block(
    d_model: int,
    num_heads: int,
    d_ff: int,
    max_seq_len: int,
    theta: float,
    weights: dict[str, torch.Tensor],
    in_features: torch.Tensor,
) -> torch.Tensor:
    """Return a pre-norm block of `Float[B, T, d_model]`."""
    del d_model, d_ff, max_seq_len
    return transformer_block(in_features, weights, heads=num_heads, theta=theta)


def run_transformer_lm(  # noqa: PLR0913, PLR0917 - the course's signature
    vocab_size: int,
    context_length: int,
    d_model: int,
    num_layers: int,
    num_heads: int,
    d_ff: int,
    rope_theta: float,
    weights: dict[str, torch.Tensor],
    in_indices: torch.Tensor,
) -> torch.Tensor:
    """Return logits `Float[B, T, vocab_size]` for tokens `Int[B, T]`."""
    del vocab_size, context_length, d_model, d_ff
    return transformer_lm(in_indices, weights, layers=num_layers, heads=num_heads, theta=rope_theta)
