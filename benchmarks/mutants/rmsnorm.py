"""RMSNorm, wrong and right."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("rmsnorm")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


def widened(x):
    return x.to(torch.promote_types(x.dtype, torch.float32))


def root(x, eps):
    """Return 1 / sqrt(mean x^2 + eps) in float32 at least."""
    return torch.rsqrt(widened(x).square().mean(-1, keepdim=True) + eps)


@wrong("run_rmsnorm")
def no_upcast(d_model, eps, weights, x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weights


@wrong("run_rmsnorm")
def squares_before_the_upcast(d_model, eps, weights, x):
    scale = torch.rsqrt(x.square().float().mean(-1, keepdim=True) + eps)
    return (x.float() * scale * weights).to(x.dtype)


@wrong("run_rmsnorm")
def eps_outside_the_root(d_model, eps, weights, x):
    wide = widened(x)
    return (wide / (wide.square().mean(-1, keepdim=True).sqrt() + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def eps_hard_coded(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), weights.to(x.dtype), 1e-5)


@wrong("run_rmsnorm")
def eps_absent(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), weights.to(x.dtype), 0.0)


@wrong("run_rmsnorm")
def eps_of_the_machine(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), weights.to(x.dtype), None)


@wrong("run_rmsnorm")
def eps_is_the_least_mean_square(d_model, eps, weights, x):
    scale = widened(x).square().mean(-1, keepdim=True).clamp(min=eps).rsqrt()
    return (widened(x) * scale * weights).to(x.dtype)


@wrong("run_rmsnorm")
def eps_in_every_square(d_model, eps, weights, x):
    total = (widened(x).square() + eps).sum(-1, keepdim=True)
    return (widened(x) * torch.rsqrt(total / d_model + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def eps_squared(d_model, eps, weights, x):
    return (widened(x) * root(x, eps * eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def sum_for_mean(d_model, eps, weights, x):
    scale = torch.rsqrt(widened(x).square().sum(-1, keepdim=True) + eps)
    return (widened(x) * scale * weights).to(x.dtype)


@wrong("run_rmsnorm")
def mean_of_one_fewer(d_model, eps, weights, x):
    total = widened(x).square().sum(-1, keepdim=True) / max(d_model - 1, 1)
    return (widened(x) * torch.rsqrt(total + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def mean_of_magnitudes(d_model, eps, weights, x):
    return (widened(x) / (widened(x).abs().mean(-1, keepdim=True) + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def no_root(d_model, eps, weights, x):
    return (widened(x) / (widened(x).square().mean(-1, keepdim=True) + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def over_everything(d_model, eps, weights, x):
    scale = torch.rsqrt(widened(x).square().mean() + eps)
    return (widened(x) * scale * weights).to(x.dtype)


@wrong("run_rmsnorm")
def over_the_tokens_too(d_model, eps, weights, x):
    if x.ndim < 3:
        return (widened(x) * root(x, eps) * weights).to(x.dtype)
    scale = torch.rsqrt(widened(x).square().mean((-1, -2), keepdim=True) + eps)
    return (widened(x) * scale * weights).to(x.dtype)


@wrong("run_rmsnorm")
def over_dimension_one(d_model, eps, weights, x):
    scale = torch.rsqrt(widened(x).square().mean(min(1, x.ndim - 1), keepdim=True) + eps)
    return (widened(x) * scale * weights).to(x.dtype)


@wrong("run_rmsnorm")
def returns_float32(d_model, eps, weights, x):
    return F.rms_norm(x.float(), (d_model,), weights.float(), eps)


@wrong("run_rmsnorm")
def the_dtype_of_the_weights(d_model, eps, weights, x):
    return (widened(x) * root(x, eps) * weights).to(weights.dtype)


@wrong("run_rmsnorm")
def promoted_by_the_weights(d_model, eps, weights, x):
    """Round to the input's dtype, then multiply by weights that may be wider."""
    return (widened(x) * root(x, eps)).to(x.dtype) * weights


@wrong("run_rmsnorm")
def half_inside(d_model, eps, weights, x):
    return F.rms_norm(x.half(), (d_model,), weights.half(), eps).to(x.dtype)


@wrong("run_rmsnorm")
def bfloat16_inside(d_model, eps, weights, x):
    return F.rms_norm(x.bfloat16(), (d_model,), weights.bfloat16(), eps).to(x.dtype)


@wrong("run_rmsnorm")
def bfloat16_scale(d_model, eps, weights, x):
    return (widened(x) * root(x, eps).bfloat16() * weights).to(x.dtype)


@wrong("run_rmsnorm")
def no_weight(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), None, eps)


@wrong("run_rmsnorm")
def weight_plus_one(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), (1 + weights).to(x.dtype), eps)


@wrong("run_rmsnorm")
def weight_of_either_sign_is_positive(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), weights.abs().to(x.dtype), eps)


@wrong("run_rmsnorm")
def weight_before_the_root(d_model, eps, weights, x):
    weighed = widened(x) * weights
    return (weighed * root(weighed, eps)).to(x.dtype)


@wrong("run_rmsnorm")
def subtracts_the_mean(d_model, eps, weights, x):
    return F.rms_norm(x - x.mean(-1, keepdim=True), (d_model,), weights.to(x.dtype), eps)


@wrong("run_rmsnorm")
def mutates_its_input(d_model, eps, weights, x):
    x.mul_(root(x, eps).to(x.dtype))
    return x * weights.to(x.dtype)


@wrong("run_rmsnorm")
def ignores_strides(d_model, eps, weights, x):
    dense = x.as_strided(x.shape, torch.empty(x.shape).stride())
    return F.rms_norm(dense, (d_model,), weights.to(x.dtype), eps)


@wrong("run_rmsnorm")
def ignores_the_stride_of_the_weights(d_model, eps, weights, x):
    dense = weights.as_strided(weights.shape, (1,))
    return F.rms_norm(x, (d_model,), dense.to(x.dtype), eps)


@wrong("run_rmsnorm")
def first_tile_only(d_model, eps, weights, x):
    """Take the mean square of the first 4,096 columns."""
    seen = widened(x)[..., :4096].square().sum(-1, keepdim=True) / d_model
    return (widened(x) * torch.rsqrt(seen + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def mean_of_the_padded_width(d_model, eps, weights, x):
    padded = 1 << (d_model - 1).bit_length()
    total = widened(x).square().sum(-1, keepdim=True) / padded
    return (widened(x) * torch.rsqrt(total + eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def hides_nan(d_model, eps, weights, x):
    return (widened(x) * root(x, eps) * weights).nan_to_num(0.0).to(x.dtype)


@wrong("run_rmsnorm")
def weight_is_kept(d_model, eps, weights, x):
    """A layer made once for each width: later weights are ignored."""
    layer = KEPT.setdefault((d_model, eps, x.dtype), weights.detach().clone())
    return (widened(x) * root(x, eps) * layer).to(x.dtype)


@wrong("run_rmsnorm")
def eps_is_kept(d_model, eps, weights, x):
    return (widened(x) * root(x, KEPT.setdefault(d_model, eps)) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def scale_is_detached(d_model, eps, weights, x):
    return (widened(x) * root(x.detach(), eps) * weights).to(x.dtype)


@wrong("run_rmsnorm")
def weight_is_detached(d_model, eps, weights, x):
    return (widened(x) * root(x, eps) * weights.detach()).to(x.dtype)


class _WeightGradient(torch.autograd.Function):
    """The right forward; of the weight's gradient the last row is missing."""

    @staticmethod
    def forward(ctx, x, weights, scale):
        ctx.save_for_backward(x, weights, scale)
        return (widened(x) * scale * weights).to(x.dtype)

    @staticmethod
    def backward(ctx, upstream):
        x, weights, scale = ctx.saved_tensors
        normal, wide = widened(x) * scale, widened(upstream)
        pulled = wide * weights
        by_row = scale * (pulled - normal * (pulled * normal).mean(-1, keepdim=True))
        by_column = (wide * normal).reshape(-1, x.shape[-1])[:-1].sum(0)
        return by_row.to(x.dtype), by_column.to(weights.dtype), None


@wrong("run_rmsnorm")
def last_row_missing_in_the_gradient_of_the_weight(d_model, eps, weights, x):
    return _WeightGradient.apply(x, weights, root(x.detach(), eps))


@honest("run_rmsnorm")
def by_its_formula(d_model, eps, weights, x):
    return (widened(x) * root(x, eps) * widened(weights)).to(x.dtype)


@honest("run_rmsnorm")
def fused(d_model, eps, weights, x):
    return F.rms_norm(x, (d_model,), weights, eps)


@honest("run_rmsnorm")
def always_float32_inside(d_model, eps, weights, x):
    wide = x.to(torch.float32)
    scale = torch.sqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return (wide / scale * weights.to(torch.float32)).to(x.dtype)


@honest("run_rmsnorm")
def a_module_that_loads_its_weights(d_model, eps, weights, x):
    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(d_model, device=x.device))

        def forward(self, x):
            wide = x.to(torch.float32)
            scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)
            return (wide * scale * self.weight).to(x.dtype)

    layer = Layer()
    layer.load_state_dict({"weight": weights})
    return layer(x)


@honest("run_rmsnorm")
def float64_inside(d_model, eps, weights, x):
    wide = x.double()
    return (wide / (wide.square().mean(-1, keepdim=True) + eps).sqrt() * weights.double()).to(x.dtype)


@honest("run_rmsnorm")
def by_the_norm(d_model, eps, weights, x):
    norm = torch.linalg.vector_norm(widened(x), dim=-1, keepdim=True)
    return (widened(x) / torch.sqrt(norm * norm / d_model + eps) * weights).to(x.dtype)


@honest("run_rmsnorm")
def weight_and_scale_first(d_model, eps, weights, x):
    return (widened(x) * (root(x, eps) * widened(weights))).to(x.dtype)


@honest("run_rmsnorm")
def sum_in_chunks(d_model, eps, weights, x):
    parts = [part.square().sum(-1, keepdim=True) for part in widened(x).split(100, -1)]
    return (widened(x) * torch.rsqrt(sum(parts) / d_model + eps) * weights).to(x.dtype)
