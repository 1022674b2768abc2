"""AdamW, in parts: a right implementation that variants replace pieces of."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("adamw")


class Student(torch.optim.Optimizer):
    """A right AdamW in the words of a student, in parts that variants replace."""

    def __init__(self, params, lr=1e-3, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "betas": betas, "eps": eps})

    def step(self, closure=None):
        loss = None if closure is None else closure()
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self.one(p, group)
        return loss

    def one(self, p, group):
        state = self.state[p]
        t = state["t"] = state.get("t", 0) + 1
        self.moments(p, state, group)
        self.update(p, state["m"], state["v"], t, group)

    def moments(self, p, state, group):
        b1, b2 = group["betas"]
        state["m"] = b1 * state.get("m", torch.zeros_like(p)) + (1 - b1) * p.grad
        state["v"] = b2 * state.get("v", torch.zeros_like(p)) + (1 - b2) * p.grad**2

    def rate(self, t, group):
        b1, b2 = group["betas"]
        return group["lr"] * math.sqrt(1 - b2**t) / (1 - b1**t)

    def root(self, v, t, group):
        return v.sqrt() + group["eps"]

    def update(self, p, m, v, t, group):
        p.sub_(self.rate(t, group) * m / self.root(v, t, group))
        self.decay(p, t, group)

    def decay(self, p, t, group):
        p.mul_(1 - group["lr"] * group["weight_decay"])


def wrong(cls):
    VARIANTS.wrong_set(cls.__name__, get_adamw_cls=lambda: cls)
    return cls


def honest(cls):
    VARIANTS.honest_set(cls.__name__, get_adamw_cls=lambda: cls)
    return cls
