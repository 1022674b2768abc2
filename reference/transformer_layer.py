"""One transformer layer in three forms, and a training step: what the fused-attention entry compares.

    x = x + Wo attention(Wq n, Wk n, Wv n)      n = layer norm of x
    x = x + W2 relu(W1 n)                       n = layer norm of the new x

Norms have weight and bias, matrices are `[out, in]` without bias, attention is causal. The three forms of
attention compute the same; they differ in how many operations they need and in what they keep for the
backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch
from torch.nn import functional

from .scaled_dot_product import causal_attention

LayerWeights: TypeAlias = Mapping[str, torch.Tensor]
HeadedAttention: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, int], torch.Tensor]
EPS = 1e-5


def attention_by_head(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int) -> torch.Tensor:
    """Return causal attention of `Float[B, T, D]`, one head after the other in a Python loop."""
    parts = zip(q.chunk(heads, -1), k.chunk(heads, -1), v.chunk(heads, -1), strict=True)
    return torch.cat([causal_attention(*part) for part in parts], -1)


def attention_batched(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int) -> torch.Tensor:
    """Return causal attention of `Float[B, T, D]`, all heads in one matrix product each."""
    q, k, v = (_by_head(each, heads) for each in (q, k, v))
    return causal_attention(q, k, v).transpose(-3, -2).flatten(-2)


def attention_fused(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int) -> torch.Tensor:
    """Return causal attention of `Float[B, T, D]` by the framework's fused operation."""
    q, k, v = (_by_head(each, heads) for each in (q, k, v))
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(-3, -2).flatten(-2)


def transformer_layer(
    weights: LayerWeights, x: torch.Tensor, *, heads: int, attention: HeadedAttention = attention_batched
) -> torch.Tensor:
    """Return one layer of x `Float[B, T, D]`.

    Arguments:
        weights: `wq`, `wk`, `wv`, `wo` `Float[D, D]`, `w1` `Float[F, D]`, `w2` `Float[D, F]`, and
            `norm1_weight`, `norm1_bias`, `norm2_weight`, `norm2_bias` `Float[D]`.
        x: any B and T.
        heads: divides D.
        attention: one of the three forms.
    """
    near = _normed(weights, "norm1", x)
    attended = attention(near @ weights["wq"].mT, near @ weights["wk"].mT, near @ weights["wv"].mT, heads)
    x = x + attended @ weights["wo"].mT
    near = _normed(weights, "norm2", x)
    return x + torch.relu(near @ weights["w1"].mT) @ weights["w2"].mT


def training_step(
    embedding: torch.Tensor,
    layers: Sequence[LayerWeights],
    tokens: torch.Tensor,
    *,
    heads: int,
    rate: float,
    attention: HeadedAttention = attention_batched,
) -> tuple[torch.Tensor, ...]:
    """Return the loss of predicting each next token, and all weights after one step of plain descent.

    Logits are `x embedding^T`. The order of the weights is the embedding, then those of each layer in the
    order of its names.

    Arguments:
        embedding: `Float[V, D]`.
        layers: weights as in `transformer_layer`.
        tokens: `Int[B, T + 1]`.
        heads: of each layer.
        rate: the learning rate.
        attention: one of the three forms.
    """
    names = [sorted(layer) for layer in layers]
    given = [embedding, *(layer[name] for layer, own in zip(layers, names, strict=True) for name in own)]
    leaves = [each.detach().clone().requires_grad_() for each in given]
    with torch.enable_grad():
        x, place = leaves[0][tokens[:, :-1]], 1
        for own in names:
            weights = dict(zip(own, leaves[place : place + len(own)], strict=True))
            x = transformer_layer(weights, x, heads=heads, attention=attention)
            place += len(own)
        logits = x @ leaves[0].mT
        loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        gradients = torch.autograd.grad(loss, leaves)
    moved = [leaf.detach() - rate * gradient for leaf, gradient in zip(leaves, gradients, strict=True)]
    return loss.detach(), *moved


def _by_head(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads).transpose(-3, -2)


def _normed(weights: LayerWeights, name: str, x: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(x, x.shape[-1:], weights[f"{name}_weight"], weights[f"{name}_bias"], EPS)
