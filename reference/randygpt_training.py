"""What trains randyGPT: learning rate, optimiser, and the module that both work on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from .adamw import adamw_step
from .randygpt import GPTSize, from_order, in_order, initial_weights, randygpt

BETAS = (0.9, 0.999)
EPS = 1e-8
DECAY = 0.01
WARM_UP = 100
FLAT_UNTIL = 0.6


def learning_rate(step: int, *, steps: int, peak: float, floor: float) -> float:
    """Return the learning rate of a step, counted from 0.

    It rises from a tenth of the peak over 100 steps, stays there until 0.6 of all steps, and falls along
    half a cosine to the floor, which it reaches at `steps` and keeps. In a run so short that the rise ends
    after 0.6 of it, the rise comes first.
    """
    if step < WARM_UP:
        return peak * (0.1 + 0.9 * step / WARM_UP)
    flat = FLAT_UNTIL * steps
    if step < flat:
        return peak
    fallen = min(1.0, (step - flat) / (steps - flat)) if steps > flat else 1.0
    return floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * fallen))


def adamw(
    parameters: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    first: Sequence[torch.Tensor],
    second: Sequence[torch.Tensor],
    *,
    step: int,
    rate: float,
    clip: float,
) -> tuple[torch.Tensor, ...]:
    """Return new parameters, then new first and new second moments, all of them in their order.

    Every element of a gradient is cut to `[-clip, clip]`; every parameter decays by `1 - rate * 0.01`
    before it moves: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019. Betas are 0.9
    and 0.999, eps is 1e-8.

    Arguments:
        parameters: any shapes.
        gradients: of the same shapes, like `first` and `second`, the moments so far.
        first: first moments.
        second: second moments.
        step: counted from 1.
        rate: the learning rate.
        clip: the largest gradient.
    """
    moved, means, squares = [], [], []
    for parameter, gradient, *moments in zip(parameters, gradients, first, second, strict=True):
        state = step - 1, moments[0], moments[1]
        cut = gradient.clamp(-clip, clip)
        new, (_, mean, square) = adamw_step(
            parameter, cut, state, lr=rate, weight_decay=DECAY, betas=BETAS, eps=EPS
        )
        moved.append(new)
        means.append(mean)
        squares.append(square)
    return (*moved, *means, *squares)


class RandyGPT(nn.Module):
    """The model as a module that can be trained, with the journal's initial weights."""

    def __init__(self, size: GPTSize, *, seed: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.size = size
        self.dropout = dropout
        self.tensors = nn.ParameterList(in_order(initial_weights(size, seed=seed)))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return logits `Float[B, T, V]` of tokens `Int[B, T]`."""
        dropout = self.dropout if self.training else 0.0
        weights: dict[str, Any] = from_order(list(self.tensors))
        return randygpt(weights, tokens, heads=self.size.heads, dropout=dropout)

    def optimizer(self, rate: float) -> torch.optim.AdamW:
        """Return AdamW with the journal's settings; it does not clip."""
        return torch.optim.AdamW(self.parameters(), lr=rate, betas=BETAS, eps=EPS, weight_decay=DECAY)
