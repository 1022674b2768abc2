"""BDH taken apart: every step can be replaced by a wrong one, in any of the forms that the suites ask for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F


def normalised(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-5)


def angles(tokens, neurons, like, start, theta=2.0**16):
    pairs = torch.arange(neurons, dtype=like.dtype) // 2 * 2
    positions = torch.arange(start, start + tokens, dtype=like.dtype)
    return (positions[:, None] * theta ** (-pairs / neurons) / (2 * math.pi)).frac() * (2 * math.pi)


def turned(x, angle):
    other = torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)
    return x * angle.cos() + other * angle.sin()


def keep(x):
    return x


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The steps of BDH."""

    angles: Callable[..., Any] = angles
    query: Callable[..., Any] = turned
    key: Callable[..., Any] = turned
    values: Callable[..., Any] = lambda v: v.unsqueeze(-3)
    mask: Callable[..., Any] = lambda s: s.tril(-1)
    scale: Callable[..., Any] = lambda x, v: x.shape[-1] ** -0.5
    weigh: Callable[..., Any] = keep
    of_embedding: Callable[..., Any] = normalised
    of_attended: Callable[..., Any] = normalised
    of_update: Callable[..., Any] = normalised
    of_sum: Callable[..., Any] = normalised
    activate: Callable[..., Any] = torch.relu
    answer: Callable[..., Any] = torch.relu
    gate: Callable[..., Any] = torch.mul
    join: Callable[..., Any] = lambda z: z.transpose(-3, -2).flatten(-2)
    add: Callable[..., Any] = torch.add
    layers: Callable[..., Any] = range

    def attention(self, x, values, scaled, start=0):
        """Return linear attention."""
        angle = self.angles(x.shape[-2], x.shape[-1], x, start)
        scores = self.mask(self.query(x, angle) @ self.key(x, angle).mT)
        scores = scores * self.scale(x, values) if scaled else scores
        return self.weigh(scores) @ self.values(values)

    def update(self, weights, x, scaled, attend=None):
        """Return what a block adds."""
        activations = self.activate(x.unsqueeze(-3) @ weights["encoder"])
        attended = (attend or self.attention)(activations, x, scaled)
        answers = self.answer(self.of_attended(attended) @ weights["encoder_values"])
        return self.of_update(self.join(self.gate(activations, answers)) @ weights["decoder"])

    def block(self, weights, x, scaled):
        """Return the next x."""
        return self.of_sum(self.add(x, self.update(weights, x, scaled)))

    def model(self, weights, tokens, layers, scaled):
        """Return logits."""
        x = self.of_embedding(weights["embedding"][tokens])
        for _ in self.layers(layers):
            x = self.block(weights, x, scaled)
        return x @ weights["head"]

    def recurrent(self, weights, tokens, state, position, scaled, *, turn_of=keep):
        """Return logits and the state after."""
        memories, logits = list(state.unbind(0)), []
        for place in range(tokens.shape[1]):
            x = self.of_embedding(weights["embedding"][tokens[:, place : place + 1]])
            for layer in self.layers(len(memories)):
                x = self.remembering(weights, x, memories, layer, turn_of(position + place), scaled)
            logits.append(x @ weights["head"])
        empty = state.new_zeros(len(tokens), 0, weights["head"].shape[1])
        return torch.cat([empty, *logits], 1), torch.stack(memories)

    def remembering(self, weights, x, memories, layer, position, scaled):
        """Return the next x of one token, having added it to the memory of a layer."""

        def attend(activations, values, scaled):
            angle = self.angles(1, activations.shape[-1], activations, position)
            query, key = self.query(activations, angle), self.key(activations, angle)
            factor = self.scale(activations, values) if scaled else 1
            seen = query @ memories[layer] * factor
            memories[layer] = memories[layer] + key.mT @ self.values(values)
            return seen

        return self.of_sum(self.add(x, self.update(weights, x, scaled, attend)))

    def hrm(self, weights, tokens, h_cycles, l_cycles, scaled, *, loop):
        """Return logits of BDH-HRM."""
        x = self.of_embedding(weights["embedding"][tokens])

        def step_of(block):
            def step(z, injection):
                return self.of_sum(self.add(z, self.update(block, normalised(z + injection), scaled)))

            return step

        low, high = (weights[name].expand_as(x) for name in ("initial_low", "initial_high"))
        _, z = loop(step_of(weights["low"]), step_of(weights["high"]), low, high, x, h_cycles, l_cycles)
        return z @ weights["head"]
