"""Operations on rows."""

from __future__ import annotations

import torch

from ...kernels.rms_norm import rms_norm
from ...kernels.softmax import softmax


def run_softmax(in_features: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the softmax of `Float[...]` along `dim`."""
    return softmax(in_features, dim)


def run_rmsnorm(d_model: int, eps: float, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_model]` divided by its root mean square, times `weights` `Float[d_model]`."""
    del d_model
    return rms_norm(in_features, weights, eps=eps)
