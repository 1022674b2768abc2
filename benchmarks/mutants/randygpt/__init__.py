"""randyGPT, wrong and right: the model and its gradients."""

from __future__ import annotations

import functools
import math

import torch
from torch.nn import functional as F

from benchmarks.mutants.randygpt.training import HONEST, WRONG
from benchmarks.mutants.registry import Variants

VARIANTS = Variants("randygpt")
INNER = ("wq", "wk", "wv", "wo", "fc1", "fc2")


def rms(x, eps=1e-5):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


def attended(q, k, v, *, scale=None, diagonal=1):
    scores = q @ k.mT * (scale(q) if scale else q.shape[-1] ** -0.5)
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(diagonal)
    return torch.softmax(scores.masked_fill(hidden, -math.inf), -1).nan_to_num() @ v


def squared(x):
    return x.relu().square()


def model(
    weights,
    tokens,
    heads,
    *,
    norm=rms,
    second_norm=None,
    attention=attended,
    act=squared,
    positions=None,
    final=None,
    head=None,
    add=torch.add,
    interleave=False,
    layers=None,
    parallel=False,
):
    """Return logits; every keyword makes one mistake."""
    places = weights["wpe"][: tokens.shape[-1]] if positions is None else positions(weights, tokens)
    x = weights["wte"][tokens] + places
    for layer in (layers or list)(weights["layers"]):
        near, width = norm(x), x.shape[-1] // heads
        q, k, v = (_split(near @ layer[name].mT, heads, width, interleave) for name in ("wq", "wk", "wv"))
        more = attention(q, k, v).transpose(-3, -2).flatten(-2) @ layer["wo"].mT
        before, x = x, add(x, more)
        x = add(x, act((second_norm or norm)(before if parallel else x) @ layer["fc1"].mT) @ layer["fc2"].mT)
    x = final(x) if final else x
    return x @ (head(weights) if head else weights["lm_head"]).mT


def _split(x, heads, width, interleave):
    if interleave:
        return x.reshape(*x.shape[:-1], width, heads).movedim(-1, -3)
    return x.reshape(*x.shape[:-1], heads, width).transpose(-3, -2)


def tensors_of(weights):
    outer = [weights[name] for name in ("wte", "wpe", "lm_head")]
    return outer + [layer[name] for layer in weights["layers"] for name in INNER]


def gradients(
    weights, tokens, targets, heads, *, loss_of=F.cross_entropy, change=None, drop=(), weigh=1.0, **mistake
):
    """Return loss and gradients; every keyword makes one mistake."""
    leaves = [each.detach().clone().requires_grad_() for each in tensors_of(weights)]
    layers = [dict(zip(INNER, leaves[n : n + 6], strict=True)) for n in range(3, len(leaves), 6)]
    own = {"wte": leaves[0], "wpe": leaves[1], "lm_head": leaves[2], "layers": layers}
    with torch.enable_grad():
        logits = model(own, tokens, heads, **mistake)
        loss = loss_of(logits.flatten(0, 1), targets.flatten())
        found = list(torch.autograd.grad(loss * weigh, leaves, allow_unused=True))
    names = ["wte", "wpe", "lm_head", *INNER * len(layers)]
    found = [
        torch.zeros_like(leaf) if each is None or name in drop else each
        for name, leaf, each in zip(names, leaves, found, strict=True)
    ]
    return loss.detach(), *(change(found) if change else found)


def current_position_only(q, k, v):
    here = torch.eye(q.shape[-2], dtype=torch.bool)
    scores = torch.where(here, q @ k.mT, q @ k.detach().mT) * q.shape[-1] ** -0.5
    weights = torch.softmax(scores.masked_fill(torch.ones_like(here).triu(1), -math.inf), -1)
    return (weights * here) @ v + (weights * ~here) @ v.detach()


def without_softmax_gradient(q, k, v):
    scores = q @ k.mT * q.shape[-1] ** -0.5
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return torch.softmax(scores.masked_fill(hidden, -math.inf), -1).detach() @ v


def norm_without_gradient(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5).detach()


def clipped_by_norm(found):
    whole = torch.stack([each.norm() for each in found]).norm()
    return [each / whole.clamp_min(1.0) for each in found]


MODELS = {
    "not_causal": {"attention": functools.partial(attended, diagonal=10_000)},
    "self_unseen": {"attention": functools.partial(attended, diagonal=0)},
    "one_later_token_seen": {"attention": functools.partial(attended, diagonal=2)},
    "unscaled": {"attention": functools.partial(attended, scale=lambda q: 1)},
    "scaled_by_the_model_width": {
        "attention": functools.partial(attended, scale=lambda q: (q.shape[1] * q.shape[-1]) ** -0.5)
    },
    "heads_interleaved": {"interleave": True},
    "relu_not_squared": {"act": torch.relu},
    "square_without_relu": {"act": torch.square},
    "gelu": {"act": F.gelu},
    "layer_norm": {"norm": lambda x: F.layer_norm(x, x.shape[-1:])},
    "second_norm_missing": {"second_norm": lambda x: x},
    "final_norm": {"final": rms},
    "eps_1e-6": {"norm": lambda x: rms(x, 1e-6)},
    "eps_1e-8": {"norm": lambda x: rms(x, 1e-8)},
    "eps_outside_the_root": {"norm": lambda x: x / (x.square().mean(-1, keepdim=True).sqrt() + 1e-5)},
    "sum_for_mean": {"norm": lambda x: x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-5)},
    "positions_from_one": {"positions": lambda w, t: w["wpe"].roll(-1, 0)[: t.shape[-1]]},
    "no_positions": {"positions": lambda w, t: 0},
    "tied": {"head": lambda w: w["wte"]},
    "no_residual": {"add": lambda x, y: y},
    "last_layer_missing": {"layers": lambda each: list(each)[:-1]},
    "layers_backwards": {"layers": lambda each: list(each)[::-1]},
    "attention_and_mlp_in_parallel": {"parallel": True},
}
for mistake, keywords in MODELS.items():
    VARIANTS.wrong_set(mistake, run_randygpt_forward=functools.partial(model, **keywords))
GRADIENTS = {
    "keys_and_values_of_the_current_position_only": {"attention": current_position_only},
    "queries_only": {"drop": ("wk", "wv")},
    "no_gradient_of_keys": {"drop": ("wk",)},
    "mlp_only": {"drop": ("wq", "wk", "wv", "wo")},
    "no_gradient_of_positions": {"drop": ("wpe",)},
    "softmax_taken_as_constant": {"attention": without_softmax_gradient},
    "norm_taken_as_constant": {"norm": norm_without_gradient},
    "sum_of_the_losses": {"loss_of": functools.partial(F.cross_entropy, reduction="sum")},
    "gradient_of_half_the_loss": {"weigh": 0.5},
    "clipped_by_norm": {"change": clipped_by_norm},
    "clipped_by_element": {"change": lambda found: [each.clamp(-0.05, 0.05) for each in found]},
    "label_smoothing": {"loss_of": functools.partial(F.cross_entropy, label_smoothing=0.01)},
    "upwards": {"weigh": -1.0},
    "rounded_to_bfloat16": {"change": lambda found: [each.bfloat16().to(each.dtype) for each in found]},
    "layers_in_reverse_order": {
        "change": lambda found: [
            *found[:3],
            *(y for n in range(len(found) - 6, 2, -6) for y in found[n : n + 6]),
        ]
    },
    "first_and_last_token_only": {
        "loss_of": lambda logits, targets: F.cross_entropy(logits[[0, -1]], targets[[0, -1]])
    },
}
for mistake, keywords in GRADIENTS.items():
    VARIANTS.wrong_set(
        f"gradients_{mistake}", run_randygpt_gradients=functools.partial(gradients, **keywords)
    )
for mistake, functions in WRONG.items():
    VARIANTS.wrong_set(mistake, **functions)


def float64_inside(weights, tokens, heads):
    def wide(value):
        if isinstance(value, torch.Tensor):
            return value.double()
        each = value.items() if isinstance(value, dict) else None
        return {k: wide(v) for k, v in each} if each is not None else [wide(v) for v in value]

    return model(wide(weights), tokens, heads).to(weights["wte"].dtype)


def online_softmax(q, k, v):
    """Add keys one at a time, as a fused kernel does with tiles."""
    peak = q.new_full(q.shape[:-1], -math.inf)
    total, seen = torch.zeros_like(peak), torch.zeros_like(v)
    for place in range(k.shape[-2]):
        score = (q * k[..., place : place + 1, :]).sum(-1) * q.shape[-1] ** -0.5
        shown = torch.arange(q.shape[-2]) >= place
        score = score.masked_fill(~shown, -math.inf)
        higher = torch.maximum(peak, score)
        old, new = (peak - higher).exp(), (score - higher).exp()
        old, new = old.nan_to_num(), new.nan_to_num()
        total, seen = total * old + new, seen * old[..., None] + new[..., None] * v[..., place : place + 1, :]
        peak = higher
    return seen / total[..., None]


VARIANTS.honest_set("taken_apart", run_randygpt_forward=model, run_randygpt_gradients=gradients)
VARIANTS.honest_set(
    "framework_norm",
    run_randygpt_forward=functools.partial(model, norm=lambda x: F.rms_norm(x, x.shape[-1:], eps=1e-5)),
)
VARIANTS.honest("run_randygpt_forward")(float64_inside)
VARIANTS.honest_set(
    "keys_one_at_a_time", run_randygpt_gradients=functools.partial(gradients, attention=online_softmax)
)
for variant, functions in HONEST.items():
    VARIANTS.honest_set(variant, **functions)
