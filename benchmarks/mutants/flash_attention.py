"""Attention as an autograd function, wrong and right: one student's code, one step done otherwise."""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("flash_attention")
OPERATION = "get_flashattention_autograd_function_pytorch"
TILE = 16


class Student:
    """The steps of both passes; each can be replaced."""

    def scale(self, q):
        return q.shape[-1] ** -0.5

    def causal(self, causal):
        return causal

    def hidden(self, scores, first, causal):
        if not causal:
            return scores
        rows = torch.arange(scores.shape[-2])[:, None]
        return scores.masked_fill(
            self.is_later(rows, first + torch.arange(scores.shape[-1]), scores), -math.inf
        )

    def is_later(self, rows, columns, scores):
        return columns > rows

    def keys(self, count):
        return range(0, count, TILE)

    def rescale(self, old, new):
        return (old - new).exp()

    def widen(self, x):
        return x.float() if x.dtype != torch.float64 else x

    def online(self, q, k, v, causal):
        q, k, v = self.widen(q), self.widen(k), self.widen(v)
        largest = q.new_full(q.shape[:-1], -math.inf)
        total, out = torch.zeros_like(largest), torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype)
        for first in self.keys(k.shape[-2]):
            scores = q @ k[:, first : first + TILE].mT * self.scale(q)
            scores = self.hidden(scores, first, causal)
            larger = torch.maximum(largest, scores.amax(-1))
            weights = (scores - larger[..., None]).exp()
            shrink = self.rescale(largest, larger)
            total = total * shrink + weights.sum(-1)
            out = out * self.shrink_output(shrink)[..., None] + weights @ v[:, first : first + TILE]
            largest = larger
        return self.finish(out, total), self.log_sums(largest, total)

    def shrink_output(self, shrink):
        return shrink

    def finish(self, out, total):
        return out / total[..., None]

    def log_sums(self, largest, total):
        return largest + total.log()

    def save(self, ctx, q, k, v, out, sums):
        ctx.save_for_backward(q, k, v, out, sums)

    def saved(self, ctx):
        return ctx.saved_tensors

    def rounded(self, out, q):
        return out.to(q.dtype)

    def forward(self, ctx, q, k, v, is_causal):
        causal = self.causal(is_causal)
        out, sums = self.online(q, k, v, causal)
        out = self.rounded(out, q)
        self.save(ctx, q, k, v, out, sums)
        ctx.is_causal = causal
        return out

    def weights(self, q, k, sums, causal):
        scores = self.hidden(self.widen(q) @ self.widen(k).mT * self.scale(q), 0, causal)
        return (scores - sums[..., None]).exp()

    def through_sum(self, out, grad, weights, grad_weights):
        return (self.widen(out) * self.widen(grad)).sum(-1, keepdim=True)

    def grad_scores(self, weights, grad_weights, through_sum):
        return weights * (grad_weights - through_sum)

    def grads(self, q, k, v, grad, weights, grad_scores):
        scaled = grad_scores * self.scale(q)
        return scaled @ self.widen(k), scaled.mT @ self.widen(q), weights.mT @ self.widen(grad)

    def backward(self, ctx, grad):
        q, k, v, out, sums = self.saved(ctx)
        weights = self.weights(q, k, sums, self.backward_causal(ctx))
        grad_weights = self.widen(grad) @ self.widen(v).mT
        grad_scores = self.grad_scores(
            weights, grad_weights, self.through_sum(out, grad, weights, grad_weights)
        )
        grads = self.grads(q, k, v, grad, weights, grad_scores)
        return *(each.to(q.dtype) for each in grads), None

    def backward_causal(self, ctx):
        return ctx.is_causal


def function(own):
    """Return an autograd function of a student's two passes."""

    class Function(torch.autograd.Function):
        forward = staticmethod(own.forward)
        backward = staticmethod(own.backward)

    return Function


def student(name, *, honest=False, **steps):
    """Register a student who does these steps otherwise."""
    made = function(type(name, (Student,), steps)())
    register = VARIANTS.honest_set if honest else VARIANTS.wrong_set
    register(name, **{OPERATION: lambda: made})


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


def in_one_tile(self, q, k, v, causal):
    scores = self.hidden(self.widen(q) @ self.widen(k).mT * self.scale(q), 0, causal)
    return torch.softmax(scores, -1) @ self.widen(v), torch.logsumexp(scores, -1)


def weights_cast(self, q, k, v, grad, weights, grad_scores):
    scaled = (grad_scores * self.scale(q)).to(q.dtype).float()
    weights = weights.to(q.dtype).float()
    return scaled @ self.widen(k), scaled.mT @ self.widen(q), weights.mT @ self.widen(grad)


def from_the_framework(self, q, k, v, causal):
    attend = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - nothing public tells the sums
    out, sums = attend(q[:, None], k[:, None], v[:, None], 0.0, causal)
    return out[:, 0], sums[:, 0]


def cast_before_products(self, q, k, v, causal):
    scores = self.hidden(q.float() @ k.float().mT * self.scale(q), 0, causal)
    largest = scores.amax(-1)
    weights = (scores - largest[..., None]).exp()
    total = weights.sum(-1)
    out = weights.to(v.dtype).float() @ v.float() / total[..., None]
    return out, largest + total.log()


student("in_one_tile", honest=True, online=in_one_tile)
student("as_written", honest=True)
student(
    "sum_of_weights_and_gradients",
    honest=True,
    through_sum=lambda self, out, grad, w, gw: (w * gw).sum(-1, keepdim=True),
)
student("weights_cast_before_products", honest=True, online=cast_before_products, grads=weights_cast)
student("sums_from_the_framework", honest=True, online=from_the_framework)
