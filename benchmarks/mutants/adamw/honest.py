"""Right, each in its own way."""

from __future__ import annotations

import torch

from benchmarks.mutants.adamw.parts import VARIANTS, Student, honest
from reference.adamw import VERSIONS, AdamW


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
