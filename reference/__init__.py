"""Reference implementations in plain PyTorch: the specification that every implementation is held to.

Each computes in float32 when given a narrower dtype and in the dtype of its arguments otherwise, and
rounds once, at the end, to the dtype of its first argument.
"""

from __future__ import annotations

from .multihead import multihead_self_attention
from .normalisation import rms_norm, softmax
from .rotary import rope, rope_from_tables, rope_tables
from .scaled_dot_product import attention, attention_log_sum_exp, grouped_attention
from .tiled_attention import TiledAttention
from .transformer import transformer_block, transformer_lm

__all__ = [
    "TiledAttention",
    "attention",
    "attention_log_sum_exp",
    "grouped_attention",
    "multihead_self_attention",
    "rms_norm",
    "rope",
    "rope_from_tables",
    "rope_tables",
    "softmax",
    "transformer_block",
    "transformer_lm",
]
