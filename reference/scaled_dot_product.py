"""Scaled dot-product attention."""

from __future__ import annotations

import math

import torch

from .normalisation import softmax
from .precision import widened


def attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    mask: torch.Tensor | None = None,
    causal: bool = False,
) -> torch.Tensor:
    """Return `softmax(q k^T / sqrt(Dk) + mask) v`.

    Source: Vaswani et al., "Attention is all you need", 2017, equation 1. A query that may see no key
    at all gives NaN.

    Arguments:
        q: `Float[..., Tq, Dk]`.
        k: `Float[..., Tk, Dk]`.
        v: `Float[..., Tk, Dv]`.
        mask: `Bool[..., Tq, Tk]`, True where a query may see a key; all of them where None.
        causal: a query sees only keys of no later position, both counted from the first.

    Returns:
        `Float[..., Tq, Dv]`, the dtype of `q`.
    """
    scores = widened(q) @ widened(k).transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        earlier = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
        mask = earlier if mask is None else mask & earlier
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return (softmax(scores, -1) @ widened(v)).to(q.dtype)
