"""Triton kernels; without a GPU Triton's interpreter runs them, which says nothing about their speed."""

from __future__ import annotations

from ...kernels.mode import interpreted
from .attention import (
    get_flashattention_autograd_function_triton,
    run_attention,
    run_grouped_attention,
    run_scaled_dot_product_attention,
)
from .delta_rule import run_gdn_decode
from .elements import run_rmsnorm, run_softmax

INTERPRETED = interpreted()

__all__ = [
    "get_flashattention_autograd_function_triton",
    "run_attention",
    "run_gdn_decode",
    "run_grouped_attention",
    "run_rmsnorm",
    "run_scaled_dot_product_attention",
    "run_softmax",
]
