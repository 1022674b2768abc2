"""The references themselves, written out step by step."""

from __future__ import annotations

from .attention import run_attention, run_scaled_dot_product_attention
from .delta_rule import run_gdn_decode, run_gdn_prefill, run_gdn_prefill_differentiable
from .elements import run_rmsnorm, run_softmax

__all__ = [
    "run_attention",
    "run_gdn_decode",
    "run_gdn_prefill",
    "run_gdn_prefill_differentiable",
    "run_rmsnorm",
    "run_scaled_dot_product_attention",
    "run_softmax",
]
