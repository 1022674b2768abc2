"""Wrong formulas, and wrong manners of a step."""

from __future__ import annotations

import torch

from benchmarks.mutants.adamw.parts import Student, wrong


@wrong
class DecayInTheGradient(Student):
    def moments(self, p, state, group):
        p.grad.add_(p, alpha=group["weight_decay"])
        super().moments(p, state, group)

    def decay(self, p, t, group):
        pass


@wrong
class FirstGradientTwice(Student):
    def moments(self, p, state, group):
        state.setdefault("m", p.grad.clone())
        super().moments(p, state, group)


@wrong
class CountEndsAtTen(Student):
    def rate(self, t, group):
        return super().rate(min(t, 10), group)


@wrong
class ZeroGradientsSkipped(Student):
    def one(self, p, group):
        if p.grad.any():
            super().one(p, group)


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
