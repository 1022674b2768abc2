"""A transformer layer and a training step, wrong and right."""

from __future__ import annotations

import functools
import importlib
import math

import torch
from torch.nn import functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("transformer_layer")
right = importlib.import_module("reference.transformer_layer")


def attended(q, k, v, heads, *, scale=None, diagonal=1, split=None, join=None, weigh=None):
    """Return attention; every keyword makes one mistake."""
    width = q.shape[-1] // heads
    split = split or (lambda x: x.reshape(*x.shape[:-1], heads, width).transpose(-3, -2))
    q, k, v = split(q), split(k), split(v)
    scores = q @ k.mT * (scale(width, heads) if scale else width**-0.5)
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(diagonal)
    weights = (weigh or torch.softmax)(scores.masked_fill(hidden, -math.inf), -1).nan_to_num()
    seen = weights @ v
    return (join or (lambda y: y.transpose(-3, -2).flatten(-2)))(seen)


def layer(weights, x, heads, *, norm=None, attention=None, act=torch.relu, first=None, post=False):
    """Return a layer; every keyword makes one mistake."""
    norm = norm or (lambda y, w, b: F.layer_norm(y, y.shape[-1:], w, b, 1e-5))
    near = x if post else norm(x, weights["norm1_weight"], weights["norm1_bias"])
    parts = (near @ weights[name].mT for name in ("wq", "wk", "wv"))
    x = (0 if first else x) + (attention or attended)(*parts, heads) @ weights["wo"].mT
    near = norm(x, weights["norm2_weight"], weights["norm2_bias"])
    return x + act(near @ weights["w1"].mT) @ weights["w2"].mT


def step_with(change):
    """Return a training step whose loss and weights are changed by `change(loss, weights before, after)`."""

    def step(embedding, layers, tokens, heads, rate):
        loss, *after = right.training_step(embedding, layers, tokens, heads=heads, rate=rate)
        before = [embedding, *(each[name] for each in layers for name in sorted(each))]
        return change(loss, before, after, rate)

    return step


def moved_by(factor):
    """Return a change that multiplies every step."""
    return lambda loss, before, after, rate: (
        loss,
        *(b + factor * (a - b) for a, b in zip(after, before, strict=True)),
    )


def clipped(loss, before, after, rate):
    moves = [a - b for a, b in zip(after, before, strict=True)]
    if not rate:
        return loss, *after
    norm = torch.stack([(move / rate).norm() for move in moves]).norm()
    return loss, *(b + move / norm.clamp_min(1.0) for b, move in zip(before, moves, strict=True))


def decayed(loss, before, after, rate):
    return loss, *(a - 1e-4 * rate * b for a, b in zip(after, before, strict=True))


def norms_kept(loss, before, after, rate):
    return loss, *(b if b.ndim == 1 else a for a, b in zip(after, before, strict=True))


def embedding_kept(loss, before, after, rate):
    return loss, before[0].clone(), *after[1:]


def last_layer_kept(loss, before, after, rate):
    return loss, *after[:-10], *(each.clone() for each in before[-10:])


def sum_for_mean(embedding, layers, tokens, heads, rate):
    count = tokens[:, 1:].numel()
    loss, *after = right.training_step(embedding, layers, tokens, heads=heads, rate=rate * count)
    return loss * count, *after


def attention_without_gradient(embedding, layers, tokens, heads, rate):
    def blind(q, k, v, heads):
        return right.attention_batched(q, k, v, heads).detach()

    return right.training_step(embedding, layers, tokens, heads=heads, rate=rate, attention=blind)


def keys_without_gradient(embedding, layers, tokens, heads, rate):
    def blind(q, k, v, heads):
        return right.attention_batched(q, k.detach(), v, heads)

    return right.training_step(embedding, layers, tokens, heads=heads, rate=rate, attention=blind)


def targets_not_shifted(embedding, layers, tokens, heads, rate):
    same = torch.cat((tokens[:, :-1], tokens[:, -2:-1]), 1)
    return right.training_step(embedding, layers, same, heads=heads, rate=rate)


def loss_after_the_step(embedding, layers, tokens, heads, rate):
    _, *after = right.training_step(embedding, layers, tokens, heads=heads, rate=rate)
    names = [sorted(each) for each in layers]
    moved = [dict(zip(own, after[1 + 10 * n :], strict=False)) for n, own in enumerate(names)]
    loss, *_ = right.training_step(after[0], moved, tokens, heads=heads, rate=rate)
    return loss, *after


def bfloat16_products(weights, x, heads):
    low = {name: each.bfloat16() for name, each in weights.items()}
    return layer(low, x.bfloat16(), heads).to(x.dtype)


STEPS = {
    "upwards": moved_by(-1),
    "half_the_rate": moved_by(0.5),
    "moved_twice": moved_by(2),
    "clipped_by_norm": clipped,
    "decayed": decayed,
    "norms_kept": norms_kept,
    "embedding_kept": embedding_kept,
    "last_layer_kept": last_layer_kept,
}
for mistake, change in STEPS.items():
    VARIANTS.wrong_set(mistake, run_training_step=step_with(change))
for function in (
    sum_for_mean,
    attention_without_gradient,
    keys_without_gradient,
    targets_not_shifted,
    loss_after_the_step,
):
    VARIANTS.wrong("run_training_step")(function)
VARIANTS.wrong("run_transformer_layer")(bfloat16_products)

ATTENTIONS = {
    "not_causal": {"diagonal": 10_000},
    "self_unseen": {"diagonal": 0},
    "one_later_token_seen": {"diagonal": 2},
    "unscaled": {"scale": lambda width, heads: 1},
    "scaled_by_the_model_width": {"scale": lambda width, heads: (width * heads) ** -0.5},
    "scaled_twice": {"scale": lambda width, heads: 1 / width},
    "heads_not_interleaved_back": {"join": lambda y: y.reshape(y.shape[0], y.shape[2], -1)},
    "softmax_over_queries": {"weigh": lambda s, dim: torch.softmax(s.masked_fill(s == -math.inf, -1e9), -2)},
}
for mistake, change in ATTENTIONS.items():
    changed = functools.partial(layer, attention=functools.partial(attended, **change))
    VARIANTS.wrong_set(mistake, run_transformer_layer=changed)
LAYERS = {
    "gelu": {"act": F.gelu},
    "squared_relu": {"act": lambda x: x.relu().square()},
    "no_first_residual": {"first": True},
    "first_norm_missing": {"post": True},
    "norm_without_bias": {"norm": lambda y, w, b: F.layer_norm(y, y.shape[-1:], w, None, 1e-5)},
    "norm_without_weight": {"norm": lambda y, w, b: F.layer_norm(y, y.shape[-1:], None, b, 1e-5)},
    "rms_norm": {"norm": lambda y, w, b: F.rms_norm(y, y.shape[-1:], w, 1e-5) + b},
    "eps_1e-3": {"norm": lambda y, w, b: F.layer_norm(y, y.shape[-1:], w, b, 1e-3)},
    "eps_1e-8": {"norm": lambda y, w, b: F.layer_norm(y, y.shape[-1:], w, b, 1e-8)},
}
for mistake, change in LAYERS.items():
    VARIANTS.wrong_set(mistake, run_transformer_layer=functools.partial(layer, **change))


def joined_projection(weights, x, heads):
    """Project queries, keys and values by one matrix."""
    near = F.layer_norm(x, x.shape[-1:], weights["norm1_weight"], weights["norm1_bias"], 1e-5)
    joined = near @ torch.cat([weights[name] for name in ("wq", "wk", "wv")]).mT
    x = x + right.attention_fused(*joined.chunk(3, -1), heads) @ weights["wo"].mT
    near = F.layer_norm(x, x.shape[-1:], weights["norm2_weight"], weights["norm2_bias"], 1e-5)
    return x + F.linear(F.relu(F.linear(near, weights["w1"])), weights["w2"])


def float64_inside(weights, x, heads):
    return layer({name: each.double() for name, each in weights.items()}, x.double(), heads).to(x.dtype)


VARIANTS.honest_set("taken_apart", run_transformer_layer=layer)
VARIANTS.honest("run_transformer_layer")(joined_projection)
VARIANTS.honest("run_transformer_layer")(float64_inside)
