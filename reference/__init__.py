"""Reference implementations in plain PyTorch: the specification that every implementation is held to.

Each computes in float32 when given a narrower dtype and in the dtype of its arguments otherwise, and
rounds once, at the end, to the dtype of its first argument.
"""

from __future__ import annotations

from .activations import silu, swiglu
from .cross_entropy_loss import cross_entropy
from .normalisation import layer_norm, rms_norm, softmax
from .projections import embedding, linear
from .scaled_dot_product import attention

__all__ = [
    "attention",
    "cross_entropy",
    "embedding",
    "layer_norm",
    "linear",
    "rms_norm",
    "silu",
    "softmax",
    "swiglu",
]
