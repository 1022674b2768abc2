"""The transformer block and language model, right in other ways."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.transformer.student import Student, student


def fused_norm(self, x, weight):
    return F.rms_norm(x, x.shape[-1:], weight, self.eps)


def fused_attention(self, q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def by_linear(self, x, w):
    gate = F.silu(F.linear(x, w["ffn.w1.weight"]))
    return F.linear(gate * F.linear(x, w["ffn.w3.weight"]), w["ffn.w2.weight"])


def norm_in_float64(self, x, weight):
    return Student.norm(self, x.double(), weight.double()).float()


def tokens_one_by_one(self, x, w):
    return torch.cat([Student.forward(self, x[..., t : t + 1, :], w) for t in range(x.shape[-2])], -2)


def gate_of_exp(self, x):
    return x / (1 + torch.exp(-x))


student("fused", honest=True, norm=fused_norm, attend=fused_attention, forward=by_linear)
student("norm_in_float64", honest=True, norm=norm_in_float64)
student("tokens_one_by_one", honest=True, forward=tokens_one_by_one)
student(
    "gate_of_exp",
    honest=True,
    gate=gate_of_exp,
    norm=lambda self, x, w: w * (x / (x.pow(2).mean(-1, True) + 1e-5).sqrt()),
)
student(
    "head_in_float64",
    honest=True,
    head=lambda self, x, w: (x.double() @ w["lm_head.weight"].double().T).float(),
)
