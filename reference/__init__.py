"""Reference implementations in plain PyTorch: the specification that every implementation is held to.

Each computes in float32 when given a narrower dtype and in the dtype of its arguments otherwise, and
rounds once, at the end, to the dtype of its first argument.
"""

from __future__ import annotations

from .adamw import VERSIONS, AdamW, AdamWVersion, adamw_step, adamw_steps
from .batches import token_batch
from .bpe import train_bpe
from .bpe_by_counting import train_bpe_by_counting
from .checkpoints import load_checkpoint, save_checkpoint
from .clipping import clip_gradients, clipped
from .normalisation import rms_norm, softmax
from .pretokens import pretokens, split
from .scaled_dot_product import attention
from .schedules import warmup_cosine
from .tokenizer import Tokenizer

__all__ = [
    "VERSIONS",
    "AdamW",
    "AdamWVersion",
    "Tokenizer",
    "adamw_step",
    "adamw_steps",
    "attention",
    "clip_gradients",
    "clipped",
    "load_checkpoint",
    "pretokens",
    "rms_norm",
    "save_checkpoint",
    "softmax",
    "split",
    "token_batch",
    "train_bpe",
    "train_bpe_by_counting",
    "warmup_cosine",
]
