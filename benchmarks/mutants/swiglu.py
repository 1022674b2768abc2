"""SwiGLU, wrong and right."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("swiglu")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


def gated(gate, x, w1, w2, w3):
    return F.linear(gate(F.linear(x, w1)) * F.linear(x, w3), w2)


@wrong("run_swiglu")
def w1_and_w3_exchanged(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w3, w2, w1)


@wrong("run_swiglu")
def geglu(d_model, d_ff, w1, w2, w3, x):
    return gated(F.gelu, x, w1, w2, w3)


@wrong("run_swiglu")
def reglu(d_model, d_ff, w1, w2, w3, x):
    return gated(torch.relu, x, w1, w2, w3)


@wrong("run_swiglu")
def glu(d_model, d_ff, w1, w2, w3, x):
    return gated(torch.sigmoid, x, w1, w2, w3)


@wrong("run_swiglu")
def bilinear(d_model, d_ff, w1, w2, w3, x):
    return gated(lambda each: each, x, w1, w2, w3)


@wrong("run_swiglu")
def no_gate(d_model, d_ff, w1, w2, w3, x):
    return F.linear(F.silu(F.linear(x, w1)), w2)


@wrong("run_swiglu")
def silu_of_the_product(d_model, d_ff, w1, w2, w3, x):
    return F.linear(F.silu(F.linear(x, w1) * F.linear(x, w3)), w2)


@wrong("run_swiglu")
def silu_of_both(d_model, d_ff, w1, w2, w3, x):
    return F.linear(F.silu(F.linear(x, w1)) * F.silu(F.linear(x, w3)), w2)


@wrong("run_swiglu")
def added_for_multiplied(d_model, d_ff, w1, w2, w3, x):
    return F.linear(F.silu(F.linear(x, w1)) + F.linear(x, w3), w2)


@wrong("run_swiglu")
def residual_added(d_model, d_ff, w1, w2, w3, x):
    return x + gated(F.silu, x, w1, w2, w3)


@wrong("run_swiglu")
def square_w1_not_transposed(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1.T if d_model == d_ff else w1, w2, w3)


@wrong("run_swiglu")
def square_w2_not_transposed(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1, w2.T if d_model == d_ff else w2, w3)


@wrong("run_swiglu")
def square_w3_not_transposed(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1, w2, w3.T if d_model == d_ff else w3)


@wrong("run_swiglu")
def w2_and_w3_exchanged_where_square(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1, w3, w2) if d_model == d_ff else gated(F.silu, x, w1, w2, w3)


@wrong("run_swiglu")
def w2_reshaped(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1, w2.reshape(d_ff, d_model).T, w3)


@wrong("run_swiglu")
def inner_width_a_multiple_of_64(d_model, d_ff, w1, w2, w3, x):
    kept = max(d_ff // 64 * 64, 1)
    return gated(F.silu, x, w1[:kept], w2[:, :kept], w3[:kept])


@wrong("run_swiglu")
def small_biases(d_model, d_ff, w1, w2, w3, x):
    inner = F.silu(F.linear(x, w1) + 1e-4) * F.linear(x, w3)
    return F.linear(inner, w2)


@wrong("run_swiglu")
def bfloat16_inside(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, *(each.bfloat16() for each in (x, w1, w2, w3))).to(x.dtype)


@wrong("run_swiglu")
def half_inside(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, *(each.half() for each in (x, w1, w2, w3))).to(x.dtype)


@wrong("run_swiglu")
def bfloat16_gate(d_model, d_ff, w1, w2, w3, x):
    return gated(lambda each: F.silu(each.bfloat16()).to(x.dtype), x, w1, w2, w3)


@wrong("run_swiglu")
def float64_out(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, *(each.double() for each in (x, w1, w2, w3)))


@wrong("run_swiglu")
def clamped_gate(d_model, d_ff, w1, w2, w3, x):
    return gated(lambda each: F.silu(each.clamp(-7, 7)), x, w1, w2, w3)


@wrong("run_swiglu")
def sigmoid_gelu(d_model, d_ff, w1, w2, w3, x):
    return gated(lambda each: each * torch.sigmoid(1.702 * each), x, w1, w2, w3)


@wrong("run_swiglu")
def exponential_overflows(d_model, d_ff, w1, w2, w3, x):
    return gated(lambda each: each * each.exp() / (1 + each.exp()), x, w1, w2, w3)


@wrong("run_swiglu")
def flattens_leading_dimensions(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x.reshape(-1, d_model), w1, w2, w3)


@wrong("run_swiglu")
def ignores_strides(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x.as_strided(x.shape, torch.empty(x.shape).stride()), w1, w2, w3)


@wrong("run_swiglu")
def ignores_the_strides_of_weights(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1.as_strided((d_ff, d_model), (d_model, 1)), w2, w3)


@wrong("run_swiglu")
def mutates_its_input(d_model, d_ff, w1, w2, w3, x):
    output = gated(F.silu, x, w1, w2, w3)
    x.mul_(2)
    return output


@wrong("run_swiglu")
def weights_kept_from_the_first_call(d_model, d_ff, w1, w2, w3, x):
    kept = KEPT.setdefault((d_model, d_ff), tuple(each.detach().clone() for each in (w1, w2, w3)))
    return gated(F.silu, x, *kept)


@wrong("run_swiglu")
def detached_gate(d_model, d_ff, w1, w2, w3, x):
    return F.linear(F.silu(F.linear(x, w1)).detach() * F.linear(x, w3), w2)


@wrong("run_swiglu")
def input_detached_in_one_branch(d_model, d_ff, w1, w2, w3, x):
    return F.linear(F.silu(F.linear(x, w1)) * F.linear(x.detach(), w3), w2)


@wrong("run_swiglu")
def branches_interleaved(d_model, d_ff, w1, w2, w3, x):
    both = F.linear(x, torch.cat([w1, w3]))
    return F.linear(F.silu(both[..., 0::2]) * both[..., 1::2], w2)


@wrong("run_swiglu")
def last_inner_column_missing(d_model, d_ff, w1, w2, w3, x):
    kept = max(d_ff - 1, 1)
    return gated(F.silu, x, w1[:kept], w2[:, :kept], w3[:kept])


@wrong("run_swiglu")
def inner_values_in_half_precision(d_model, d_ff, w1, w2, w3, x):
    inner = F.silu(F.linear(x, w1)) * F.linear(x, w3)
    return F.linear(inner.half().to(x.dtype), w2)


@wrong("run_swiglu")
def first_weight_detached(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1.detach(), w2, w3)


@honest("run_swiglu")
def of_fused_operations(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, x, w1, w2, w3)


@honest("run_swiglu")
def by_its_formula(d_model, d_ff, w1, w2, w3, x):
    gate = x @ w1.T
    return (gate * torch.sigmoid(gate) * (x @ w3.T)) @ w2.T


@honest("run_swiglu")
def both_branches_in_one_product(d_model, d_ff, w1, w2, w3, x):
    gate, value = (x @ torch.cat([w1, w3]).T).split(d_ff, -1)
    return (F.silu(gate) * value) @ w2.T


@honest("run_swiglu")
def modules_that_load_their_weights(d_model, d_ff, w1, w2, w3, x):
    layers = []
    for weight in (w1, w2, w3):
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.load_state_dict({"weight": weight})
        layers.append(layer)
    first, second, third = layers
    return second(F.silu(first(x)) * third(x))


@honest("run_swiglu")
def float64_inside(d_model, d_ff, w1, w2, w3, x):
    return gated(F.silu, *(each.double() for each in (x, w1, w2, w3))).to(x.dtype)


@honest("run_swiglu")
def einsum(d_model, d_ff, w1, w2, w3, x):
    inner = F.silu(torch.einsum("...d,fd->...f", x, w1)) * torch.einsum("...d,fd->...f", x, w3)
    return torch.einsum("...f,df->...d", inner, w2)


@honest("run_swiglu")
def in_slices_of_the_inner_width(d_model, d_ff, w1, w2, w3, x):
    slices = zip(w1.split(20), w2.split(20, 1), w3.split(20), strict=True)
    return sum(gated(F.silu, x, *matrices) for matrices in slices)
