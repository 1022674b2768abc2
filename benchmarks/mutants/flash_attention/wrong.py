"""Attention as an autograd function, one step done wrong."""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch

from benchmarks.mutants.flash_attention.student import OPERATION, TILE, VARIANTS, Student, student


def saves_weights(self, ctx, q, k, v, out, sums):
    ctx.save_for_backward(q, k, v, out, sums, torch.zeros(q.shape[0], q.shape[1], k.shape[1]))


def hides_weights(self, ctx, q, k, v, out, sums):
    ctx.save_for_backward(q, k, v, out, sums)
    ctx.tiles = {"p": [torch.zeros(q.shape[0], q.shape[1], TILE) for _ in range(0, k.shape[1], TILE)]}


STATE = SimpleNamespace()


def keeps_on_the_class(self, ctx, q, k, v, out, sums):
    ctx.save_for_backward(sums)
    STATE.kept = q, k, v, out, sums


def no_rescaling_of_the_output(self, shrink):
    return torch.ones_like(shrink)


def whole_tiles(self, rows, columns, scores):
    return columns // TILE > rows // TILE


def from_the_end(self, rows, columns, scores):
    return columns > rows + 16


def sum_of_raw_gradients(self, out, grad, weights, grad_weights):
    return grad_weights.sum(-1, keepdim=True)


def grads_of_keys(factor):
    def grads(self, q, k, v, grad, weights, grad_scores):
        own = Student.grads(self, q, k, v, grad, weights, grad_scores)
        return own[0], own[1] * factor(self.scale(q)), own[2]

    return grads


def grads_swapped(self, q, k, v, grad, weights, grad_scores):
    own = Student.grads(self, q, k, v, grad, weights, grad_scores)
    return (own[0], own[2], own[1]) if k.shape == v.shape else own


def grads_not_scaled(self, q, k, v, grad, weights, grad_scores):
    own = Student.grads(self, q, k, v, grad, weights, grad_scores)
    return own[0] / self.scale(q), own[1] / self.scale(q), own[2]


def values_of_the_scores(self, q, k, v, grad, weights, grad_scores):
    own = Student.grads(self, q, k, v, grad, weights, grad_scores)
    return own[0], own[1], grad_scores.mT @ self.widen(grad)


def last_tile_of_gradients(self, q, k, v, grad, weights, grad_scores):
    own = Student.grads(self, q, k, v, grad, weights, grad_scores)
    own[1][:, -TILE:] = 0
    return own


def batch_summed(self, q, k, v, grad, weights, grad_scores):
    own = Student.grads(self, q, k, v, grad, weights, grad_scores)
    return own[0], own[1], own[2].sum(0, keepdim=True).expand_as(own[2])


def grad_ignored(self, ctx, grad):
    return Student.backward(self, ctx, torch.ones_like(grad))


def grad_as_it_lies(self, ctx, grad):
    return (
        Student.backward(self, ctx, grad.as_strided(grad.shape, grad.contiguous().stride()).clone())
        if (grad.is_contiguous())
        else (torch.zeros_like(grad), None, None, None)
    )


def changes_the_upstream(self, ctx, grad):
    found = Student.backward(self, ctx, grad)
    if grad.is_contiguous():
        grad.mul_(2)
    return found


def no_gradient_of_keys(self, ctx, grad):
    found = Student.backward(self, ctx, grad)
    return found[0], None, found[2], None


def contiguous_only(self, ctx, q, k, v, is_causal):
    return Student.forward(
        self,
        ctx,
        *(each.as_strided(each.shape, torch.empty(each.shape).stride()) for each in (q, k, v)),
        is_causal,
    )


student("ignores_is_causal", causal=lambda self, causal: False)
student("always_causal", causal=lambda self, causal: True)
student("backward_ignores_is_causal", backward_causal=lambda self, ctx: False)
student("hides_its_own_token", is_later=lambda self, rows, columns, scores: (columns >= rows) & (columns > 0))
student("sees_one_more", is_later=lambda self, rows, columns, scores: columns > rows + 1)
student("causal_by_whole_tiles", is_later=whole_tiles)
student("causal_from_the_end", is_later=from_the_end)
student("mask_upside_down", is_later=lambda self, rows, columns, scores: (columns < rows) & (columns > 0))
student(
    "columns_counted_in_the_tile",
    hidden=lambda self, scores, first, causal: Student.hidden(self, scores, 0, causal),
)
student(
    "hidden_by_minus_ten",
    hidden=lambda self, scores, first, causal: Student.hidden(self, scores, first, causal).clamp(min=-10.0),
)
student("not_scaled", scale=lambda self, q: 1.0)
student("scaled_for_64", scale=lambda self, q: 0.125)
student("scaled_by_tokens", scale=lambda self, q: q.shape[-2] ** -0.5)
student("last_tile_of_keys_missing", keys=lambda self, count: range(0, max(count - TILE, 1), TILE))
student("first_64_keys_only", keys=lambda self, count: range(0, min(count, 64), TILE))
student("no_rescaling", rescale=lambda self, old, new: torch.ones_like(old))
student("output_not_rescaled", shrink_output=no_rescaling_of_the_output)
student("not_divided", finish=lambda self, out, total: out)
student("bfloat16_inside", widen=lambda self, x: x.bfloat16().float())
student("no_upcast", widen=lambda self, x: x)
student("returns_float32", rounded=lambda self, out, q: out.float())
student("sum_for_log_sum", log_sums=lambda self, largest, total: total)
student("maximum_for_log_sum", log_sums=lambda self, largest, total: largest)
student("log_without_maximum", log_sums=lambda self, largest, total: total.log())
student("log_of_base_two", log_sums=lambda self, largest, total: largest + total.log2())
student(
    "log_sums_in_half",
    log_sums=lambda self, largest, total: (largest + total.log()).half().float(),
)
student(
    "saves_no_log_sum",
    save=lambda self, ctx, q, k, v, out, sums: ctx.save_for_backward(q, k, v, out, sums[..., None]),
    saved=lambda self, ctx: (*ctx.saved_tensors[:4], ctx.saved_tensors[4][..., 0]),
)
student("saves_weights", save=saves_weights, saved=lambda self, ctx: ctx.saved_tensors[:5])
student("hides_weights_in_its_context", save=hides_weights)
student("keeps_on_the_class", save=keeps_on_the_class, saved=lambda self, ctx: STATE.kept)
student("no_sum_in_the_gradient", through_sum=lambda self, *rest: 0)
student("sum_added", grad_scores=lambda self, weights, grad_weights, total: weights * (grad_weights + total))
student("sum_of_raw_gradients", through_sum=sum_of_raw_gradients)
student("sum_of_the_output", through_sum=lambda self, out, *rest: self.widen(out).sum(-1, keepdim=True))
student("weights_forgotten", grad_scores=lambda self, weights, grad_weights, total: grad_weights - total)
student("keys_not_scaled", grads=grads_of_keys(lambda scale: 1 / scale))
student("keys_scaled_twice", grads=grads_of_keys(lambda scale: scale))
student("keys_of_other_sign", grads=grads_of_keys(lambda scale: -1))
student("keys_and_values_swapped", grads=grads_swapped)
student("queries_and_keys_not_scaled", grads=grads_not_scaled)
student("values_of_the_scores", grads=values_of_the_scores)
student("last_tile_of_gradients_missing", grads=last_tile_of_gradients)
student("gradients_summed_over_the_batch", grads=batch_summed)
student("upstream_ignored", backward=grad_ignored)
student("upstream_read_as_it_lies", backward=grad_as_it_lies)
student("changes_the_upstream", backward=changes_the_upstream)
student("no_gradient_of_keys", backward=no_gradient_of_keys)
student("contiguous_only", forward=contiguous_only)
VARIANTS.wrong_set(
    "no_autograd_function",
    **{
        OPERATION: lambda: SimpleNamespace(
            apply=lambda q, k, v, c: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=c)
        )
    },
)


def stale_context(self, ctx, q, k, v, is_causal):
    out = Student.forward(self, ctx, q, k, v, is_causal)
    STATE.is_causal = is_causal
    return out


def queries_turned(self, q, k, v, grad, weights, grad_scores):
    own = Student.grads(self, q, k, v, grad, weights, grad_scores)
    square = grad_scores.shape[-1] == grad_scores.shape[-2]
    return (grad_scores.mT * self.scale(q) @ self.widen(k) if square else own[0]), own[1], own[2]


def first_of_the_batch_only(self, q, k, v, causal):
    out, sums = Student.online(self, q, k, v, causal)
    return torch.cat([out[:1], 0 * out[1:]]), sums


def shared_sums(self, q, k, sums, causal):
    return Student.weights(self, q, k, sums.mean(0, keepdim=True).expand_as(sums), causal)


def weights_by_softmax(self, q, k, sums, causal):
    scores = self.widen(q) @ self.widen(k).mT * self.scale(q)
    return torch.softmax(scores, -1) * (self.hidden(scores, 0, causal) > -math.inf)


def grads_in_bfloat16(self, ctx, grad):
    found = Student.backward(self, ctx, grad)
    return tuple(each if each is None else each.bfloat16().to(each.dtype) for each in found)


student("causal_of_the_last_call", forward=stale_context, backward_causal=lambda self, ctx: STATE.is_causal)
student("gradient_of_queries_turned", grads=queries_turned)
student("first_of_the_batch_only", online=first_of_the_batch_only)
student("one_row_of_sums_for_all", weights=shared_sums)
student("hidden_after_the_softmax_in_backward", weights=weights_by_softmax)
student("gradients_in_bfloat16", backward=grads_in_bfloat16)
student("sum_divided_by_tokens", through_sum=lambda self, *a: Student.through_sum(self, *a) / a[0].shape[-2])
student(
    "maximum_not_carried", rescale=lambda self, old, new: (old - new).exp().clamp(min=0.5) * (old > -math.inf)
)
student("log_sum_of_unscaled_scores", log_sums=lambda self, largest, total: largest * 4 + total.log())
student(
    "later_queries_see_nothing_new", is_later=lambda self, rows, columns, scores: columns > rows.clamp(max=31)
)
student(
    "sums_turned",
    save=lambda self, ctx, q, k, v, out, sums: ctx.save_for_backward(q, k, v, out, sums.flip(-1)),
    saved=lambda self, ctx: (*ctx.saved_tensors[:4], ctx.saved_tensors[4].flip(-1)),
)
student(
    "two_functions_of_sums",
    save=lambda self, ctx, q, k, v, out, sums: ctx.save_for_backward(q, k, v, out, sums, sums.exp()),
    saved=lambda self, ctx: ctx.saved_tensors[:5],
)
