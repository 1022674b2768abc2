"""Attention, wrong and right: under a mask, causal, and with heads that share keys."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

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


@wrong(CAUSAL)
def never_causal(q, k, v, *, causal):
    return answer(scores_of(q, k), v, q.dtype)


@wrong(CAUSAL)
def sees_one_token_more(q, k, v, *, causal):
    return answer(hidden(scores_of(q, k), earlier(q, k, 1) if causal else None), v, q.dtype)


@wrong(CAUSAL)
def does_not_see_itself(q, k, v, *, causal):
    mask = earlier(q, k, -1)
    mask[0, 0] = True
    return answer(hidden(scores_of(q, k), mask if causal else None), v, q.dtype)


@wrong(CAUSAL)
def aligned_to_the_last_key(q, k, v, *, causal):
    shift = max(k.shape[-2] - q.shape[-2], 0)
    return answer(hidden(scores_of(q, k), earlier(q, k, shift) if causal else None), v, q.dtype)


@wrong(CAUSAL)
def sees_later_tokens_only(q, k, v, *, causal):
    mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).triu()
    mask[:, -1] = True
    return answer(hidden(scores_of(q, k), mask if causal else None), v, q.dtype)


@wrong(CAUSAL)
def causal_by_whole_tiles(q, k, v, *, causal):
    rows, columns = (torch.arange(each.shape[-2]) // 16 for each in (q, k))
    return answer(hidden(scores_of(q, k), columns <= rows[:, None] if causal else None), v, q.dtype)


@wrong(CAUSAL)
def leaks_a_little(q, k, v, *, causal):
    return answer(hidden(scores_of(q, k), earlier(q, k) if causal else None, -10.0), v, q.dtype)


@wrong(CAUSAL)
def window_of_32(q, k, v, *, causal):
    return answer(hidden(scores_of(q, k), earlier(q, k).triu(-31) if causal else None), v, q.dtype)


@wrong(CAUSAL)
def always_causal(q, k, v, *, causal):
    return answer(hidden(scores_of(q, k), earlier(q, k)), v, q.dtype)


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


@wrong(CAUSAL)
def gradient_without_the_sum(q, k, v, *, causal):
    return Wrongly.apply(q, k, v, causal, "no sum")


@wrong(CAUSAL)
def gradient_of_keys_not_scaled(q, k, v, *, causal):
    return Wrongly.apply(q, k, v, causal, "k scale")


@wrong(CAUSAL)
def gradient_of_values_with_other_weights(q, k, v, *, causal):
    return Wrongly.apply(q, k, v, causal, "v of q")


@wrong(CAUSAL)
def gradient_in_bfloat16(q, k, v, *, causal):
    return Wrongly.apply(q, k, v, causal, "bfloat16")


def shared(q, k, v, head_of, *, causal):
    places = torch.tensor([head_of(head, q.shape[-3], k.shape[-3]) for head in range(q.shape[-3])])
    k, v = k.index_select(-3, places), v.index_select(-3, places)
    return answer(hidden(scores_of(q, k), earlier(q, k) if causal else None), v, q.dtype)


@wrong(GROUPED)
def heads_dealt_in_turn(q, k, v, *, causal):
    return shared(q, k, v, lambda head, _, few: head % few, causal=causal)


@wrong(GROUPED)
def first_head_for_all(q, k, v, *, causal):
    return shared(q, k, v, lambda *_: 0, causal=causal)


@wrong(GROUPED)
def two_heads_to_a_group(q, k, v, *, causal):
    return shared(q, k, v, lambda head, _, few: min(head // 2, few - 1), causal=causal)


@wrong(GROUPED)
def groups_the_wrong_way_round(q, k, v, *, causal):
    return shared(q, k, v, lambda head, many, few: few - 1 - head * few // many, causal=causal)


@wrong(GROUPED)
def values_of_other_groups(q, k, v, *, causal):
    share = q.shape[-3] // k.shape[-3]
    k, v = k.repeat_interleave(share, -3), v.repeat(1, share, 1, 1)
    return answer(hidden(scores_of(q, k), earlier(q, k) if causal else None), v, q.dtype)


@wrong(GROUPED)
def groups_never_causal(q, k, v, *, causal):
    return shared(q, k, v, lambda head, many, few: head * few // many, causal=False)


@wrong(GROUPED)
def gradient_of_one_head_a_group(q, k, v, *, causal):
    share = q.shape[-3] // k.shape[-3]

    def repeated(x):
        rest = x.detach().repeat_interleave(share, -3)
        rest[:, ::share] = x
        return rest

    k, v = repeated(k), repeated(v)
    return answer(hidden(scores_of(q, k), earlier(q, k) if causal else None), v, q.dtype)


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
