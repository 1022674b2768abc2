"""The framework's own operations."""

from __future__ import annotations

from .attention import (
    run_attention,
    run_grouped_attention,
    run_scaled_dot_product_attention,
)
from .elements import run_rmsnorm, run_softmax
from .model import (
    run_multihead_self_attention,
    run_multihead_self_attention_with_rope,
    run_rope,
    run_transformer_block,
    run_transformer_lm,
)

__all__ = [
    "run_attention",
    "run_grouped_attention",
    "run_multihead_self_attention",
    "run_multihead_self_attention_with_rope",
    "run_rmsnorm",
    "run_rope",
    "run_scaled_dot_product_attention",
    "run_softmax",
    "run_transformer_block",
    "run_transformer_lm",
]
