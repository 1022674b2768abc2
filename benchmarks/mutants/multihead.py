"""Self-attention with several heads, wrong and right: one student's code with one thing done otherwise."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("multihead")
PLAIN, ROPE = "run_multihead_self_attention", "run_multihead_self_attention_with_rope"


class Student:
    """Attention whose steps can be replaced one by one."""

    def project(self, x, weight):
        return x @ weight.T

    def split(self, x, heads):
        return x.reshape(*x.shape[:-1], heads, -1).transpose(-3, -2)

    def join(self, x):
        return x.transpose(-3, -2).flatten(-2)

    def scale(self, width, heads):
        return 1 / math.sqrt(width)

    def mask(self, tokens):
        return torch.ones(tokens, tokens, dtype=torch.bool).tril()

    def weights(self, scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -math.inf), -1)

    def attend(self, q, k, v, heads):
        scores = q @ k.mT * self.scale(q.shape[-1], heads)
        return self.weights(scores, self.mask(q.shape[-2])) @ v

    def places(self, positions, x):
        return torch.arange(x.shape[-2]) if positions is None else positions

    def width(self, q, heads):
        return q.shape[-1]

    def turn(self, x, positions, theta, heads):
        width = self.width(x, heads)
        rates = theta ** (-torch.arange(0, width, 2).float() / width)[: x.shape[-1] // 2]
        angles = positions[..., None, :, None] * rates
        even, odd = x[..., ::2], x[..., 1::2]
        pairs = even * angles.cos() - odd * angles.sin(), even * angles.sin() + odd * angles.cos()
        return torch.stack(pairs, -1).flatten(-2)

    def turned(self, q, k, v, positions, theta, heads):
        return *(self.turn(each, positions, theta, heads) for each in (q, k)), v

    def out(self, x, weight):
        return x @ weight.T

    def qkv(self, x, weights, heads):
        return tuple(self.split(self.project(x, weight), heads) for weight in weights)

    def plain(self, d_model, num_heads, q, k, v, o, x):
        heads = self.qkv(x, (q, k, v), num_heads)
        return self.out(self.join(self.attend(*heads, num_heads)), o)

    def with_rope(self, d_model, num_heads, max_seq_len, theta, q, k, v, o, x, token_positions=None):
        heads = self.qkv(x, (q, k, v), num_heads)
        places = self.places(token_positions, x)
        heads = self.turned(*heads, places, theta, num_heads)
        return self.out(self.join(self.attend(*heads, num_heads)), o)


def student(name, *, honest=False, **steps):
    """Register a student who does these steps otherwise."""
    own = type(name, (Student,), steps)()
    register = VARIANTS.honest_set if honest else VARIANTS.wrong_set
    register(name, **{PLAIN: own.plain, ROPE: own.with_rope})


def rope(name, *, honest=False, **steps):
    """Register a student whose steps matter with positions only."""
    own = type(name, (Student,), steps)()
    register = VARIANTS.honest_set if honest else VARIANTS.wrong_set
    register(name, **{ROPE: own.with_rope})


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


def fused_attend(self, q, k, v, heads):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def one_product(self, x, weights, heads):
    joined = x @ torch.cat(weights).T
    return tuple(self.split(each, heads) for each in joined.chunk(3, -1))


def row_by_row(self, q, k, v, heads):
    rows = []
    for token in range(q.shape[-2]):
        scores = q[..., token : token + 1, :] @ k[..., : token + 1, :].mT / math.sqrt(q.shape[-1])
        rows.append(torch.softmax(scores, -1) @ v[..., : token + 1, :])
    return torch.cat(rows, -2)


def in_float64(self, q, k, v, heads):
    return Student.attend(self, q.double(), k.double(), v.double(), heads).float()


def by_complex_numbers(self, x, positions, theta, heads):
    rates = 1.0 / theta ** (torch.arange(0, x.shape[-1], 2).float() / x.shape[-1])
    angles = positions[..., None, :, None] * rates
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


student("fused", honest=True, attend=fused_attend)
student("one_product_for_all", honest=True, qkv=one_product)
student("row_by_row", honest=True, attend=row_by_row)
student("float64_inside", honest=True, attend=in_float64)
student("complex_numbers", honest=True, turn=by_complex_numbers)
student("smallest_number_for_hidden", honest=True, weights=lambda self, s, m: (s + (~m) * -1e30).softmax(-1))
