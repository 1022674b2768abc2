"""The references themselves, written out step by step."""

from __future__ import annotations

import torch

from ..normalisation import rms_norm, softmax
from ..scaled_dot_product import attention


def run_softmax(in_features: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the softmax of `Float[...]` along `dim`."""
    return softmax(in_features, dim)


def run_rmsnorm(d_model: int, eps: float, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_model]` divided by its root mean square, times `weights` `Float[d_model]`."""
    del d_model
    return rms_norm(in_features, weights, eps=eps)


def run_scaled_dot_product_attention(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return attention of `Float[..., T, D]`; `mask` `Bool[..., Tq, Tk]` is True for a key to see."""
    return attention(Q, K, V, mask=mask)


def run_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return attention of `Float[B, H, T, D]`, causal or not."""
    return attention(q, k, v, causal=causal)
