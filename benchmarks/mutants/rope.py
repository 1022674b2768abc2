"""Rotary position embedding, wrong and right."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("rope")
wrong, honest = VARIANTS.wrong("run_rope"), VARIANTS.honest("run_rope")


def frequencies(width, theta, dtype=torch.float32):
    return theta ** (-torch.arange(0, width, 2, dtype=dtype) / width)


def turned(x, angles, dtype=torch.float32):
    even, odd = x[..., ::2], x[..., 1::2]
    cos, sin = angles.cos().to(dtype), angles.sin().to(dtype)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2).to(x.dtype)


def angles_of(positions, width, theta):
    return positions[..., None] * frequencies(width, theta)


@wrong
def ignores_positions(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(torch.arange(x.shape[-2]), d_k, theta))


@wrong
def ignores_theta(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, 10_000.0))


@wrong
def first_row_of_positions(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions.reshape(-1, positions.shape[-1])[0], d_k, theta))


@wrong
def counts_from_the_first_position(d_k, theta, max_seq_len, x, positions):
    counted = positions[..., :1] + torch.arange(positions.shape[-1])
    return turned(x, angles_of(counted, d_k, theta))


@wrong
def sorts_positions(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions.sort(-1).values, d_k, theta))


@wrong
def half_split(d_k, theta, max_seq_len, x, positions):
    angles = angles_of(positions, d_k, theta).repeat_interleave(2, -1).unflatten(-1, (-1, 2)).mT.flatten(-2)
    first, second = x.chunk(2, -1)
    return x * angles.cos() + torch.cat([-second, first], -1) * angles.sin()


@wrong
def halves_in_and_pairs_out(d_k, theta, max_seq_len, x, positions):
    first, second = x.chunk(2, -1)
    return turned(torch.stack([first, second], -1).flatten(-2), angles_of(positions, d_k, theta))


@wrong
def pairs_in_and_halves_out(d_k, theta, max_seq_len, x, positions):
    out = turned(x, angles_of(positions, d_k, theta))
    return torch.cat([out[..., ::2], out[..., 1::2]], -1)


@wrong
def elements_of_a_pair_swapped(d_k, theta, max_seq_len, x, positions):
    swapped = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    return turned(swapped, angles_of(positions, d_k, theta))


@wrong
def turns_the_other_way(d_k, theta, max_seq_len, x, positions):
    return turned(x, -angles_of(positions, d_k, theta))


@wrong
def reflects(d_k, theta, max_seq_len, x, positions):
    angles = angles_of(positions, d_k, theta)
    even, odd = x[..., ::2], x[..., 1::2]
    pairs = even * angles.cos() + odd * angles.sin(), even * angles.sin() - odd * angles.cos()
    return torch.stack(pairs, -1).flatten(-2)


@wrong
def overwrites_the_even_half_first(d_k, theta, max_seq_len, x, positions):
    angles, out = angles_of(positions, d_k, theta), x.clone()
    out[..., ::2] = x[..., ::2] * angles.cos() - x[..., 1::2] * angles.sin()
    out[..., 1::2] = out[..., ::2] * angles.sin() + x[..., 1::2] * angles.cos()
    return out


@wrong
def exponent_off_by_one_pair(d_k, theta, max_seq_len, x, positions):
    exponents = (torch.arange(0, d_k, 2) + 2) / d_k
    return turned(x, positions[..., None] * theta**-exponents)


@wrong
def exponent_of_single_steps(d_k, theta, max_seq_len, x, positions):
    return turned(x, positions[..., None] * theta ** (-torch.arange(d_k // 2) / d_k))


@wrong
def exponent_ends_at_one(d_k, theta, max_seq_len, x, positions):
    exponents = torch.linspace(0, 1, d_k // 2)
    return turned(x, positions[..., None] * theta**-exponents)


@wrong
def frequencies_backwards(d_k, theta, max_seq_len, x, positions):
    return turned(x, positions[..., None] * frequencies(d_k, theta).flip(0))


@wrong
def frequencies_grow(d_k, theta, max_seq_len, x, positions):
    return turned(x, positions[..., None] / frequencies(d_k, theta))


@wrong
def positions_from_one(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions + 1, d_k, theta))


@wrong
def positions_relative_to_length(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions / max_seq_len, d_k, theta))


@wrong
def last_position_clamped(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions.clamp(max=max_seq_len - 2), d_k, theta))


@wrong
def table_as_long_as_the_sequence(d_k, theta, max_seq_len, x, positions):
    table = angles_of(torch.arange(x.shape[-2]), d_k, theta)
    return turned(x, table[positions])


@wrong
def wraps_at_1024(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions % 1024, d_k, theta))


@wrong
def bfloat16_angles(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, theta).bfloat16().float())


@wrong
def bfloat16_frequencies(d_k, theta, max_seq_len, x, positions):
    return turned(x, positions[..., None] * frequencies(d_k, theta).bfloat16().float())


@wrong
def half_precision_tables(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, theta), torch.float16)


@wrong
def bfloat16_positions(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions.bfloat16().float(), d_k, theta))


@wrong
def last_pair_left_alone(d_k, theta, max_seq_len, x, positions):
    return torch.cat([turned(x, angles_of(positions, d_k, theta))[..., :-2], x[..., -2:]], -1)


@wrong
def in_place(d_k, theta, max_seq_len, x, positions):
    out = turned(x, angles_of(positions, d_k, theta))
    return out if x.requires_grad else x.copy_(out)


@wrong
def detached(d_k, theta, max_seq_len, x, positions):
    return turned(x.detach(), angles_of(positions, d_k, theta))


@wrong
def needs_a_batch(d_k, theta, max_seq_len, x, positions):
    _batch, tokens, _ = x.shape
    return turned(x, angles_of(positions, d_k, theta).reshape(-1, tokens, d_k // 2))


CACHE: dict = {}


@wrong
def table_kept_by_width_alone(d_k, theta, max_seq_len, x, positions):
    if d_k not in CACHE:
        CACHE[d_k] = angles_of(torch.arange(4096), d_k, theta)
    return turned(x, CACHE[d_k][positions])


@wrong
def theta_as_a_whole_number(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, int(theta)))


@wrong
def theta_of_the_length(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, theta * max(1.0, max_seq_len / 2048)))


@wrong
def every_frequency_the_first(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, theta)[..., :1].expand(*positions.shape, d_k // 2))


@wrong
def half_of_the_pairs(d_k, theta, max_seq_len, x, positions):
    out = turned(x, angles_of(positions, d_k, theta))
    return torch.cat([out[..., : d_k // 4 * 2], x[..., d_k // 4 * 2 :]], -1) if d_k > 8 else out


@wrong
def positions_of_small_integers(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions.to(torch.int8), d_k, theta))


@wrong
def sine_from_cosine(d_k, theta, max_seq_len, x, positions):
    angles = angles_of(positions, d_k, theta)
    cos = angles.cos()
    sin = (1 - cos * cos).clamp(min=0).sqrt()
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


@wrong
def angles_wrapped_with_a_short_pi(d_k, theta, max_seq_len, x, positions):
    return turned(x, torch.remainder(angles_of(positions, d_k, theta), 2 * 3.14159))


@wrong
def norm_drifts(d_k, theta, max_seq_len, x, positions):
    return turned(x, angles_of(positions, d_k, theta)) * 1.00001


@wrong
def only_first_of_the_batch(d_k, theta, max_seq_len, x, positions):
    out = turned(x, angles_of(positions, d_k, theta))
    return torch.cat([out[:1], x[1:]]) if x.ndim > 2 else out


@wrong
def width_of_64_in_the_exponent(d_k, theta, max_seq_len, x, positions):
    return turned(x, positions[..., None] * theta ** (-torch.arange(0, d_k, 2) / 64))


@honest
def complex_numbers(d_k, theta, max_seq_len, x, positions):
    angles = angles_of(positions, d_k, theta)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


@honest
def exponential_of_logarithms(d_k, theta, max_seq_len, x, positions):
    rates = torch.exp(torch.arange(0, d_k, 2).float() * (-math.log(theta) / d_k))
    return turned(x, positions.float()[..., None] * rates)


@honest
def table_in_float64(d_k, theta, max_seq_len, x, positions):
    table = torch.arange(max_seq_len).double()[:, None] * frequencies(d_k, theta, torch.float64)
    angles = table[positions]
    cos, sin = angles.cos().float(), angles.sin().float()
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


@honest
def reciprocal_of_powers(d_k, theta, max_seq_len, x, positions):
    rates = 1.0 / (theta ** (torch.arange(0, d_k, 2).float() / d_k))
    return turned(x, torch.einsum("...t,f->...tf", positions.float(), rates))


@honest
def matrices(d_k, theta, max_seq_len, x, positions):
    angles = angles_of(positions, d_k, theta)
    rows = torch.stack([angles.cos(), -angles.sin()], -1), torch.stack([angles.sin(), angles.cos()], -1)
    turn = torch.stack(rows, -2)
    return (turn @ x.reshape(*x.shape[:-1], -1, 2, 1)).squeeze(-1).flatten(-2)
