"""Causal attention and attention whose heads share keys, wrong."""

from __future__ import annotations

import torch

from benchmarks.mutants.attention.steps import (
    CAUSAL,
    GROUPED,
    Wrongly,
    answer,
    earlier,
    hidden,
    scores_of,
    wrong,
)


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


@wrong(CAUSAL)
def causal_for_squares_only(q, k, v, *, causal):
    square = q.shape[-2] == k.shape[-2]
    return answer(hidden(scores_of(q, k), earlier(q, k) if causal and square else None), v, q.dtype)


@wrong(CAUSAL)
def causal_backwards_in_gradients(q, k, v, *, causal):
    right = answer(hidden(scores_of(q, k), earlier(q, k) if causal else None), v, q.dtype)
    other = answer(scores_of(q, k), v, q.dtype)
    return right.detach() + other - other.detach()


@wrong(GROUPED)
def groups_of_the_first_sequence(q, k, v, *, causal):
    return shared(q, k[:1].expand(k.shape), v, lambda head, many, few: head * few // many, causal=causal)
