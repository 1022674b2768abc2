"""Operations on rows: normalisation, activations, look-ups, linear maps and the loss."""

from __future__ import annotations

import torch

from ...activations import silu, swiglu
from ...cross_entropy_loss import cross_entropy
from ...normalisation import layer_norm, rms_norm, softmax
from ...projections import embedding, linear


def run_softmax(in_features: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the softmax of `Float[...]` along `dim`."""
    return softmax(in_features, dim)


def run_rmsnorm(d_model: int, eps: float, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_model]` divided by its root mean square, times `weights` `Float[d_model]`."""
    del d_model
    return rms_norm(in_features, weights, eps=eps)


def run_layernorm(
    d_model: int,
    eps: float,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    in_features: torch.Tensor,
) -> torch.Tensor:
    """Return `Float[..., d_model]` without its mean, divided by its spread, times `weight`, plus `bias`."""
    del d_model
    return layer_norm(in_features, weight, bias, eps=eps)


def run_linear(d_in: int, d_out: int, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_in]` times the transpose of `weights` `Float[d_out, d_in]`."""
    del d_in, d_out
    return linear(in_features, weights)


def run_embedding(
    vocab_size: int, d_model: int, weights: torch.Tensor, token_ids: torch.Tensor
) -> torch.Tensor:
    """Return the rows of `weights` `Float[vocab_size, d_model]` that `token_ids` `Int[...]` name."""
    del vocab_size, d_model
    return embedding(weights, token_ids)


def run_silu(in_features: torch.Tensor) -> torch.Tensor:
    """Return `x * sigmoid(x)` of `Float[...]`."""
    return silu(in_features)


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
    return swiglu(in_features, w1_weight, w2_weight, w3_weight)


def run_cross_entropy(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of logits `Float[..., V]` for `targets` `Int[...]`."""
    return cross_entropy(inputs, targets)
