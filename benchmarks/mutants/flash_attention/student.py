"""Attention as an autograd function: one student's code, whose steps can be replaced one by one."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("flash_attention")
OPERATION = "get_flashattention_autograd_function_pytorch"
TILE = 16


class Student:
    """The steps of both passes; each can be replaced."""

    def scale(self, q):
        return q.shape[-1] ** -0.5

    def causal(self, causal):
        return causal

    def hidden(self, scores, first, causal):
        if not causal:
            return scores
        rows = torch.arange(scores.shape[-2])[:, None]
        return scores.masked_fill(
            self.is_later(rows, first + torch.arange(scores.shape[-1]), scores), -math.inf
        )

    def is_later(self, rows, columns, scores):
        return columns > rows

    def keys(self, count):
        return range(0, count, TILE)

    def rescale(self, old, new):
        return (old - new).exp()

    def widen(self, x):
        return x.float() if x.dtype != torch.float64 else x

    def online(self, q, k, v, causal):
        q, k, v = self.widen(q), self.widen(k), self.widen(v)
        largest = q.new_full(q.shape[:-1], -math.inf)
        total, out = torch.zeros_like(largest), torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype)
        for first in self.keys(k.shape[-2]):
            scores = q @ k[:, first : first + TILE].mT * self.scale(q)
            scores = self.hidden(scores, first, causal)
            larger = torch.maximum(largest, scores.amax(-1))
            weights = (scores - larger[..., None]).exp()
            shrink = self.rescale(largest, larger)
            total = total * shrink + weights.sum(-1)
            out = out * self.shrink_output(shrink)[..., None] + weights @ v[:, first : first + TILE]
            largest = larger
        return self.finish(out, total), self.log_sums(largest, total)

    def shrink_output(self, shrink):
        return shrink

    def finish(self, out, total):
        return out / total[..., None]

    def log_sums(self, largest, total):
        return largest + total.log()

    def save(self, ctx, q, k, v, out, sums):
        ctx.save_for_backward(q, k, v, out, sums)

    def saved(self, ctx):
        return ctx.saved_tensors

    def rounded(self, out, q):
        return out.to(q.dtype)

    def forward(self, ctx, q, k, v, is_causal):
        causal = self.causal(is_causal)
        out, sums = self.online(q, k, v, causal)
        out = self.rounded(out, q)
        self.save(ctx, q, k, v, out, sums)
        ctx.is_causal = causal
        return out

    def weights(self, q, k, sums, causal):
        scores = self.hidden(self.widen(q) @ self.widen(k).mT * self.scale(q), 0, causal)
        return (scores - sums[..., None]).exp()

    def through_sum(self, out, grad, weights, grad_weights):
        return (self.widen(out) * self.widen(grad)).sum(-1, keepdim=True)

    def grad_scores(self, weights, grad_weights, through_sum):
        return weights * (grad_weights - through_sum)

    def grads(self, q, k, v, grad, weights, grad_scores):
        scaled = grad_scores * self.scale(q)
        return scaled @ self.widen(k), scaled.mT @ self.widen(q), weights.mT @ self.widen(grad)

    def backward(self, ctx, grad):
        q, k, v, out, sums = self.saved(ctx)
        weights = self.weights(q, k, sums, self.backward_causal(ctx))
        grad_weights = self.widen(grad) @ self.widen(v).mT
        grad_scores = self.grad_scores(
            weights, grad_weights, self.through_sum(out, grad, weights, grad_weights)
        )
        grads = self.grads(q, k, v, grad, weights, grad_scores)
        return *(each.to(q.dtype) for each in grads), None

    def backward_causal(self, ctx):
        return ctx.is_causal


def function(own):
    """Return an autograd function of a student's two passes."""

    class Function(torch.autograd.Function):
        forward = staticmethod(own.forward)
        backward = staticmethod(own.backward)

    return Function


def student(name, *, honest=False, **steps):
    """Register a student who does these steps otherwise."""
    made = function(type(name, (Student,), steps)())
    register = VARIANTS.honest_set if honest else VARIANTS.wrong_set
    register(name, **{OPERATION: lambda: made})
