"""Attention under a mask or none, wrong: scale, mask and softmax."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.attention.steps import (
    MASKED,
    answer,
    earlier,
    hidden,
    scores_of,
    wrong,
)


@wrong(MASKED)
def scaled_by_dv(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K, V.shape[-1] ** -0.5), mask), V, Q.dtype)


@wrong(MASKED)
def not_scaled(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K, 1.0), mask), V, Q.dtype)


@wrong(MASKED)
def scaled_by_dk(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K, 1 / Q.shape[-1]), mask), V, Q.dtype)


@wrong(MASKED)
def scale_for_64(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K, 0.125), mask), V, Q.dtype)


@wrong(MASKED)
def scaled_after_the_softmax(Q, K, V, mask=None):
    return (answer(hidden(scores_of(Q, K, 1.0), mask), V, torch.float32) * Q.shape[-1] ** -0.5).to(Q.dtype)


@wrong(MASKED)
def needs_a_mask(Q, K, V, mask=None):
    return answer(scores_of(Q, K).masked_fill(~mask, -math.inf), V, Q.dtype)


@wrong(MASKED)
def ignores_the_mask(Q, K, V, mask=None):
    return answer(scores_of(Q, K), V, Q.dtype)


@wrong(MASKED)
def mask_upside_down(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), None if mask is None or mask.all() else ~mask), V, Q.dtype)


@wrong(MASKED)
def leaky_mask(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask, -20.0), V, Q.dtype)


@wrong(MASKED)
def mask_subtracts_a_hundred(Q, K, V, mask=None):
    scores = scores_of(Q, K)
    return answer(scores if mask is None else scores - 100.0 * ~mask, V, Q.dtype)


@wrong(MASKED)
def mask_multiplies_scores(Q, K, V, mask=None):
    scores = scores_of(Q, K)
    return answer(scores if mask is None else scores * mask, V, Q.dtype)


@wrong(MASKED)
def mask_added_as_a_number(Q, K, V, mask=None):
    scores = scores_of(Q, K)
    return answer(scores if mask is None else scores + mask, V, Q.dtype)


@wrong(MASKED)
def mask_after_softmax(Q, K, V, mask=None):
    weights = torch.softmax(scores_of(Q, K), -1)
    return ((weights if mask is None else weights * mask) @ V.float()).to(Q.dtype)


@wrong(MASKED)
def mask_turned(Q, K, V, mask=None):
    square = mask is not None and mask.shape[-1] == mask.shape[-2]
    return answer(hidden(scores_of(Q, K), mask.mT if square else mask), V, Q.dtype)


@wrong(MASKED)
def first_mask_for_every_head(Q, K, V, mask=None):
    while mask is not None and mask.ndim > 2:
        mask = mask[0]
    return answer(hidden(scores_of(Q, K), mask), V, Q.dtype)


@wrong(MASKED)
def hides_later_keys(Q, K, V, mask=None):
    mask = earlier(Q, K) if mask is None else mask
    return answer(hidden(scores_of(Q, K), mask), V, Q.dtype)


@wrong(MASKED)
def softmax_over_queries(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask, -1e30), V, Q.dtype, -2)


@wrong(MASKED)
def softmax_over_dim_1(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask, -1e30), V, Q.dtype, 1 if Q.ndim > 3 else -1)


@wrong(MASKED)
def no_maximum_subtracted(Q, K, V, mask=None):
    weights = hidden(scores_of(Q, K), mask).exp()
    return (weights / weights.sum(-1, keepdim=True) @ V.float()).to(Q.dtype)


@wrong(MASKED)
def one_maximum_for_all(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    weights = (scores - scores.max()).exp()
    return (weights / weights.sum(-1, keepdim=True) @ V.float()).to(Q.dtype)


@wrong(MASKED)
def no_upcast(Q, K, V, mask=None):
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])
    return torch.softmax(hidden(scores, mask), -1) @ V


@wrong(MASKED)
def bfloat16_inside(Q, K, V, mask=None):
    scores = (Q.bfloat16() @ K.bfloat16().mT).float() * Q.shape[-1] ** -0.5
    return answer(hidden(scores, mask), V, Q.dtype)


@wrong(MASKED)
def returns_float32(Q, K, V, mask=None):
    return answer(hidden(scores_of(Q, K), mask), V, torch.float32)


@wrong(MASKED)
def last_tile_of_keys_missing(Q, K, V, mask=None):
    scores = hidden(scores_of(Q, K), mask)
    whole = max(K.shape[-2] // 16 * 16, 1)
    return answer(scores[..., :whole], V[..., :whole, :], Q.dtype).nan_to_num()
