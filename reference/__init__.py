"""Reference implementations in plain PyTorch: the specification that every implementation is held to.

Each computes in float32 when given a narrower dtype and in the dtype of its arguments otherwise, and
rounds once, at the end, to the dtype of its first argument.
"""

from __future__ import annotations

from .delta_rule import gated_delta_decode, gated_delta_gates, gated_delta_prefill
from .delta_rule_chunks import chunked
from .normalisation import rms_norm, softmax
from .scaled_dot_product import attention

__all__ = [
    "attention",
    "chunked",
    "gated_delta_decode",
    "gated_delta_gates",
    "gated_delta_prefill",
    "rms_norm",
    "softmax",
]
