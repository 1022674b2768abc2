"""Attention with projections, and the language model, of the framework's own operations.

The framework has no rotary positions: those are products of complex numbers here.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn import functional

_EPS = 1e-5


def run_rope(
    d_k: int, theta: float, max_seq_len: int, in_query_or_key: torch.Tensor, token_positions: torch.Tensor
) -> torch.Tensor:
    """Return `Float[..., T, d_k]` turned by `token_positions` `Int[..., T]`."""
    del max_seq_len
    exponents = torch.arange(0, d_k, 2, dtype=torch.float32, device=in_query_or_key.device) / d_k
    angles = token_positions.unsqueeze(-1) * theta**-exponents
    pairs = torch.view_as_complex(in_query_or_key.contiguous().view(*in_query_or_key.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


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
    weights = q_proj_weight, k_proj_weight, v_proj_weight
    q, k, v = (_split(in_features, weight, num_heads) for weight in weights)
    return _attend(q, k, v, o_proj_weight)


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
    if token_positions is None:
        token_positions = torch.arange(in_features.shape[-2], device=in_features.device)
    places = token_positions.unsqueeze(-2)
    width = d_model // num_heads
    q, k = (
        run_rope(width, theta, max_seq_len, _split(in_features, weight, num_heads), places)
        for weight in (q_proj_weight, k_proj_weight)
    )
    return _attend(q, k, _split(in_features, v_proj_weight, num_heads), o_proj_weight)


def run_transformer_block(
    d_model: int,
    num_heads: int,
    d_ff: int,
    max_seq_len: int,
    theta: float,
    weights: Mapping[str, torch.Tensor],
    in_features: torch.Tensor,
) -> torch.Tensor:
    """Return a pre-norm block of `Float[B, T, d_model]`."""
    del d_ff
    q, k, v, o = (weights[f"attn.{name}_proj.weight"] for name in ("q", "k", "v", "output"))
    normed = functional.rms_norm(in_features, (d_model,), weights["ln1.weight"], _EPS)
    x = in_features + run_multihead_self_attention_with_rope(
        d_model, num_heads, max_seq_len, theta, q, k, v, o, normed
    )
    normed = functional.rms_norm(x, (d_model,), weights["ln2.weight"], _EPS)
    gate = functional.silu(functional.linear(normed, weights["ffn.w1.weight"]))
    return x + functional.linear(
        gate * functional.linear(normed, weights["ffn.w3.weight"]), weights["ffn.w2.weight"]
    )


def run_transformer_lm(  # noqa: PLR0913, PLR0917 - the course's signature
    vocab_size: int,
    context_length: int,
    d_model: int,
    num_layers: int,
    num_heads: int,
    d_ff: int,
    rope_theta: float,
    weights: Mapping[str, torch.Tensor],
    in_indices: torch.Tensor,
) -> torch.Tensor:
    """Return logits `Float[B, T, vocab_size]` for tokens `Int[B, T]`."""
    del vocab_size
    x = functional.embedding(in_indices, weights["token_embeddings.weight"])
    for layer in range(num_layers):
        prefix = f"layers.{layer}."
        own = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
        x = run_transformer_block(d_model, num_heads, d_ff, context_length, rope_theta, own, x)
    normed = functional.rms_norm(x, (d_model,), weights["ln_final.weight"], _EPS)
    return functional.linear(normed, weights["lm_head.weight"])


def _split(x: torch.Tensor, weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Return the projection of `Float[..., T, D]` as `Float[..., H, T, D / H]`."""
    return functional.linear(x, weight).reshape(*x.shape[:-1], heads, -1).transpose(-3, -2)


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o_proj: torch.Tensor) -> torch.Tensor:
    output = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    return functional.linear(output.transpose(-3, -2).flatten(-2), o_proj)
