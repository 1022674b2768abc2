"""Wrong and other right steps of BDH."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from benchmarks.mutants.bdh.parts import angles, turned


def halves(x, angle):
    first, second = x.chunk(2, -1)
    half = angle[..., ::2]
    return torch.cat((first * half.cos() - second * half.sin(), second * half.cos() + first * half.sin()), -1)


def backwards(x, angle):
    return turned(x, -angle)


def theta_of(theta):
    return lambda *args: angles(*args, theta=theta)


def every_neuron_its_own(tokens, neurons, like, start):
    positions = torch.arange(start, start + tokens, dtype=like.dtype)
    return positions[:, None] * (2.0**16) ** (-torch.arange(neurons, dtype=like.dtype) / neurons)


def from_one(tokens, neurons, like, start):
    return angles(tokens, neurons, like, start + 1)


def half_exponent(tokens, neurons, like, start):
    pairs = torch.arange(neurons, dtype=like.dtype) // 2
    positions = torch.arange(start, start + tokens, dtype=like.dtype)
    return positions[:, None] * (2.0**16) ** (-pairs / neurons)


def no_turns(tokens, neurons, like, start):
    return 2 * math.pi * angles(tokens, neurons, like, start)


def unit_rms(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


def other_eps(eps):
    return lambda x: F.layer_norm(x, x.shape[-1:], eps=eps)


def unbiased(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().sum(-1, keepdim=True) / (x.shape[-1] - 1) + 1e-5).sqrt()


def eps_outside(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True).sqrt() + 1e-5)


def keep(x, *_):
    return x


def seen_softmax(scores):
    hidden = torch.ones_like(scores, dtype=torch.bool).triu()
    return torch.softmax(scores.masked_fill(hidden, -math.inf), -1).nan_to_num()


def complex_turned(x, angle):
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)[..., ::2]).flatten(-2)


def plain_angles(tokens, neurons, like, start):
    pairs = torch.arange(0, neurons, 2, dtype=torch.float64).repeat_interleave(2)
    positions = torch.arange(start, start + tokens, dtype=torch.float64)
    return torch.outer(positions, (2.0**16) ** (-pairs / neurons)).to(like.dtype)


def of_reciprocals(tokens, neurons, like, start):
    pairs = torch.arange(0, neurons, 2, dtype=like.dtype).repeat_interleave(2)
    rates = 1 / (2.0**16) ** (pairs / neurons)
    return torch.outer(torch.arange(start, start + tokens, dtype=like.dtype), rates)


def of_logarithms(tokens, neurons, like, start):
    pairs = torch.arange(0, neurons, 2, dtype=like.dtype).repeat_interleave(2)
    rates = torch.exp(pairs * (-16 * math.log(2) / neurons))
    return torch.outer(torch.arange(start, start + tokens, dtype=like.dtype), rates)


def by_hand(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-5)


def masked(scores):
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu()
    return scores.masked_fill(hidden, 0.0)


def rope_with(turn, angles_of=None):
    def run(x, position, theta):
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        given = angles_of or (lambda *args: angles(*args, theta=theta))
        return turn(wide, given(x.shape[-2], x.shape[-1], wide, position)).to(x.dtype)

    return run


ROPES = {
    "rope_backwards": rope_with(backwards),
    "rope_of_halves": rope_with(halves),
    "rope_from_one": rope_with(turned, from_one),
    "rope_of_one_theta": rope_with(turned, angles),
    "rope_of_half_the_exponent": rope_with(turned, half_exponent),
    "rope_of_every_neuron": rope_with(turned, every_neuron_its_own),
    "rope_at_zero": lambda x, position, theta: rope_with(turned)(x, 0, theta),
    "rope_not_at_all": keep,
    "rope_in_bfloat16": lambda x, position, theta: turned(
        x.bfloat16(), angles(x.shape[-2], x.shape[-1], x.float(), position, theta).bfloat16()
    ).to(x.dtype),
}
