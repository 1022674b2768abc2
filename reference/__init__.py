"""Reference implementations in plain PyTorch: the specification that every implementation is held to.

Each computes in float32 when given a narrower dtype and in the dtype of its arguments otherwise, and
rounds once, at the end, to the dtype of its first argument.
"""

from __future__ import annotations

from .activations import silu, swiglu
from .adamw import VERSIONS, AdamW, AdamWVersion, adamw_step, adamw_steps
from .batches import token_batch
from .bdh import bdh, bdh_block, bdh_recurrent, linear_attention, rotated, rotation_tables
from .bdh_models import BDH, BDHHRM, BDHConfig
from .bpe import train_bpe
from .bpe_by_counting import train_bpe_by_counting
from .checkpoints import load_checkpoint, save_checkpoint
from .clipping import clip_gradients, clipped
from .cross_entropy_loss import cross_entropy
from .delta_rule import gated_delta_decode, gated_delta_gates, gated_delta_prefill
from .delta_rule_chunks import chunked
from .hrm import bdh_hrm, hrm_loop
from .multihead import multihead_self_attention
from .normalisation import layer_norm, rms_norm, softmax
from .precision import widened
from .pretokens import pretokens, split
from .projections import embedding, linear
from .randygpt import GPTSize, from_order, in_order, initial_weights, loss_and_gradients, preset, randygpt
from .randygpt_checkpoint import Checkpoint, checkpoint_bytes, loaded, saved
from .randygpt_training import RandyGPT, adamw, learning_rate
from .rotary import rope, rope_from_tables, rope_tables
from .scaled_dot_product import attention, attention_log_sum_exp, grouped_attention
from .schedules import warmup_cosine
from .tiled_attention import TiledAttention
from .tokenizer import Tokenizer
from .transformer import transformer_block, transformer_lm
from .transformer_layer import (
    attention_batched,
    attention_by_head,
    attention_fused,
    training_step,
    transformer_layer,
)

__all__ = [
    "BDH",
    "BDHHRM",
    "VERSIONS",
    "AdamW",
    "AdamWVersion",
    "BDHConfig",
    "Checkpoint",
    "GPTSize",
    "RandyGPT",
    "TiledAttention",
    "Tokenizer",
    "adamw",
    "adamw_step",
    "adamw_steps",
    "attention",
    "attention_batched",
    "attention_by_head",
    "attention_fused",
    "attention_log_sum_exp",
    "bdh",
    "bdh_block",
    "bdh_hrm",
    "bdh_recurrent",
    "checkpoint_bytes",
    "chunked",
    "clip_gradients",
    "clipped",
    "cross_entropy",
    "embedding",
    "from_order",
    "gated_delta_decode",
    "gated_delta_gates",
    "gated_delta_prefill",
    "grouped_attention",
    "hrm_loop",
    "in_order",
    "initial_weights",
    "layer_norm",
    "learning_rate",
    "linear",
    "linear_attention",
    "load_checkpoint",
    "loaded",
    "loss_and_gradients",
    "multihead_self_attention",
    "preset",
    "pretokens",
    "randygpt",
    "rms_norm",
    "rope",
    "rope_from_tables",
    "rope_tables",
    "rotated",
    "rotation_tables",
    "save_checkpoint",
    "saved",
    "silu",
    "softmax",
    "split",
    "swiglu",
    "token_batch",
    "train_bpe",
    "train_bpe_by_counting",
    "training_step",
    "transformer_block",
    "transformer_layer",
    "transformer_lm",
    "warmup_cosine",
    "widened",
]
