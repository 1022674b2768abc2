"""The framework's own operations."""

from __future__ import annotations

from .attention import run_attention, run_grouped_attention, run_scaled_dot_product_attention
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
from .model import (
    run_multihead_self_attention,
    run_multihead_self_attention_with_rope,
    run_rope,
    run_transformer_block,
    run_transformer_lm,
)
from .randygpt import run_randygpt_adamw, run_randygpt_forward, run_randygpt_gradients
from .training import get_adamw_cls, run_gradient_clipping
from .transformer_layer import run_training_step, run_transformer_layer

__all__ = [
    "get_adamw_cls",
    "run_attention",
    "run_cross_entropy",
    "run_embedding",
    "run_gradient_clipping",
    "run_grouped_attention",
    "run_layernorm",
    "run_linear",
    "run_multihead_self_attention",
    "run_multihead_self_attention_with_rope",
    "run_randygpt_adamw",
    "run_randygpt_forward",
    "run_randygpt_gradients",
    "run_rmsnorm",
    "run_rope",
    "run_scaled_dot_product_attention",
    "run_silu",
    "run_softmax",
    "run_swiglu",
    "run_training_step",
    "run_transformer_block",
    "run_transformer_layer",
    "run_transformer_lm",
]
