"""Attention as an autograd function, right in other ways."""

from __future__ import annotations

import torch

from benchmarks.mutants.flash_attention.student import student


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
