"""The framework's own operations."""

from __future__ import annotations

from .attention import run_attention, run_scaled_dot_product_attention
from .elements import run_rmsnorm, run_softmax
from .randygpt import run_randygpt_adamw, run_randygpt_forward, run_randygpt_gradients
from .transformer_layer import run_bolt_layer, run_bolt_training_step

__all__ = [
    "run_attention",
    "run_bolt_layer",
    "run_bolt_training_step",
    "run_randygpt_adamw",
    "run_randygpt_forward",
    "run_randygpt_gradients",
    "run_rmsnorm",
    "run_scaled_dot_product_attention",
    "run_softmax",
]
