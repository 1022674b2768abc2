"""What variants of attention are made of."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("attention")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
MASKED, CAUSAL, GROUPED = "run_scaled_dot_product_attention", "run_attention", "run_grouped_attention"


def scores_of(q, k, scale=None):
    return q.float() @ k.float().mT * (q.shape[-1] ** -0.5 if scale is None else scale)


def hidden(scores, mask, fill=-math.inf):
    return scores if mask is None else scores.masked_fill(~mask, fill)


def answer(scores, v, dtype, dim=-1):
    return (torch.softmax(scores, dim) @ v.float()).to(dtype)


def earlier(q, k, shift=0):
    return torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(shift)


class Wrongly(torch.autograd.Function):
    """Attention whose backward pass scales, sums or masks as it is told."""

    @staticmethod
    def forward(ctx, q, k, v, causal, how):
        """Return the right answer."""
        mask = earlier(q, k) if causal else None
        weights = torch.softmax(hidden(scores_of(q, k), mask), -1)
        ctx.save_for_backward(q, k, v, weights)
        ctx.how = how
        return (weights @ v.float()).to(q.dtype)

    @staticmethod
    def backward(ctx, grad):
        """Return gradients, wrong as `ctx.how` says."""
        q, k, v, weights = ctx.saved_tensors
        scale = q.shape[-1] ** -0.5
        grad_weights = grad.float() @ v.float().mT
        through_sum = (grad_weights * weights).sum(-1, keepdim=True)
        grad_scores = weights * (grad_weights - (0 if ctx.how == "no sum" else through_sum)) * scale
        if ctx.how == "bfloat16":
            grad_scores = grad_scores.bfloat16().float()
        grad_q, grad_k = grad_scores @ k.float(), grad_scores.mT @ q.float()
        if ctx.how == "k scale":
            grad_k = grad_k / scale
        grad_v = weights.mT @ grad.float()
        if ctx.how == "v of q":
            grad_v = torch.softmax(weights, -1).mT @ grad.float()
        return grad_q.to(q.dtype), grad_k.to(k.dtype), grad_v.to(v.dtype), None, None
