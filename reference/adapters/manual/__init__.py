"""The references themselves, written out step by step."""

from __future__ import annotations

from .attention import (
    get_flashattention_autograd_function_pytorch,
    run_attention,
    run_grouped_attention,
    run_scaled_dot_product_attention,
)
from .bdh import (
    run_bdh,
    run_bdh_attention,
    run_bdh_block,
    run_bdh_hrm,
    run_bdh_recurrent,
    run_bdh_rope,
    run_hrm_loop,
)
from .delta_rule import run_gdn_decode, run_gdn_prefill, run_gdn_prefill_differentiable
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
from .randygpt import (
    run_randygpt_adamw,
    run_randygpt_forward,
    run_randygpt_gradients,
    run_randygpt_init,
    run_randygpt_load,
    run_randygpt_lr,
    run_randygpt_save,
)
from .tokenizer import get_tokenizer, run_train_bpe
from .training import (
    get_adamw_cls,
    run_get_batch,
    run_get_lr_cosine_schedule,
    run_gradient_clipping,
    run_load_checkpoint,
    run_save_checkpoint,
)
from .transformer_layer import run_training_step, run_transformer_layer

__all__ = [
    "get_adamw_cls",
    "get_flashattention_autograd_function_pytorch",
    "get_tokenizer",
    "run_attention",
    "run_bdh",
    "run_bdh_attention",
    "run_bdh_block",
    "run_bdh_hrm",
    "run_bdh_recurrent",
    "run_bdh_rope",
    "run_cross_entropy",
    "run_embedding",
    "run_gdn_decode",
    "run_gdn_prefill",
    "run_gdn_prefill_differentiable",
    "run_get_batch",
    "run_get_lr_cosine_schedule",
    "run_gradient_clipping",
    "run_grouped_attention",
    "run_hrm_loop",
    "run_layernorm",
    "run_linear",
    "run_load_checkpoint",
    "run_multihead_self_attention",
    "run_multihead_self_attention_with_rope",
    "run_randygpt_adamw",
    "run_randygpt_forward",
    "run_randygpt_gradients",
    "run_randygpt_init",
    "run_randygpt_load",
    "run_randygpt_lr",
    "run_randygpt_save",
    "run_rmsnorm",
    "run_rope",
    "run_save_checkpoint",
    "run_scaled_dot_product_attention",
    "run_silu",
    "run_softmax",
    "run_swiglu",
    "run_train_bpe",
    "run_training_step",
    "run_transformer_block",
    "run_transformer_layer",
    "run_transformer_lm",
]
