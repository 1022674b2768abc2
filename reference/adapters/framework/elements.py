"""Operations on rows: normalisation, activations, look-ups, linear maps and the loss."""

from __future__ import annotations

import torch
from torch.nn import functional


def run_softmax(in_features: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the softmax of `Float[...]` along `dim`."""
    return torch.softmax(in_features, dim)


def run_rmsnorm(d_model: int, eps: float, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_model]` divided by its root mean square, times `weights` `Float[d_model]`."""
    return functional.rms_norm(in_features, (d_model,), weights, eps)


def run_layernorm(
    d_model: int,
    eps: float,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    in_features: torch.Tensor,
) -> torch.Tensor:
    """Return `Float[..., d_model]` without its mean, divided by its spread, times `weight`, plus `bias`."""
    return functional.layer_norm(in_features, (d_model,), weight, bias, eps)


def run_linear(d_in: int, d_out: int, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_in]` times the transpose of `weights` `Float[d_out, d_in]`."""
    del d_in, d_out
    return functional.linear(in_features, weights)


def run_embedding(
    vocab_size: int, d_model: int, weights: torch.Tensor, token_ids: torch.Tensor
) -> torch.Tensor:
    """Return the rows of `weights` `Float[vocab_size, d_model]` that `token_ids` `Int[...]` name."""
    del vocab_size, d_model
    return functional.embedding(token_ids, weights)


def run_silu(in_features: torch.Tensor) -> torch.Tensor:
    """Return `x * sigmoid(x)` of `Float[...]`."""
    return functional.silu(in_features)


def run_swiglu(
    d_model: int,
    d_ff: int,
    w1_weight: torch.Tensor,
    w2_weight: torch.Tensor,
    w3_weight: torch.Tensor,
    in_features: torch.Tensor,
) -> torch.Tensor:
    """Return `W2 (SiLU(W1 x) * W3 x)` of `Float[..., d_model]`."""
    del d_model, d_ff
    gate = functional.silu(functional.linear(in_features, w1_weight))
    return functional.linear(gate * functional.linear(in_features, w3_weight), w2_weight)


def run_cross_entropy(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of logits `Float[..., V]` for `targets` `Int[...]`."""
    return functional.cross_entropy(inputs.reshape(-1, inputs.shape[-1]), targets.reshape(-1))
