"""Self-attention with several heads, right in other ways."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.multihead.student import Student, student


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
