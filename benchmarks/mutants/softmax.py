"""Softmax, wrong and right."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("softmax")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
LARGEST = {}


def exponentials(x, dim):
    """Return exp(x - max x) in float32 at least."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return (wide - wide.amax(dim, keepdim=True)).exp() if x.numel() else wide


def divided(parts, total, x):
    return (parts / total).to(x.dtype)


@wrong("run_softmax")
def ignores_dim(x, dim):
    return torch.softmax(x, -1)


@wrong("run_softmax")
def always_the_first_dimension(x, dim):
    return torch.softmax(x, 0)


@wrong("run_softmax")
def drops_the_sign_of_dim(x, dim):
    return torch.softmax(x, min(abs(dim), max(x.ndim - 1, 0)))


@wrong("run_softmax")
def over_all_leading_dimensions_too(x, dim):
    parts = exponentials(x, dim)
    return divided(parts, parts.sum(), x)


@wrong("run_softmax")
def only_two_dimensions(x, dim):
    if x.ndim != 2:
        raise ValueError(x.shape)
    return torch.softmax(x, dim)


@wrong("run_softmax")
def one_global_maximum(x, dim):
    if not x.numel():
        return torch.empty_like(x)
    parts = (x.float() - x.float().max()).exp()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def maximum_of_the_wrong_dimension(x, dim):
    if x.ndim < 2 or not x.numel():
        return torch.softmax(x, dim)
    parts = (x.float() - x.float().amax((dim + 1) % x.ndim, keepdim=True)).exp()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def eps_in_the_denominator(x, dim):
    parts = exponentials(x, dim)
    return divided(parts, parts.sum(dim, keepdim=True) + 1e-4, x)


@wrong("run_softmax")
def small_eps_in_the_denominator(x, dim):
    parts = exponentials(x, dim)
    return divided(parts, parts.sum(dim, keepdim=True) + 1e-8, x)


@wrong("run_softmax")
def naive(x, dim):
    parts = x.float().exp()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def naive_in_float64(x, dim):
    parts = x.double().exp()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def clamps_before_the_exponential(x, dim):
    parts = x.double().clamp(-80, 80).exp()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def subtracts_the_mean_for_the_maximum(x, dim):
    wide = x.float()
    parts = (wide - wide.mean(dim, keepdim=True)).exp()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def float32_for_everything(x, dim):
    return torch.softmax(x.float(), dim).to(x.dtype)


@wrong("run_softmax")
def mutates_its_input(x, dim):
    if x.numel():
        x -= x.amax(dim, keepdim=True)
    return torch.softmax(x, dim)


@wrong("run_softmax")
def in_place(x, dim):
    return x.copy_(torch.softmax(x, dim)).clone()


@wrong("run_softmax")
def returns_float32(x, dim):
    return torch.softmax(x.float(), dim)


@wrong("run_softmax")
def half_inside(x, dim):
    return torch.softmax(x.half(), dim).to(x.dtype)


@wrong("run_softmax")
def bfloat16_inside(x, dim):
    return torch.softmax(x.bfloat16(), dim).to(x.dtype)


@wrong("run_softmax")
def sums_in_the_dtype_of_the_input(x, dim):
    parts = exponentials(x, dim).to(x.dtype)
    return parts / parts.cumsum(dim).amax(dim, keepdim=True) if x.numel() else parts


@wrong("run_softmax")
def hides_nan(x, dim):
    return torch.softmax(x, dim).nan_to_num(0.0)


@wrong("run_softmax")
def infinity_is_a_large_number(x, dim):
    return torch.softmax(x.clamp(-1e4, 1e4), dim)


@wrong("run_softmax")
def in_base_two(x, dim):
    parts = exponentials(x, dim)
    parts = parts.log().exp2()
    return divided(parts, parts.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def ignores_strides(x, dim):
    return torch.softmax(x.as_strided(x.shape, torch.empty(x.shape).stride()), dim)


@wrong("run_softmax")
def first_tile_only(x, dim):
    """Sum the first 1,024 of a slice."""
    if not x.ndim:
        return torch.softmax(x, dim)
    parts = exponentials(x, dim)
    seen = parts.narrow(dim, 0, min(1024, x.shape[dim]))
    return divided(parts, seen.sum(dim, keepdim=True), x)


@wrong("run_softmax")
def padded_with_zeros(x, dim):
    """Pad to a power of two with zeros, which count in the sum."""
    if not x.numel() or not x.ndim:
        return torch.softmax(x, dim)
    size = x.shape[dim]
    last = x.movedim(dim, -1)
    padded = F.pad(last, (0, (1 << (size - 1).bit_length()) - size))
    return torch.softmax(padded, -1)[..., :size].movedim(-1, dim)


@wrong("run_softmax")
def online_without_rescaling(x, dim):
    """Go in tiles of 128 and forget to rescale the sum where the maximum grows."""
    if not x.numel() or not x.ndim:
        return torch.softmax(x, dim)
    wide, largest, total = x.float(), None, 0
    for tile in wide.split(128, dim):
        now = tile.amax(dim, keepdim=True)
        largest = now if largest is None else torch.maximum(largest, now)
        total = total + (tile - largest).exp().sum(dim, keepdim=True)
    return divided((wide - largest).exp(), total, x)


@wrong("run_softmax")
def tile_of_minus_infinity_is_nan(x, dim):
    """Go in tiles of 64 and rescale by exp(-inf - -inf) where a slice begins with -inf."""
    wide = x.float()
    parts = exponentials(x, dim)
    result = divided(parts, parts.sum(dim, keepdim=True), x)
    if not x.ndim or not x.numel():
        return result
    begins = torch.isneginf(wide.narrow(dim, 0, 1))
    return torch.where(begins, torch.nan, result)


@wrong("run_softmax")
def detached(x, dim):
    return torch.softmax(x.detach(), dim)


@wrong("run_softmax")
def backward_without_the_shared_term(x, dim):
    y = torch.softmax(x, dim)
    return _OwnBackward.apply(x, y.detach())


@wrong("run_softmax")
def the_answer_before(x, dim):
    key = (x.shape, x.dtype, dim)
    before, LARGEST[key] = LARGEST.get(key), torch.softmax(x.detach(), dim)
    return torch.softmax(x, dim) if before is None else before


@wrong("run_softmax")
def keeps_answers_by_address(x, dim):
    key = (x.data_ptr(), x.shape, x.stride(), x.dtype, dim)
    if key not in LARGEST:
        LARGEST[key] = torch.softmax(x, dim)
    return LARGEST[key]


@wrong("run_softmax")
def one_output_buffer(x, dim):
    buffer = LARGEST.setdefault((x.shape, x.dtype, "buffer"), torch.empty_like(x.detach()))
    return buffer.copy_(torch.softmax(x.detach(), dim)) if not x.requires_grad else torch.softmax(x, dim)


class _OwnBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, _x, y):
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, upstream):
        return upstream * ctx.saved_tensors[0], None


@honest("run_softmax")
def fused(x, dim):
    return torch.softmax(x, dim)


@honest("run_softmax")
def by_its_formula(x, dim):
    parts = exponentials(x, dim)
    return divided(parts, parts.sum(dim, keepdim=True), x)


@honest("run_softmax")
def float64_inside(x, dim):
    return torch.softmax(x.double(), dim).to(x.dtype)


@honest("run_softmax")
def times_the_reciprocal(x, dim):
    parts = exponentials(x, dim)
    return (parts * parts.sum(dim, keepdim=True).reciprocal()).to(x.dtype)


@honest("run_softmax")
def of_log_softmax(x, dim):
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return torch.log_softmax(wide, dim).exp().to(x.dtype)


@honest("run_softmax")
def online_in_tiles(x, dim):
    if not x.numel() or not x.ndim:
        return torch.softmax(x, dim)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    largest, total = None, None
    for tile in wide.split(96, dim):
        now = tile.amax(dim, keepdim=True)
        larger = now if largest is None else torch.maximum(largest, now)
        anchor = larger.masked_fill(larger == -torch.inf, 0.0)
        part = (tile - anchor).exp().sum(dim, keepdim=True)
        total = part if total is None else total * (largest - anchor).exp() + part
        largest = larger
    anchor = largest.masked_fill(largest == -torch.inf, 0.0)
    return divided((wide - anchor).exp(), total, x)


@honest("run_softmax")
def row_by_row(x, dim):
    if x.ndim < 2 or not x.numel():
        return torch.softmax(x, dim)
    rows = x.movedim(dim, -1).reshape(-1, x.shape[dim])
    done = torch.cat(
        [torch.softmax(each, 0) for each in rows.split(1)]
        if rows.shape[1] == 1
        else [torch.softmax(each, 1) for each in rows.split(3)]
    )
    return done.reshape(x.movedim(dim, -1).shape).movedim(-1, dim)
