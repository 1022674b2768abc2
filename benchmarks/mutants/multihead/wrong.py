"""Self-attention with several heads, one step done wrong."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.multihead.student import Student, rope, student


def every_other(self, x, heads):
    return x.reshape(*x.shape[:-1], -1, heads).movedim(-1, -3)


def no_transpose(self, x, heads):
    return x.reshape(*x.shape[:-2], heads, x.shape[-2], -1)


def by_tokens_and_heads(self, x):
    return x.flatten(-2).reshape(*x.shape[:-3], x.shape[-2], -1)


def three_dimensions(self, x, heads):
    batch, tokens, _ = x.shape
    return x.reshape(batch, tokens, heads, -1).transpose(1, 2)


def in_bfloat16(self, x, weight):
    return (x.bfloat16() @ weight.bfloat16().T).float()


def softmax_in_half(self, scores, mask):
    return torch.softmax(scores.masked_fill(~mask, -math.inf).half(), -1).float()


def leaky(self, scores, mask):
    return torch.softmax(scores.masked_fill(~mask, -10.0), -1)


def mask_after(self, scores, mask):
    return torch.softmax(scores, -1) * mask


def over_queries(self, scores, mask):
    return torch.softmax(scores.masked_fill(~mask, -1e30), -2)


def over_heads(self, scores, mask):
    return torch.softmax(scores.masked_fill(~mask, -1e30), -3)


student("not_causal", mask=lambda self, tokens: torch.ones(tokens, tokens, dtype=torch.bool))
student("mask_upside_down", mask=lambda self, tokens: torch.ones(tokens, tokens, dtype=torch.bool).triu())
student("sees_one_more", mask=lambda self, tokens: torch.ones(tokens, tokens, dtype=torch.bool).tril(1))
student("leaky_mask", weights=leaky)
student("mask_after_softmax", weights=mask_after)
student("softmax_over_queries", weights=over_queries)
student("softmax_over_heads", weights=over_heads)
student("softmax_in_half", weights=softmax_in_half)
student("projections_in_bfloat16", project=in_bfloat16)
student("weights_turned", project=lambda self, x, weight: x @ weight)
student("output_weight_turned", out=lambda self, x, weight: x @ weight)
student("no_output_projection", out=lambda self, x, weight: x)
student("scaled_by_the_model", scale=lambda self, width, heads: 1 / math.sqrt(width * heads))
student("scaled_by_heads", scale=lambda self, width, heads: 1 / math.sqrt(heads))
student("not_scaled", scale=lambda self, width, heads: 1.0)
student("scaled_twice", scale=lambda self, width, heads: 1 / width)
student("heads_of_every_other_row", split=every_other)
student("heads_without_transpose", split=no_transpose)
student("joined_without_transpose", join=by_tokens_and_heads)
student("three_dimensions_only", split=three_dimensions)
student(
    "one_head", qkv=lambda self, x, weights, heads: tuple(self.split(self.project(x, w), 1) for w in weights)
)
student(
    "four_heads_always",
    qkv=lambda self, x, weights, heads: tuple(
        self.split(self.project(x, w), 4 if w.shape[0] % 8 == 0 else heads) for w in weights
    ),
)
student("queries_and_keys_swapped", attend=lambda self, q, k, v, heads: Student.attend(self, k, q, v, heads))
student("values_from_keys", attend=lambda self, q, k, v, heads: Student.attend(self, q, k, k, heads))
student("residual_added", plain=lambda self, *args: Student.plain(self, *args) + args[-1])
student("detached", out=lambda self, x, weight: x.detach() @ weight.T)
student(
    "last_head_missing",
    join=lambda self, x: (
        torch.cat([x[..., :-1, :, :], 0 * x[..., -1:, :, :]], -3).transpose(-3, -2).flatten(-2)
    ),
)
rope("positions_ignored", places=lambda self, positions, x: torch.arange(x.shape[-2]))
rope("needs_positions", places=lambda self, positions, x: positions + 0)
rope(
    "no_positions_are_zeros",
    places=lambda self, positions, x: torch.zeros(x.shape[-2]) if positions is None else positions,
)
rope(
    "no_positions_start_at_one",
    places=lambda self, positions, x: (
        torch.arange(1, x.shape[-2] + 1) * 2 if positions is None else positions
    ),
)
rope(
    "first_row_of_positions",
    places=lambda self, positions, x: (
        torch.arange(x.shape[-2]) if positions is None else positions.reshape(-1, x.shape[-2])[0]
    ),
)
rope("no_rope", turned=lambda self, q, k, v, *rest: (q, k, v))
rope(
    "queries_only",
    turned=lambda self, q, k, v, places, theta, heads: (self.turn(q, places, theta, heads), k, v),
)
rope(
    "keys_only",
    turned=lambda self, q, k, v, places, theta, heads: (q, self.turn(k, places, theta, heads), v),
)
rope(
    "values_too",
    turned=lambda self, q, k, v, *rest: tuple(self.turn(each, *rest) for each in (q, k, v)),
)
rope("frequencies_of_the_model", width=lambda self, q, heads: q.shape[-1] * heads)
rope(
    "theta_10000",
    turn=lambda self, x, places, theta, heads: Student.turn(self, x, places, 10_000.0, heads),
)
rope(
    "heads_as_positions",
    turn=lambda self, x, places, theta, heads: Student.turn(
        self, x.transpose(-3, -2), torch.arange(heads), theta, heads
    ).transpose(-3, -2),
)
rope(
    "turned_before_the_split",
    with_rope=lambda self, d, n, m, theta, q, k, v, o, x, positions=None: self.out(
        self.join(
            self.attend(
                *(
                    self.split(
                        self.turn(self.project(x, w)[..., None, :, :], self.places(positions, x), theta, n)[
                            ..., 0, :, :
                        ],
                        n,
                    )
                    for w in (q, k)
                ),
                self.split(self.project(x, v), n),
                n,
            )
        ),
        o,
    ),
)
rope(
    "positions_without_a_batch",
    places=lambda self, positions, x: (
        torch.arange(x.shape[-2]) if positions is None else positions.expand(x.shape[-2])
    ),
)
rope("not_causal_with_positions", mask=lambda self, tokens: torch.ones(tokens, tokens, dtype=torch.bool))
student(
    "not_causal_for_short",
    mask=lambda self, tokens: torch.ones(tokens, tokens).tril() > (-1 if tokens < 6 else 0),
)
student(
    "first_token_seen_by_none",
    weights=lambda self, s, m: torch.softmax(
        s.masked_fill(~m, -1e30).index_fill(
            -1, torch.tensor([0] if s.shape[-1] > 1 else [], dtype=torch.int64), -1e29
        ),
        -1,
    ),
)
student("window_of_8", mask=lambda self, tokens: torch.ones(tokens, tokens, dtype=torch.bool).tril().triu(-7))
student("bias_in_the_output", out=lambda self, x, weight: x @ weight.T + 1e-3)
student("heads_backwards", join=lambda self, x: x.flip(-3).transpose(-3, -2).flatten(-2))
student(
    "key_heads_shared",
    attend=lambda self, q, k, v, heads: Student.attend(self, q, k[..., :1, :, :], v, heads),
)
student(
    "output_of_one_head_for_all",
    join=lambda self, x: x[..., :1, :, :].expand(x.shape).transpose(-3, -2).flatten(-2),
)
student(
    "scale_of_the_tokens",
    attend=lambda self, q, k, v, heads: Student.attend(
        self, q * (q.shape[-1] / q.shape[-2]) ** 0.5, k, v, heads
    ),
)
student(
    "qk_normed", attend=lambda self, q, k, v, heads: Student.attend(self, F.normalize(q, dim=-1), k, v, heads)
)
student("batch_mixed", join=lambda self, x: Student.join(self, x.flip(0) if x.ndim > 3 else x))
rope(
    "positions_sorted",
    places=lambda self, positions, x: (
        torch.arange(x.shape[-2]) if positions is None else positions.sort(-1).values
    ),
)
rope(
    "positions_shifted_between",
    turned=lambda self, q, k, v, places, theta, heads: (
        self.turn(q, places + 1, theta, heads),
        self.turn(k, places, theta, heads),
        v,
    ),
)
rope(
    "causal_by_position",
    with_rope=lambda self, d, n, m, theta, q, k, v, o, x, positions=None: Student.with_rope(
        type(
            "Sorted",
            (Student,),
            {
                "mask": lambda own, tokens: (
                    (self.places(positions, x)[..., None, :] <= self.places(positions, x)[..., :, None])[
                        ..., None, :, :
                    ]
                    if positions is not None
                    else Student.mask(own, tokens)
                )
            },
        )(),
        d,
        n,
        m,
        theta,
        q,
        k,
        v,
        o,
        x,
        positions,
    ),
)
