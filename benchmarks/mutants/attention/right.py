"""Attention, right in other ways."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.attention.steps import (
    CAUSAL,
    GROUPED,
    MASKED,
    Wrongly,
    answer,
    earlier,
    hidden,
    honest,
    scores_of,
)


@honest(MASKED)
def fused(Q, K, V, mask=None):
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


@honest(MASKED)
def mask_of_the_smallest_number(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask, torch.finfo(torch.float32).min), V, Q.dtype)


@honest(MASKED)
def by_einsum_and_scaled_queries(Q, K, V, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", Q.float() * Q.shape[-1] ** -0.5, K.float())
    weights = torch.softmax(hidden(scores, mask), -1)
    return torch.einsum("...qk,...kd->...qd", weights, V.float()).to(Q.dtype)


@honest(MASKED)
def divided_at_the_end(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    return (weights @ V.float() / weights.sum(-1, keepdim=True)).to(Q.dtype)


@honest(MASKED)
def float64_inside(Q, K, V, mask=None):
    scores = hidden(Q.double() @ K.double().mT / math.sqrt(Q.shape[-1]), mask)
    return (torch.softmax(scores, -1) @ V.double()).to(Q.dtype)


@honest(CAUSAL)
def key_by_key(q, k, v, *, causal):
    scores = hidden(scores_of(q, k), earlier(q, k) if causal else None)
    weights = torch.softmax(scores, -1)
    out = torch.zeros(*q.shape[:-1], v.shape[-1])
    for place in range(k.shape[-2]):
        out = out + weights[..., place : place + 1] * v[..., place : place + 1, :].float()
    return out.to(q.dtype)


@honest(CAUSAL)
def causal_fused(q, k, v, *, causal):
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)


@honest(CAUSAL)
def own_backward(q, k, v, *, causal):
    return Wrongly.apply(q, k, v, causal, "right")


@honest(GROUPED)
def groups_by_view(q, k, v, *, causal):
    batch, many, queries, width = q.shape
    groups = q.reshape(batch, k.shape[1], -1, queries, width)
    mask = earlier(q, k) if causal else None
    out = answer(hidden(scores_of(groups, k[:, :, None]), mask), v[:, :, None], q.dtype)
    return out.reshape(batch, many, queries, v.shape[-1])


@honest(GROUPED)
def groups_fused(q, k, v, *, causal):
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
