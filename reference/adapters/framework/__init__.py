"""The framework's own operations."""

from __future__ import annotations

from .attention import run_attention, run_scaled_dot_product_attention
from .elements import run_rmsnorm, run_softmax
from .training import get_adamw_cls, run_gradient_clipping

__all__ = [
    "get_adamw_cls",
    "run_attention",
    "run_gradient_clipping",
    "run_rmsnorm",
    "run_scaled_dot_product_attention",
    "run_softmax",
]
