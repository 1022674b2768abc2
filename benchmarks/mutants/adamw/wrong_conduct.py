"""Wrong in what is remembered, for which parameter, under which settings."""

from __future__ import annotations

import torch

from benchmarks.mutants.adamw.parts import Student, wrong


@wrong
class EpsInsideTheRoot(Student):
    def root(self, v, t, group):
        return (v + group["eps"]).sqrt()


@wrong
class EpsHardCoded(Student):
    def root(self, v, t, group):
        return v.sqrt() + 1e-8


@wrong
class NoEps(Student):
    def root(self, v, t, group):
        return v.sqrt()


@wrong
class NoRoot(Student):
    def root(self, v, t, group):
        return v + group["eps"]


@wrong
class OneCountForAll(Student):
    count = 0

    def step(self, closure=None):
        self.count += 1
        return super().step(closure)

    def rate(self, t, group):
        return super().rate(self.count, group)


@wrong
class CountsEveryParameter(Student):
    count = 0

    def rate(self, t, group):
        self.count += 1
        return super().rate(self.count, group)


@wrong
class CountFromZero(Student):
    def rate(self, t, group):
        return group["lr"] if t == 1 else super().rate(t - 1, group)


@wrong
class RateFrozen(Student):
    def __init__(self, params, lr=1e-3, **more):
        super().__init__(params, lr, **more)
        self.lr = lr

    def rate(self, t, group):
        return super().rate(t, {**group, "lr": self.lr})


@wrong
class DecayRateFrozen(Student):
    def __init__(self, params, lr=1e-3, **more):
        super().__init__(params, lr, **more)
        self.lr = lr

    def decay(self, p, t, group):
        super().decay(p, t, {**group, "lr": self.lr})


@wrong
class FirstGroupOnly(Student):
    def step(self, closure=None):
        with torch.no_grad():
            for p in self.param_groups[0]["params"]:
                if p.grad is not None:
                    self.one(p, self.param_groups[0])


@wrong
class SettingsOfTheFirstGroup(Student):
    def one(self, p, group):
        super().one(p, self.param_groups[0])


@wrong
class BetasOfTheClass(Student):
    def rate(self, t, group):
        return super().rate(t, {**group, "betas": self.defaults["betas"]})


@wrong
class StateBesideTheState(Student):
    def __init__(self, params, **more):
        super().__init__(params, **more)
        self.own = {}

    def one(self, p, group):
        state = self.own.setdefault(p, {})
        t = state["t"] = state.get("t", 0) + 1
        self.moments(p, state, group)
        self.update(p, state["m"], state["v"], t, group)


@wrong
class CountBesideTheState(Student):
    def __init__(self, params, **more):
        super().__init__(params, **more)
        self.own = {}

    def rate(self, t, group):
        key = id(group)
        self.own.setdefault(key, t)
        return super().rate(t, group)

    def one(self, p, group):
        self.own[p] = self.own.get(p, 0) + 1
        state = self.state[p]
        self.moments(p, state, group)
        self.update(p, state["m"], state["v"], self.own[p], group)


@wrong
class StateByIdentity(Student):
    memory = {}

    def one(self, p, group):
        state = Student.__dict__.get("_shared", self.memory).setdefault(tuple(p.shape), {})
        t = state["t"] = state.get("t", 0) + 1
        self.moments(p, state, group)
        self.update(p, state["m"], state["v"], t, group)


@wrong
class NoNoneCheck(Student):
    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    self.one(p, group)


@wrong
class NoneMeansZero(Student):
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        return super().step(closure)


@wrong
class NoneStopsTheGroup(Student):
    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        break
                    self.one(p, group)


@wrong
class NoneDecays(Student):
    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        self.decay(p, 1, group)
        return super().step(closure)
