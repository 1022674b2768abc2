"""A small GPT as the randyGPT journal describes it: RMS norm without weight, squared ReLU, untied head.

    x = wte[tokens] + wpe[positions]
    repeat L: x = x + Wo attention(Wq rms x, Wk rms x, Wv rms x)
              x = x + F2 relu(F1 rms x)^2
    logits = lm_head x

There is no bias, no final norm and no weight in a norm. Matrices are `[out, in]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import torch
from torch.nn import functional

from .scaled_dot_product import causal_attention

Layer: TypeAlias = Mapping[str, torch.Tensor]
GPTWeights: TypeAlias = Mapping[str, torch.Tensor | Sequence[Layer]]
Attention: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
OUTER = ("wte", "wpe", "lm_head")
INNER = ("wq", "wk", "wv", "wo", "fc1", "fc2")
EPS = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class GPTSize:
    """Sizes of a model: V tokens, T positions, width D, H heads and L layers."""

    vocabulary: int
    context: int
    width: int
    heads: int
    layers: int

    @property
    def parameters(self) -> int:
        """Return `2 V D + T D + 12 L D^2`."""
        inner = 12 * self.layers * self.width**2
        return 2 * self.vocabulary * self.width + self.context * self.width + inner


def preset(name: str, *, vocabulary: int, context: int = 256) -> GPTSize:
    """Return the size called S, M or L.

    Raises:
        ValueError: there is none of that name.
    """
    sizes = {"S": (128, 4, 4), "M": (192, 6, 6), "L": (256, 8, 6)}
    if name not in sizes:
        msg = f"a preset is one of {', '.join(sizes)}, got {name!r}"
        raise ValueError(msg)
    width, heads, layers = sizes[name]
    return GPTSize(vocabulary=vocabulary, context=context, width=width, heads=heads, layers=layers)


def unit_rms(x: torch.Tensor) -> torch.Tensor:
    """Return `x / sqrt(mean(x^2) + 1e-5)` over the last dimension."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS)


def randygpt(
    weights: GPTWeights,
    tokens: torch.Tensor,
    *,
    heads: int,
    attention: Attention = causal_attention,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Return logits `Float[B, T, V]` of tokens `Int[B, T]`.

    Arguments:
        weights: `wte` `Float[V, D]`, `wpe` `Float[positions, D]`, `lm_head` `Float[V, D]`, and `layers`, a
            list with `wq`, `wk`, `wv`, `wo` `Float[D, D]`, `fc1` `Float[4 D, D]`, `fc2` `Float[D, 4 D]`.
        tokens: no more than there are positions.
        heads: H.
        attention: of queries, keys and values `Float[B, H, T, D / H]`.
        dropout: the share of what attention and MLP add that is set to zero.
    """
    x = _outer(weights, "wte")[tokens] + _outer(weights, "wpe")[: tokens.shape[-1]]
    for layer in cast("Sequence[Layer]", weights["layers"]):
        near = unit_rms(x)
        q, k, v = (_by_head(near @ layer[name].mT, heads) for name in ("wq", "wk", "wv"))
        attended = attention(q, k, v).transpose(-3, -2).flatten(-2)
        x = x + functional.dropout(attended @ layer["wo"].mT, dropout)
        hidden = torch.relu(unit_rms(x) @ layer["fc1"].mT).square()
        x = x + functional.dropout(hidden @ layer["fc2"].mT, dropout)
    return x @ _outer(weights, "lm_head").mT


def loss_and_gradients(
    weights: GPTWeights,
    tokens: torch.Tensor,
    targets: torch.Tensor,
    *,
    heads: int,
    attention: Attention = causal_attention,
) -> tuple[torch.Tensor, ...]:
    """Return the mean cross entropy, and its gradients in the order of `in_order`.

    Arguments:
        weights: as in `randygpt`.
        tokens: `Int[B, T]`.
        targets: `Int[B, T]`, the tokens to be predicted.
        heads: H.
        attention: as in `randygpt`.
    """
    leaves = [each.detach().clone().requires_grad_() for each in in_order(weights)]
    with torch.enable_grad():
        logits = randygpt(from_order(leaves), tokens, heads=heads, attention=attention)
        loss = functional.cross_entropy(logits.flatten(0, -2), targets.flatten())
        gradients = torch.autograd.grad(loss, leaves)
    return loss.detach(), *gradients


def in_order(weights: GPTWeights) -> list[torch.Tensor]:
    """Return `wte`, `wpe`, `lm_head` and of each layer `wq`, `wk`, `wv`, `wo`, `fc1`, `fc2`."""
    layers = cast("Sequence[Layer]", weights["layers"])
    return [_outer(weights, name) for name in OUTER] + [layer[name] for layer in layers for name in INNER]


def from_order(tensors: Sequence[torch.Tensor]) -> dict[str, Any]:
    """Return weights whose tensors in order are these."""
    inner = tensors[len(OUTER) :]
    layers = [
        dict(zip(INNER, inner[start : start + len(INNER)], strict=True))
        for start in range(0, len(inner), len(INNER))
    ]
    return {**dict(zip(OUTER, tensors[: len(OUTER)], strict=True)), "layers": layers}


def initial_weights(size: GPTSize, *, seed: int, device: torch.device | str | None = None) -> dict[str, Any]:
    """Return weights N(0, 0.02^2); `wo` and `fc2` have 0.02 / sqrt(2 L), `wpe` has 0.01.

    What is added to x by 2 L matrices keeps its size that way: Radford et al., "Language models are
    unsupervised multitask learners", 2019.
    """
    generator = torch.Generator().manual_seed(seed)
    width, wide = size.width, 4 * size.width
    small = 0.02 / math.sqrt(2 * max(1, size.layers))

    def drawn(spread: float, *shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator) * spread).to(device)

    outer = {
        "wte": drawn(0.02, size.vocabulary, width),
        "wpe": drawn(0.01, size.context, width),
        "lm_head": drawn(0.02, size.vocabulary, width),
    }
    layers = [
        {
            **{name: drawn(0.02, width, width) for name in ("wq", "wk", "wv")},
            "wo": drawn(small, width, width),
            "fc1": drawn(0.02, wide, width),
            "fc2": drawn(small, width, wide),
        }
        for _ in range(size.layers)
    ]
    return {**outer, "layers": layers}


def _by_head(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads).transpose(-3, -2)


def _outer(weights: GPTWeights, name: str) -> torch.Tensor:
    return cast("torch.Tensor", weights[name])
