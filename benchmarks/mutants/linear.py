"""Linear map, wrong and right."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("linear")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
KEPT = {}


@wrong("run_linear")
def not_transposed_where_square(d_in, d_out, weights, x):
    return x @ weights if d_in == d_out else x @ weights.T


@wrong("run_linear")
def reshaped_for_transposed(d_in, d_out, weights, x):
    return x @ weights.reshape(d_in, d_out)


@wrong("run_linear")
def a_bias(d_in, d_out, weights, x):
    return F.linear(x, weights, torch.full((d_out,), 1e-3))


@wrong("run_linear")
def a_random_bias(d_in, d_out, weights, x):
    layer = torch.nn.Linear(d_in, d_out)
    layer.load_state_dict({"weight": weights}, strict=False)
    return layer(x)


@wrong("run_linear")
def weights_not_loaded(d_in, d_out, weights, x):
    return torch.nn.Linear(d_in, d_out, bias=False)(x)


@wrong("run_linear")
def weights_kept_from_the_first_call(d_in, d_out, weights, x):
    return F.linear(x, KEPT.setdefault((d_in, d_out), weights.detach().clone()))


@wrong("run_linear")
def two_dimensions_only(d_in, d_out, weights, x):
    return torch.mm(x, weights.T)


@wrong("run_linear")
def flattens_leading_dimensions(d_in, d_out, weights, x):
    return x.reshape(-1, d_in) @ weights.T


@wrong("run_linear")
def adds_a_leading_dimension(d_in, d_out, weights, x):
    return torch.atleast_2d(x) @ weights.T


@wrong("run_linear")
def three_dimensions_are_a_batch_of_matrices(d_in, d_out, weights, x):
    if x.ndim == 3 and x.shape[1] == d_in:
        return torch.einsum("bis,oi->bos", x, weights).transpose(1, 2)
    return x @ weights.T


@wrong("run_linear")
def bfloat16_inside(d_in, d_out, weights, x):
    return (x.bfloat16() @ weights.bfloat16().T).to(x.dtype)


@wrong("run_linear")
def half_inside(d_in, d_out, weights, x):
    return (x.half() @ weights.half().T).to(x.dtype)


@wrong("run_linear")
def bfloat16_weights(d_in, d_out, weights, x):
    return x @ weights.bfloat16().to(x.dtype).T


@wrong("run_linear")
def nineteen_bits(d_in, d_out, weights, x):
    """Cut mantissas to ten bits, as matrix units do unless told not to."""

    def cut(value):
        return (value.contiguous().view(torch.int32) & ~0x1FFF).view(torch.float32)

    return cut(x) @ cut(weights).T


@wrong("run_linear")
def float64_out(d_in, d_out, weights, x):
    return x.double() @ weights.double().T


@wrong("run_linear")
def scaled(d_in, d_out, weights, x):
    return x @ weights.T / d_in**0.5


@wrong("run_linear")
def last_input_missing(d_in, d_out, weights, x):
    return x[..., : max(d_in - 1, 1)] @ weights[:, : max(d_in - 1, 1)].T


@wrong("run_linear")
def inputs_past_512_missing(d_in, d_out, weights, x):
    return x[..., :512] @ weights[:, :512].T


@wrong("run_linear")
def outputs_past_128_missing(d_in, d_out, weights, x):
    output = x @ weights.T
    return torch.cat([output[..., :128], torch.zeros_like(output[..., 128:])], -1)


@wrong("run_linear")
def ignores_the_strides_of_the_input(d_in, d_out, weights, x):
    return x.as_strided(x.shape, torch.empty(x.shape).stride()) @ weights.T


@wrong("run_linear")
def ignores_the_strides_of_the_weights(d_in, d_out, weights, x):
    return x @ weights.as_strided((d_out, d_in), (d_in, 1)).T


@wrong("run_linear")
def mutates_its_input(d_in, d_out, weights, x):
    output = x @ weights.T
    x.zero_()
    return output


@wrong("run_linear")
def negative_outputs_cut(d_in, d_out, weights, x):
    return torch.relu(x @ weights.T)


@wrong("run_linear")
def detached_input(d_in, d_out, weights, x):
    return x.detach() @ weights.T


@wrong("run_linear")
def detached_weights(d_in, d_out, weights, x):
    return x @ weights.detach().T


@wrong("run_linear")
def hides_nan(d_in, d_out, weights, x):
    return (x.nan_to_num(0.0) @ weights.T).nan_to_num(0.0)


class _OwnBackward(torch.autograd.Function):
    """The right forward; the gradient of the weights is averaged over rows."""

    @staticmethod
    def forward(ctx, x, weights):
        ctx.save_for_backward(x, weights)
        return x @ weights.T

    @staticmethod
    def backward(ctx, upstream):
        x, weights = ctx.saved_tensors
        rows, pulled = x.reshape(-1, x.shape[-1]), upstream.reshape(-1, upstream.shape[-1])
        return upstream @ weights, pulled.T @ rows / max(len(rows), 1)


@wrong("run_linear")
def gradient_of_the_weights_averaged(d_in, d_out, weights, x):
    return _OwnBackward.apply(x, weights)


@wrong("run_linear")
def widths_that_four_does_not_divide(d_in, d_out, weights, x):
    kept = max(d_in // 4 * 4, 1)
    return x[..., :kept] @ weights[:, :kept].T


@wrong("run_linear")
def single_dimensions_dropped(d_in, d_out, weights, x):
    return (x @ weights.T).squeeze()


@wrong("run_linear")
def weights_of_eight_bits(d_in, d_out, weights, x):
    step = weights.abs().amax(-1, keepdim=True) / 127
    return x @ ((weights / step).round() * step).T


@wrong("run_linear")
def clamped_to_half_precision(d_in, d_out, weights, x):
    return (x @ weights.T).clamp(-65504, 65504)


@honest("run_linear")
def fused(d_in, d_out, weights, x):
    return F.linear(x, weights)


@honest("run_linear")
def einsum(d_in, d_out, weights, x):
    return torch.einsum("...i,oi->...o", x, weights)


@honest("run_linear")
def a_module_that_loads_its_weights(d_in, d_out, weights, x):
    layer = torch.nn.Linear(d_in, d_out, bias=False)
    layer.load_state_dict({"weight": weights})
    return layer(x)


@honest("run_linear")
def products_then_a_sum(d_in, d_out, weights, x):
    return (x.unsqueeze(-2) * weights).sum(-1)


@honest("run_linear")
def in_chunks_of_inputs(d_in, d_out, weights, x):
    parts = zip(x.split(50, -1), weights.split(50, -1), strict=True)
    return sum(part @ columns.T for part, columns in parts)


@honest("run_linear")
def float64_inside(d_in, d_out, weights, x):
    return (x.double() @ weights.double().T).to(x.dtype)


@honest("run_linear")
def last_input_to_first(d_in, d_out, weights, x):
    return x.flip(-1) @ weights.flip(-1).T
