"""Layer norm, wrong and right."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("layer_norm")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


def widened(x):
    return x.to(torch.promote_types(x.dtype, torch.float32))


def finished(normal, weight, bias, x):
    """Apply weight and bias where they are given, and round."""
    scaled = normal if weight is None else normal * widened(weight)
    return (scaled if bias is None else scaled + widened(bias)).to(x.dtype)


def centred(x):
    return widened(x) - widened(x).mean(-1, keepdim=True)


def scaled(parts, eps):
    return parts * torch.rsqrt(parts.square().mean(-1, keepdim=True) + eps)


@wrong("run_layernorm")
def unbiased_variance(d_model, eps, weight, bias, x):
    spread = centred(x).square().sum(-1, keepdim=True) / max(d_model - 1, 1)
    return finished(centred(x) * torch.rsqrt(spread + eps), weight, bias, x)


@wrong("run_layernorm")
def deviation_plus_eps(d_model, eps, weight, bias, x):
    spread = centred(x).square().mean(-1, keepdim=True).sqrt()
    return finished(centred(x) / (spread + eps), weight, bias, x)


@wrong("run_layernorm")
def eps_hard_coded(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, bias, 1e-5)


@wrong("run_layernorm")
def eps_absent(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, bias, 0.0)


@wrong("run_layernorm")
def eps_squared(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, bias, eps * eps)


@wrong("run_layernorm")
def mean_kept(d_model, eps, weight, bias, x):
    return finished(scaled(widened(x), eps), weight, bias, x)


@wrong("run_layernorm")
def mean_kept_in_the_numerator(d_model, eps, weight, bias, x):
    scale = torch.rsqrt(centred(x).square().mean(-1, keepdim=True) + eps)
    return finished(widened(x) * scale, weight, bias, x)


@wrong("run_layernorm")
def mean_kept_in_the_variance(d_model, eps, weight, bias, x):
    scale = torch.rsqrt(widened(x).square().mean(-1, keepdim=True) + eps)
    return finished(centred(x) * scale, weight, bias, x)


@wrong("run_layernorm")
def squares_less_a_square(d_model, eps, weight, bias, x):
    mean = widened(x).mean(-1, keepdim=True)
    spread = (widened(x).square().mean(-1, keepdim=True) - mean * mean).clamp(min=0)
    return finished((widened(x) - mean) * torch.rsqrt(spread + eps), weight, bias, x)


@wrong("run_layernorm")
def bias_before_weight(d_model, eps, weight, bias, x):
    normal = scaled(centred(x), eps)
    normal = normal if bias is None else normal + widened(bias)
    return (normal if weight is None else normal * widened(weight)).to(x.dtype)


@wrong("run_layernorm")
def weight_plus_one(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), None if weight is None else weight + 1, bias, eps)


@wrong("run_layernorm")
def weight_and_bias_exchanged(d_model, eps, weight, bias, x):
    if weight is None or bias is None:
        return F.layer_norm(x, (d_model,), weight, bias, eps)
    return F.layer_norm(x, (d_model,), bias, weight, eps)


@wrong("run_layernorm")
def bias_ignored(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, None, eps)


@wrong("run_layernorm")
def bias_ignored_without_weight(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, None if weight is None else bias, eps)


@wrong("run_layernorm")
def weight_ignored_without_bias(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), None if bias is None else weight, bias, eps)


@wrong("run_layernorm")
def weight_ignored(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), None, bias, eps)


@wrong("run_layernorm")
def needs_a_weight(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight * 1, bias, eps)


@wrong("run_layernorm")
def needs_a_bias(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, bias * 1, eps)


@wrong("run_layernorm")
def bias_subtracted(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, None if bias is None else -bias, eps)


@wrong("run_layernorm")
def over_everything(d_model, eps, weight, bias, x):
    wide = widened(x)
    parts = wide - wide.mean()
    return finished(parts * torch.rsqrt(parts.square().mean() + eps), weight, bias, x)


@wrong("run_layernorm")
def over_the_tokens_too(d_model, eps, weight, bias, x):
    if x.ndim < 3:
        return finished(scaled(centred(x), eps), weight, bias, x)
    return finished(F.layer_norm(widened(x), x.shape[-2:], eps=eps), weight, bias, x)


@wrong("run_layernorm")
def over_rows(d_model, eps, weight, bias, x):
    if x.ndim < 2:
        return finished(scaled(centred(x), eps), weight, bias, x)
    wide = widened(x)
    parts = wide - wide.mean(-2, keepdim=True)
    return finished(parts * torch.rsqrt(parts.square().mean(-2, keepdim=True) + eps), weight, bias, x)


@wrong("run_layernorm")
def no_upcast(d_model, eps, weight, bias, x):
    parts = x - x.mean(-1, keepdim=True)
    normal = parts * torch.rsqrt(parts.square().mean(-1, keepdim=True) + eps)
    normal = normal if weight is None else normal * weight
    return normal if bias is None else normal + bias


@wrong("run_layernorm")
def returns_float32(d_model, eps, weight, bias, x):
    own = (None if each is None else each.float() for each in (weight, bias))
    return F.layer_norm(x.float(), (d_model,), *own, eps)


@wrong("run_layernorm")
def bfloat16_mean(d_model, eps, weight, bias, x):
    parts = widened(x) - widened(x).mean(-1, keepdim=True).bfloat16()
    return finished(scaled(parts, eps), weight, bias, x)


@wrong("run_layernorm")
def half_inside(d_model, eps, weight, bias, x):
    own = (None if each is None else each.half() for each in (weight, bias))
    return F.layer_norm(x.half(), (d_model,), *own, eps).to(x.dtype)


@wrong("run_layernorm")
def float32_for_everything(d_model, eps, weight, bias, x):
    own = (None if each is None else each.float() for each in (weight, bias))
    return F.layer_norm(x.float(), (d_model,), *own, eps).to(x.dtype)


@wrong("run_layernorm")
def mutates_its_input(d_model, eps, weight, bias, x):
    if not x.requires_grad:
        x -= x.mean(-1, keepdim=True)
    return F.layer_norm(x, (d_model,), weight, bias, eps)


@wrong("run_layernorm")
def first_tile_only(d_model, eps, weight, bias, x):
    wide = widened(x)
    seen = wide[..., :1024]
    parts = wide - seen.mean(-1, keepdim=True)
    spread = parts[..., :1024].square().mean(-1, keepdim=True)
    return finished(parts * torch.rsqrt(spread + eps), weight, bias, x)


@wrong("run_layernorm")
def padding_counts_in_the_variance(d_model, eps, weight, bias, x):
    """Lanes past the end hold 0 - mean: their squares are added."""
    padded = 1 << (d_model - 1).bit_length()
    mean = widened(x).mean(-1, keepdim=True)
    total = centred(x).square().sum(-1, keepdim=True) + (padded - d_model) * mean * mean
    return finished(centred(x) * torch.rsqrt(total / d_model + eps), weight, bias, x)


@wrong("run_layernorm")
def ignores_strides(d_model, eps, weight, bias, x):
    return F.layer_norm(x.as_strided(x.shape, torch.empty(x.shape).stride()), (d_model,), weight, bias, eps)


@wrong("run_layernorm")
def ignores_the_stride_of_the_bias(d_model, eps, weight, bias, x):
    dense = None if bias is None else bias.as_strided(bias.shape, (1,))
    return F.layer_norm(x, (d_model,), weight, dense, eps)


@wrong("run_layernorm")
def statistics_are_detached(d_model, eps, weight, bias, x):
    wide = widened(x.detach())
    scale = torch.rsqrt(centred(x.detach()).square().mean(-1, keepdim=True) + eps)
    return finished((widened(x) - wide.mean(-1, keepdim=True)) * scale, weight, bias, x)


@wrong("run_layernorm")
def mean_is_detached(d_model, eps, weight, bias, x):
    parts = widened(x) - widened(x.detach()).mean(-1, keepdim=True)
    return finished(scaled(parts, eps), weight, bias, x)


@wrong("run_layernorm")
def bias_is_detached(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, None if bias is None else bias.detach(), eps)


@wrong("run_layernorm")
def weights_kept_from_the_first_call(d_model, eps, weight, bias, x):
    key = (d_model, x.dtype, weight is None, bias is None)
    own = KEPT.setdefault(
        key, tuple(None if each is None else each.detach().clone() for each in (weight, bias))
    )
    return F.layer_norm(x, (d_model,), *own, eps)


@wrong("run_layernorm")
def hides_nan(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, bias, eps).nan_to_num(0.0)


@honest("run_layernorm")
def fused(d_model, eps, weight, bias, x):
    return F.layer_norm(x, (d_model,), weight, bias, eps)


@honest("run_layernorm")
def by_its_formula(d_model, eps, weight, bias, x):
    return finished(scaled(centred(x), eps), weight, bias, x)


@honest("run_layernorm")
def by_variance_and_root(d_model, eps, weight, bias, x):
    spread = widened(x).var(-1, keepdim=True, unbiased=False)
    return finished(centred(x) / torch.sqrt(spread + eps), weight, bias, x)


@honest("run_layernorm")
def float64_inside(d_model, eps, weight, bias, x):
    own = (None if each is None else each.double() for each in (weight, bias))
    return F.layer_norm(x.double(), (d_model,), *own, eps).to(x.dtype)


@honest("run_layernorm")
def sums_in_chunks(d_model, eps, weight, bias, x):
    wide = widened(x)
    mean = sum(part.sum(-1, keepdim=True) for part in wide.split(50, -1)) / d_model
    parts = wide - mean
    spread = sum(part.square().sum(-1, keepdim=True) for part in parts.split(50, -1)) / d_model
    return finished(parts * torch.rsqrt(spread + eps), weight, bias, x)


@honest("run_layernorm")
def a_module_that_loads_its_weights(d_model, eps, weight, bias, x):
    layer = torch.nn.LayerNorm(d_model, eps, elementwise_affine=True, dtype=x.dtype)
    own = {"weight": torch.ones_like(layer.weight) if weight is None else weight}
    own["bias"] = torch.zeros_like(layer.weight) if bias is None else bias
    layer.load_state_dict(own)
    return layer(x)
