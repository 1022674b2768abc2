"""The references themselves, written out step by step."""

from __future__ import annotations

from .attention import run_attention, run_scaled_dot_product_attention
from .elements import run_rmsnorm, run_softmax
from .tokenizer import get_tokenizer, run_train_bpe
from .training import (
    get_adamw_cls,
    run_get_batch,
    run_get_lr_cosine_schedule,
    run_gradient_clipping,
    run_load_checkpoint,
    run_save_checkpoint,
)

__all__ = [
    "get_adamw_cls",
    "get_tokenizer",
    "run_attention",
    "run_get_batch",
    "run_get_lr_cosine_schedule",
    "run_gradient_clipping",
    "run_load_checkpoint",
    "run_rmsnorm",
    "run_save_checkpoint",
    "run_scaled_dot_product_attention",
    "run_softmax",
    "run_train_bpe",
]
