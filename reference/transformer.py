"""A language model: embedding, pre-norm blocks of attention and SwiGLU, norm, head."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from .activations import swiglu
from .multihead import multihead_self_attention
from .normalisation import rms_norm
from .precision import widened

EPS = 1e-5


def transformer_block(
    x: torch.Tensor,
    weights: Mapping[str, torch.Tensor],
    *,
    heads: int,
    theta: float,
    positions: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return `y + FFN(norm y)` with `y = x + attention(norm x)`.

    Pre-norm: Xiong et al., "On layer normalization in the transformer architecture", 2020, figure 1b;
    with RMSNorm (eps 1e-5), rotary positions and SwiGLU as in Touvron et al., "LLaMA", 2023, section 2.2.

    Arguments:
        x: `Float[..., T, D]`.
        weights: `attn.{q,k,v,output}_proj.weight` `Float[D, D]`, `ln1.weight` and `ln2.weight`
            `Float[D]`, `ffn.w1.weight` and `ffn.w3.weight` `Float[F, D]`, `ffn.w2.weight` `Float[D, F]`.
        heads: divides D.
        theta: base of the frequencies of `rope`.
        positions: `Int[..., T]`; 0 to T - 1 where None.

    Returns:
        `Float[..., T, D]`, the dtype of `x`.
    """
    wide = widened(x)
    projections = (weights[f"attn.{name}_proj.weight"] for name in ("q", "k", "v", "output"))
    normed = rms_norm(wide, weights["ln1.weight"], eps=EPS)
    wide = wide + multihead_self_attention(
        normed, *projections, heads=heads, theta=theta, positions=positions
    )
    normed = rms_norm(wide, weights["ln2.weight"], eps=EPS)
    return (wide + swiglu(normed, *(weights[f"ffn.w{place}.weight"] for place in (1, 2, 3)))).to(x.dtype)


def transformer_lm(
    tokens: torch.Tensor,
    weights: Mapping[str, torch.Tensor],
    *,
    layers: int,
    heads: int,
    theta: float,
    positions: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the logits of each next token.

    Arguments:
        tokens: `Int[..., T]`.
        weights: `token_embeddings.weight` `Float[V, D]`, those of `transformer_block` behind
            `layers.{i}.`, `ln_final.weight` `Float[D]` and `lm_head.weight` `Float[V, D]`.
        layers: how many blocks.
        heads: of each block.
        theta: of each block.
        positions: of each block.

    Returns:
        `Float[..., T, V]`, the dtype of the embedding.
    """
    embedding = weights["token_embeddings.weight"]
    x = widened(embedding)[tokens]
    for layer in range(layers):
        prefix = f"layers.{layer}."
        own = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
        x = transformer_block(x, own, heads=heads, theta=theta, positions=positions)
    normed = rms_norm(x, weights["ln_final.weight"], eps=EPS)
    return (normed @ widened(weights["lm_head.weight"]).T).to(embedding.dtype)
