"""The framework's own operations."""

from __future__ import annotations

from .attention import run_attention, run_scaled_dot_product_attention
from .elements import run_rmsnorm, run_softmax

__all__ = ["run_attention", "run_rmsnorm", "run_scaled_dot_product_attention", "run_softmax"]
