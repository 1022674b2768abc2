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


def with_weights_cast(scores, v):
    """Return what tensor cores give: they take the weights in the dtype of the values."""
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    return (weights.to(v.dtype).float() @ v.float() / weights.sum(-1, keepdim=True)).to(v.dtype)


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
def weights_cast_for_the_product(Q, K, V, mask=None):
    return with_weights_cast(hidden(scores_of(Q, K), mask), V)


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


def by_tiles(q, k, v, causal, size):
    """Weigh each tile by the largest score so far; return the answer and each row's log-sum-exp."""
    scores = hidden(scores_of(q, k), earlier(q, k) if causal else None)
    largest = scores.new_full((*scores.shape[:-1], 1), -math.inf)
    total, summed = torch.zeros_like(largest), torch.zeros(*scores.shape[:-1], v.shape[-1])
    for part, values in zip(scores.split(size, -1), v.split(size, -2), strict=True):
        now = torch.maximum(largest, part.amax(-1, keepdim=True))
        weights, kept = (part - now).exp(), (largest - now).exp()
        total = total * kept + weights.sum(-1, keepdim=True)
        summed = summed * kept + weights.to(v.dtype).float() @ values.float()
        largest = now
    return (summed / total).to(q.dtype), largest + total.log()


class TilesBack(torch.autograd.Function):
    """Attention whose gradients are summed in tiles too, of factors cast as tensor cores take them."""

    @staticmethod
    def forward(ctx, q, k, v, causal, size):
        out, sums = by_tiles(q, k, v, causal, size)
        ctx.save_for_backward(q, k, v, out, sums)
        ctx.causal, ctx.size = causal, size
        return out

    @staticmethod
    def backward(ctx, grad):
        q, k, v, out, sums = ctx.saved_tensors
        scores = hidden(scores_of(q, k), earlier(q, k) if ctx.causal else None)
        through_sum = (grad.float() * out.float()).sum(-1, keepdim=True)
        grad_q, grads_k, grads_v = torch.zeros(q.shape), [], []
        tiles = (scores.split(ctx.size, -1), k.split(ctx.size, -2), v.split(ctx.size, -2))
        for part, keys, values in zip(*tiles, strict=True):
            weights = (part - sums).exp()
            grad_scores = (weights * (grad.float() @ values.float().mT - through_sum)).to(q.dtype).float()
            grad_q += grad_scores @ keys.float()
            grads_k.append(grad_scores.mT @ q.float())
            grads_v.append(weights.to(v.dtype).float().mT @ grad.float())
        scale = q.shape[-1] ** -0.5
        grad_k, grad_v = (torch.cat(each, -2) for each in (grads_k, grads_v))
        return (grad_q * scale).to(q.dtype), (grad_k * scale).to(k.dtype), grad_v.to(v.dtype), None, None


@honest(CAUSAL)
def tiles_with_weights_cast(q, k, v, *, causal, size=8):
    return by_tiles(q, k, v, causal, size)[0]


@honest(CAUSAL)
def tiles_forward_and_back(q, k, v, *, causal, size=8):
    return TilesBack.apply(q, k, v, causal, size)


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


@honest(GROUPED)
def groups_weights_cast_for_the_product(q, k, v, *, causal):
    repeated = [each.repeat_interleave(q.shape[1] // k.shape[1], 1) for each in (k, v)]
    scores = scores_of(q, repeated[0])
    return with_weights_cast(hidden(scores, earlier(q, k) if causal else None), repeated[1])
