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
    scores = attention_scores(q, k, mask=mask, causal=causal)
    return (softmax(scores, -1) @ widened(v)).to(q.dtype)


def grouped_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool = False
) -> torch.Tensor:
    """Return attention in which several heads of queries share a head of keys and values.

    Query head `h` attends with key head `h // (Hq / Hkv)`: neighbours share. Source: Ainslie et al.,
    "GQA: Training generalized multi-query transformer models", 2023, section 2.2.

    Arguments:
        q: `Float[..., Hq, Tq, Dk]`.
        k: `Float[..., Hkv, Tk, Dk]`.
        v: `Float[..., Hkv, Tk, Dv]`.
        causal: as in `attention`.

    Returns:
        `Float[..., Hq, Tq, Dv]`, the dtype of `q`.

    Raises:
        ValueError: Hq is no multiple of Hkv.
    """
    share, rest = divmod(q.shape[-3], k.shape[-3])
    if rest:
        msg = f"{q.shape[-3]} heads of queries cannot share {k.shape[-3]} heads of keys evenly"
        raise ValueError(msg)
    repeated = (each.repeat_interleave(share, -3) for each in (k, v))
    return attention(q, *repeated, causal=causal)


def attention_scores(
    q: torch.Tensor, k: torch.Tensor, *, mask: torch.Tensor | None = None, causal: bool = False
) -> torch.Tensor:
    """Return `q k^T / sqrt(Dk)`, -inf where a query may not see a key; arguments as in `attention`.

    Returns:
        `Float[..., Tq, Tk]`, float32 or wider.
    """
    scores = widened(q) @ widened(k).transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        earlier = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
        mask = earlier if mask is None else mask & earlier
    return scores if mask is None else scores.masked_fill(~mask, -math.inf)


def attention_log_sum_exp(q: torch.Tensor, k: torch.Tensor, *, causal: bool = False) -> torch.Tensor:
    """Return `log sum exp` of the scores of each query, which is all that a backward pass needs of them.

    Source: Dao, "FlashAttention-2", 2023, section 3.1. Arguments as in `attention`.

    Returns:
        `Float[..., Tq]`, float32 or wider.
    """
    return torch.logsumexp(attention_scores(q, k, causal=causal), -1)


def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return softmax attention of `Float[..., T, D]`; a token sees itself and those before it.

    Unlike `attention` it computes in the dtype of its arguments throughout, so that what half precision does
    to a plain form can be seen.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
    return torch.softmax(scores.masked_fill(later, -math.inf), -1) @ v
