"""Attention tile by tile: what is kept for the backward pass grows with the tokens, not with their square."""

from __future__ import annotations

import math
from typing import Any

import torch

from .precision import widened

QUERIES = KEYS = 32  # rows and columns of a tile


class TiledAttention(torch.autograd.Function):
    """`softmax(q k^T / sqrt(D)) v` with an online softmax and a backward pass that computes it again.

    Source: Dao, "FlashAttention-2: Faster attention with better parallelism and work partitioning",
    2023, algorithms 1 and 2. `apply(q, k, v, is_causal)` saves q, k, v, the output and the log-sum-exp.
    """

    @staticmethod
    def forward(
        ctx: Any,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        is_causal: bool = False,  # noqa: FBT001, FBT002 - autograd hands on positions, never names
    ) -> torch.Tensor:
        """Return attention.

        Arguments:
            ctx: of autograd; its saved tensors include the log-sum-exp, `Float[B, Tq]`, float32 or wider.
            q: `Float[B, Tq, D]`.
            k: `Float[B, Tk, D]`.
            v: `Float[B, Tk, D]`.
            is_causal: a query sees only keys of no later position, both counted from the first.

        Returns:
            `Float[B, Tq, D]`, the dtype of `q`.
        """
        tiles = [
            _attend(q[..., start : start + QUERIES, :], k, v, start if is_causal else None)
            for start in range(0, q.shape[-2], QUERIES)
        ]
        output = torch.cat([out for out, _ in tiles], -2).to(q.dtype)
        ctx.save_for_backward(q, k, v, output, torch.cat([total for _, total in tiles], -1))
        ctx.is_causal = is_causal
        return output

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of q, k and v, of their dtypes, and None for `is_causal`."""
        q, k, v, output, log_sums = ctx.saved_tensors
        return *tiled_gradients(q, k, v, output, log_sums, grad_outputs[0], causal=ctx.is_causal), None


def tiled_gradients(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    output: torch.Tensor,
    log_sums: torch.Tensor,
    grad_output: torch.Tensor,
    *,
    causal: bool,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients of q, k and v, computing the attention weights of a tile at a time again.

    Arguments:
        q: `Float[..., Tq, D]`.
        k: `Float[..., Tk, D]`.
        v: `Float[..., Tk, D]`.
        output: of attention, `Float[..., Tq, D]`.
        log_sums: log-sum-exp of the scores, `Float[..., Tq]`.
        grad_output: upstream gradient, `Float[..., Tq, D]`.
        causal: whether `output` was computed so.
        mask: `Bool[..., Tq, Tk]` that `output` was computed with, True where a query may see a key.
    """
    wide_q, wide_k, wide_v, grad = (widened(each) for each in (q, k, v, grad_output))
    # Row by row the sum of P * dP is that of O * dO, which is at hand.
    through_sum = (widened(output) * grad).sum(-1, keepdim=True)
    grads = torch.zeros_like(wide_q), torch.zeros_like(wide_k), torch.zeros_like(wide_v)
    scale = 1 / math.sqrt(q.shape[-1])
    for start in range(0, q.shape[-2], QUERIES):
        rows = slice(start, start + QUERIES)
        last = rows.stop if causal else k.shape[-2]
        for first in range(0, min(last, k.shape[-2]), KEYS):
            columns = slice(first, min(first + KEYS, k.shape[-2]))
            scores = _tile(wide_q[..., rows, :], wide_k[..., columns, :], start if causal else None, first)
            if mask is not None:
                scores = scores.masked_fill(~mask[..., rows, columns], -math.inf)
            weights = torch.exp(scores - log_sums[..., rows, None])
            grad_weights = grad[..., rows, :] @ wide_v[..., columns, :].mT
            grad_scores = weights * (grad_weights - through_sum[..., rows, :]) * scale
            grads[0][..., rows, :] += grad_scores @ wide_k[..., columns, :]
            grads[1][..., columns, :] += grad_scores.mT @ wide_q[..., rows, :]
            grads[2][..., columns, :] += weights.mT @ grad[..., rows, :]
    return grads[0].to(q.dtype), grads[1].to(k.dtype), grads[2].to(v.dtype)


def _attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, start: int | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the output and the log-sum-exp of a tile of queries, whose first is `start` where causal."""
    wide = widened(q)
    largest = wide.new_full(wide.shape[:-1], -math.inf)
    total, sums = torch.zeros_like(largest), wide.new_zeros(*wide.shape[:-1], v.shape[-1])
    last = k.shape[-2] if start is None else min(k.shape[-2], start + q.shape[-2])
    for first in range(0, last, KEYS):
        columns = slice(first, min(first + KEYS, k.shape[-2]))
        scores = _tile(wide, widened(k[..., columns, :]), start, first)
        larger = torch.maximum(largest, scores.amax(-1))
        shrink, weights = torch.exp(largest - larger), torch.exp(scores - larger[..., None])
        total = total * shrink + weights.sum(-1)
        sums = sums * shrink[..., None] + weights @ widened(v[..., columns, :])
        largest = larger
    return sums / total[..., None], largest + torch.log(total)


def _tile(q: torch.Tensor, k: torch.Tensor, start: int | None, first: int) -> torch.Tensor:
    """Return the scores of a tile, -inf above the diagonal where `start` is the position of its first row."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if start is None:
        return scores
    rows = torch.arange(start, start + q.shape[-2], device=q.device)
    columns = torch.arange(first, first + k.shape[-2], device=q.device)
    return scores.masked_fill(columns > rows[:, None], -math.inf)
