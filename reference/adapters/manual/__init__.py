"""The references themselves, written out step by step."""

from __future__ import annotations

from .attention import run_attention, run_scaled_dot_product_attention
from .elements import (
    run_cross_entropy,
    run_embedding,
    run_layernorm,
    run_linear,
    run_rmsnorm,
    run_silu,
    run_softmax,
    run_swiglu,
)

__all__ = [
    "run_attention",
    "run_cross_entropy",
    "run_embedding",
    "run_layernorm",
    "run_linear",
    "run_rmsnorm",
    "run_scaled_dot_product_attention",
    "run_silu",
    "run_softmax",
    "run_swiglu",
]
