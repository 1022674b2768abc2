"""SiLU, wrong and right."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("silu")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


@wrong("run_silu")
def gelu(x):
    return F.gelu(x)


@wrong("run_silu")
def relu(x):
    return torch.relu(x)


@wrong("run_silu")
def sigmoid_alone(x):
    return torch.sigmoid(x)


@wrong("run_silu")
def sigmoid_gelu(x):
    return x * torch.sigmoid(1.702 * x)


@wrong("run_silu")
def hard_swish(x):
    return F.hardswish(x)


@wrong("run_silu")
def mish(x):
    return F.mish(x)


@wrong("run_silu")
def sigmoid_of_minus_x(x):
    return x * torch.sigmoid(-x)


@wrong("run_silu")
def overflows(x):
    return x * torch.exp(x) / (1 + torch.exp(x))


@wrong("run_silu")
def clamped(x):
    clipped = x.clamp(-20, 20)
    return x * torch.sigmoid(clipped)


@wrong("run_silu")
def zero_below_minus_ten(x):
    return torch.where(x < -10, 0.0, F.silu(x))


@wrong("run_silu")
def identity_above_ten(x):
    return torch.where(x > 10, x, F.silu(x))


@wrong("run_silu")
def eps_in_the_denominator(x):
    return x / (1 + torch.exp(-x) + 1e-6)


@wrong("run_silu")
def by_a_rough_tanh(x):
    half = x / 2
    rough = half * (27 + half * half) / (27 + 9 * half * half)
    return half * (1 + rough.clamp(-1, 1))


@wrong("run_silu")
def by_tanh(x):
    """Cancels for negative x: 1 + tanh(x / 2) has no digits left."""
    return x / 2 * (1 + torch.tanh(x / 2))


@wrong("run_silu")
def one_minus_the_other_sigmoid(x):
    return x * (1 - torch.sigmoid(-x))


@wrong("run_silu")
def bfloat16_inside(x):
    return F.silu(x.bfloat16()).to(x.dtype)


@wrong("run_silu")
def half_inside(x):
    return F.silu(x.half()).to(x.dtype)


@wrong("run_silu")
def float32_for_everything(x):
    return F.silu(x.float()).to(x.dtype)


@wrong("run_silu")
def returns_float32(x):
    return F.silu(x.float())


@wrong("run_silu")
def returns_float64(x):
    return F.silu(x.double())


@wrong("run_silu")
def in_place(x):
    return x.mul_(torch.sigmoid(x)) if not x.requires_grad else F.silu(x)


@wrong("run_silu")
def hides_nan(x):
    return F.silu(x).nan_to_num(0.0, posinf=torch.inf)


@wrong("run_silu")
def at_least_one_dimension(x):
    return F.silu(torch.atleast_1d(x))


@wrong("run_silu")
def last_element_missing(x):
    output = F.silu(x).contiguous()
    flat = output.detach().reshape(-1)
    flat[len(flat) // 64 * 64 :] = 0
    return flat.reshape(x.shape) if not x.requires_grad else output


@wrong("run_silu")
def ignores_strides(x):
    return F.silu(x.as_strided(x.shape, torch.empty(x.shape).stride()))


@wrong("run_silu")
def detached_gate(x):
    return x * torch.sigmoid(x.detach())


@wrong("run_silu")
def detached(x):
    return F.silu(x.detach())


@wrong("run_silu")
def keeps_answers_by_address(x):
    key = (x.data_ptr(), x.shape, x.dtype)
    if key not in KEPT:
        KEPT[key] = F.silu(x)
    return KEPT[key]


@wrong("run_silu")
def in_base_two(x):
    return x / (1 + torch.exp2(-x))


class _OwnBackward(torch.autograd.Function):
    """The right forward; the backward of the logistic function alone."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return F.silu(x)

    @staticmethod
    def backward(ctx, upstream):
        gate = torch.sigmoid(ctx.saved_tensors[0])
        return upstream * gate * (1 - gate)


@wrong("run_silu")
def backward_of_the_sigmoid(x):
    return _OwnBackward.apply(x)


@wrong("run_silu")
def a_gate_of_sixteen_bits(x):
    return x * ((torch.sigmoid(x) * 65536).round() / 65536)


@wrong("run_silu")
def two_terms_of_a_series_near_zero(x):
    return torch.where(x.abs() < 0.05, x / 2 + x * x / 4, F.silu(x))


@wrong("run_silu")
def zero_below_minus_thirty(x):
    return torch.where(x < -30, torch.zeros_like(x), F.silu(x))


@wrong("run_silu")
def gradient_of_a_constant_gate(x):
    output, gate = F.silu(x.detach()), torch.sigmoid(x.detach()).nan_to_num(0.0)
    return output + (x * gate - (x * gate).detach()).nan_to_num(0.0)


@honest("run_silu")
def fused(x):
    return F.silu(x)


@honest("run_silu")
def by_its_formula(x):
    return x * torch.sigmoid(x)


@honest("run_silu")
def as_a_quotient(x):
    return x / (1 + torch.exp(-x))


@honest("run_silu")
def float64_inside(x):
    return F.silu(x.double()).to(x.dtype)


@honest("run_silu")
def in_base_two_with_its_factor(x):
    return x * (1 + torch.exp2(-x * math.log2(math.e))).reciprocal()


@honest("run_silu")
def by_the_stable_sign(x):
    part = torch.exp(-x.abs())
    return x * torch.where(x >= 0, 1.0, part) / (1 + part)
