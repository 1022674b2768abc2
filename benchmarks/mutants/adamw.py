"""AdamW, wrong and right."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.registry import Variants
from reference.adamw import VERSIONS, AdamW

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


@wrong
class DecayInTheGradient(Student):
    def moments(self, p, state, group):
        p.grad.add_(p, alpha=group["weight_decay"])
        super().moments(p, state, group)

    def decay(self, p, t, group):
        pass


@wrong
class DecayWithoutTheRate(Student):
    def decay(self, p, t, group):
        p.mul_(1 - group["weight_decay"])


@wrong
class DecayAtTheCorrectedRate(Student):
    def decay(self, p, t, group):
        p.mul_(1 - self.rate(t, group) * group["weight_decay"])


@wrong
class DecayTwice(Student):
    def update(self, p, m, v, t, group):
        self.decay(p, t, group)
        super().update(p, m, v, t, group)


@wrong
class NoDecay(Student):
    def decay(self, p, t, group):
        pass


@wrong
class NoDecayOfVectors(Student):
    def decay(self, p, t, group):
        if p.ndim > 1:
            super().decay(p, t, group)


@wrong
class NoBiasCorrection(Student):
    def rate(self, t, group):
        return group["lr"]


@wrong
class FirstMomentCorrectedOnly(Student):
    def rate(self, t, group):
        return group["lr"] / (1 - group["betas"][0] ** t)


@wrong
class CorrectionWithoutRoot(Student):
    def rate(self, t, group):
        b1, b2 = group["betas"]
        return group["lr"] * (1 - b2**t) / (1 - b1**t)


@wrong
class BetasExchanged(Student):
    def moments(self, p, state, group):
        super().moments(p, state, {**group, "betas": group["betas"][::-1]})


@wrong
class SecondMomentOfTheFirst(Student):
    def moments(self, p, state, group):
        super().moments(p, state, group)
        b2 = group["betas"][1]
        state["w"] = b2 * state.get("w", torch.zeros_like(p)) + (1 - b2) * state["m"] ** 2

    def one(self, p, group):
        state = self.state[p]
        t = state["t"] = state.get("t", 0) + 1
        self.moments(p, state, group)
        self.update(p, state["m"], state["w"], t, group)


@wrong
class NoMomentum(Student):
    def update(self, p, m, v, t, group):
        super().update(p, p.grad * (1 - group["betas"][0] ** t), v, t, group)


@wrong
class MomentsInHalfPrecision(Student):
    def moments(self, p, state, group):
        super().moments(p, state, group)
        state["m"] = state["m"].bfloat16().to(p.dtype)


@wrong
class GradientsCleared(Student):
    def one(self, p, group):
        super().one(p, group)
        p.grad.zero_()


@wrong
class NewParameterTensors(Student):
    def update(self, p, m, v, t, group):
        p.data = p.data - self.rate(t, group) * m / self.root(v, t, group)
        self.decay(p, t, group)


@wrong
class ClosureIgnored(Student):
    def step(self, closure=None):
        return super().step(None)


@wrong
class LossForgotten(Student):
    def step(self, closure=None):
        super().step(closure)


@wrong
class ClosureAfterTheStep(Student):
    def step(self, closure=None):
        super().step(None)
        return None if closure is None else closure()


@wrong
class GeneratorExhausted(Student):
    def __init__(self, params, **more):
        if not isinstance(params, (list, tuple)):
            list(params)
        super().__init__(params, **more)


@wrong
class AmsGrad(Student):
    def root(self, v, t, group):
        group["most"] = torch.maximum(group["most"], v) if "most" in group and t > 1 else v
        return group["most"].sqrt() + group["eps"]


def _version(name, version):
    VARIANTS.honest_set(name, get_adamw_cls=lambda: type(name, (AdamW,), {"version": version}))


_version("decay_first_eps_on_raw", VERSIONS[1])
_version("decay_last_eps_on_corrected", VERSIONS[2])
_version("decay_last_eps_on_raw", VERSIONS[3])
VARIANTS.honest_set("framework", get_adamw_cls=lambda: torch.optim.AdamW)


@honest
class Plain(Student):
    """The student's own, as it stands."""


@honest
class InPlaceArithmetic(Student):
    def moments(self, p, state, group):
        b1, b2 = group["betas"]
        if "m" not in state:
            state["m"], state["v"] = torch.zeros_like(p.data), torch.zeros_like(p.data)
        state["m"].mul_(b1).add_(p.grad, alpha=1 - b1)
        state["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)

    def update(self, p, m, v, t, group):
        self.decay(p, t, group)
        p.data.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-self.rate(t, group))


@honest
class Interpolated(Student):
    def moments(self, p, state, group):
        b1, b2 = group["betas"]
        state["m"] = torch.lerp(state.get("m", torch.zeros_like(p)), p.grad, 1 - b1)
        state["v"] = torch.lerp(state.get("v", torch.zeros_like(p)), p.grad.square(), 1 - b2)

    def update(self, p, m, v, t, group):
        b1, b2 = group["betas"]
        self.decay(p, t, group)
        p.add_(-group["lr"] * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + group["eps"]))


@honest
class Float64Inside(Student):
    def moments(self, p, state, group):
        b1, b2 = group["betas"]
        gradient = p.grad.double()
        state["m"] = b1 * state.get("m", torch.zeros_like(gradient)) + (1 - b1) * gradient
        state["v"] = b2 * state.get("v", torch.zeros_like(gradient)) + (1 - b2) * gradient**2
        state["m"], state["v"] = state["m"].to(p.dtype), state["v"].to(p.dtype)


@honest
class CountAsTensor(Student):
    def one(self, p, group):
        state = self.state[p]
        if not state:
            state.update(t=torch.tensor(0.0), m=torch.zeros_like(p), v=torch.zeros_like(p))
        state["t"] += 1
        self.moments(p, state, group)
        self.update(p, state["m"], state["v"], state["t"].item(), group)


@honest
class DecaySubtracted(Student):
    def decay(self, p, t, group):
        p.data -= group["lr"] * group["weight_decay"] * p.data
