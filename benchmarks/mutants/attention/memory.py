"""Attention under a mask or none, wrong: tiles, memory, precision and gradients."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.attention.steps import (
    MASKED,
    answer,
    hidden,
    scores_of,
    wrong,
)


@wrong(MASKED)
def keys_padded_with_zeros(Q, K, V, mask=None):
    room = -K.shape[-2] % 16
    scores = F.pad(hidden(scores_of(Q, K), mask), (0, room))
    return answer(scores, F.pad(V, (0, 0, 0, room)), Q.dtype)


@wrong(MASKED)
def last_queries_not_written(Q, K, V, mask=None):
    out = answer(hidden(scores_of(Q, K), mask), V, Q.dtype)
    if Q.shape[-2] > 32:
        out[..., Q.shape[-2] // 32 * 32 :, :] = 0
    return out


@wrong(MASKED)
def online_without_rescaling(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    out, total, largest = 0, 0, torch.full_like(scores[..., :1], -math.inf)
    for first in range(0, K.shape[-2], 32):
        tile = scores[..., first : first + 32]
        largest = torch.maximum(largest, tile.amax(-1, keepdim=True))
        weights = (tile - largest.clamp(min=-1e30)).exp()
        out, total = (
            out + weights @ V.float()[..., first : first + 32, :],
            total + weights.sum(-1, keepdim=True),
        )
    return (out / total).to(Q.dtype)


@wrong(MASKED)
def only_four_dimensions(Q, K, V, mask=None):
    batch, heads, queries, _ = Q.shape
    return answer(hidden(scores_of(Q, K), mask), V, Q.dtype).reshape(batch, heads, queries, V.shape[-1])


@wrong(MASKED)
def scales_queries_in_place(Q, K, V, mask=None):
    Q = Q.mul_(Q.shape[-1] ** -0.5) if not Q.requires_grad else Q * Q.shape[-1] ** -0.5
    return answer(hidden(scores_of(Q, K, 1.0), mask), V, Q.dtype)


@wrong(MASKED)
def ignores_strides(Q, K, V, mask=None):
    def dense(x):
        return x.as_strided(x.shape, torch.empty(x.shape).stride())

    return answer(hidden(scores_of(dense(Q), dense(K)), mask), dense(V), Q.dtype)


@wrong(MASKED)
def detached(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask), V, Q.dtype).detach()


@wrong(MASKED)
def no_gradient_through_weights(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask).detach(), V, Q.dtype)


@wrong(MASKED)
def dropout_left_on(Q, K, V, mask=None):
    weights = F.dropout(torch.softmax(hidden(scores_of(Q, K), mask), -1), 0.1)
    return (weights @ V.float()).to(Q.dtype)


@wrong(MASKED)
def base_two_with_three_digits(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask) * 1.44
    weights = torch.exp2(scores - scores.amax(-1, keepdim=True))
    return (weights / weights.sum(-1, keepdim=True) @ V.float()).to(Q.dtype)


@wrong(MASKED)
def keys_of_the_first_sequence(Q, K, V, mask=None):
    first = K[:1].expand(K.shape) if K.ndim > 2 else K
    return answer(hidden(scores_of(Q, first), mask), V, Q.dtype)


@wrong(MASKED)
def scaled_by_a_whole_number(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K, 1 / math.isqrt(Q.shape[-1])), mask), V, Q.dtype)


@wrong(MASKED)
def best_32_keys_only(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    least = scores.topk(min(32, K.shape[-2]), -1).values[..., -1:]
    return answer(scores.masked_fill(scores < least, -math.inf), V, Q.dtype)


@wrong(MASKED)
def values_in_half(Q, K, V, mask=None):
    weights = torch.softmax(hidden(scores_of(Q, K), mask), -1)
    return (weights @ V.half().float()).to(Q.dtype)


@wrong(MASKED)
def maximum_of_hidden_keys_too(Q, K, V, mask=None):
    scores = scores_of(Q, K)
    weights = (hidden(scores, mask) - scores.amax(-1, keepdim=True)).exp()
    return (weights / weights.sum(-1, keepdim=True) @ V.float()).to(Q.dtype)


@wrong(MASKED)
def scores_clamped(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K).clamp(-50, 50), mask), V, Q.dtype)


@wrong(MASKED)
def eps_in_the_denominator(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    weights = (scores - scores.amax(-1, keepdim=True)).exp()
    return (weights / (weights.sum(-1, keepdim=True) + 1e-4) @ V.float()).to(Q.dtype)


@wrong(MASKED)
def a_key_of_zeros_more(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    return answer(F.pad(scores, (1, 0)), F.pad(V, (0, 0, 1, 0)), Q.dtype)


LAST: dict = {}


@wrong(MASKED)
def keys_kept_by_shape(Q, K, V, mask=None):
    kept = LAST.setdefault((tuple(K.shape), K.dtype), K.detach().clone())
    return answer(hidden(scores_of(Q, kept if not K.requires_grad else K), mask), V, Q.dtype)
