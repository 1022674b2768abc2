"""Self-attention with several heads: one student's code, whose steps can be replaced one by one."""

from __future__ import annotations

import math

import torch

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
