"""The dtype to compute in."""

from __future__ import annotations

import torch


def widened(tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` in float32 if its dtype is narrower, else unchanged: float64 stays float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
