"""AdamW, in the versions that are written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

State: TypeAlias = tuple[int, torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamWVersion:
    """What published descriptions of AdamW differ in.

    `decay_first`: the weights decay before the step, as in PyTorch and, since the step does not depend on
    the weights, in Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2; else
    after it. `eps_on_corrected`: `eps` is added to the root of the corrected second moment, as in algorithm 1
    of Kingma and Ba, "Adam", 2015; else to the raw root, the form that ends their section 2.
    """

    decay_first: bool = True
    eps_on_corrected: bool = True


VERSIONS = tuple(
    AdamWVersion(decay_first=first, eps_on_corrected=corrected)
    for first in (True, False)
    for corrected in (True, False)
)


def adamw_step(
    parameter: torch.Tensor,
    gradient: torch.Tensor,
    state: State,
    *,
    lr: float,
    weight_decay: float,
    betas: tuple[float, float],
    eps: float,
    version: AdamWVersion = VERSIONS[0],
) -> tuple[torch.Tensor, State]:
    """Return a parameter after one more step, and its state.

    `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, with `m' = m/(1 - b1^t)` and `v' = v/(1 - b2^t)` the
    step is `lr m'/(sqrt v' + eps)` and the decay `lr weight_decay theta`.

    Arguments:
        parameter, gradient: `Float[...]`, one shape.
        state: the steps that this parameter has taken (t - 1), m and v of its shape; see `fresh_state`.
        lr, weight_decay, betas, eps: see the formula.
        version: the order of decay and step, and where `eps` is added.
    """
    step, first, second = state[0] + 1, state[1], state[2]
    first = betas[0] * first + (1 - betas[0]) * gradient
    second = betas[1] * second + (1 - betas[1]) * gradient.square()
    correction = math.sqrt(1 - betas[1] ** step)
    root = second.sqrt() + (eps * correction if version.eps_on_corrected else eps)
    change = lr * correction / (1 - betas[0] ** step) * first / root
    kept = 1 - lr * weight_decay
    new = parameter * kept - change if version.decay_first else (parameter - change) * kept
    return new, (step, first, second)


def fresh_state(parameter: torch.Tensor) -> State:
    """Return the state of a parameter that has taken no step."""
    return 0, torch.zeros_like(parameter), torch.zeros_like(parameter)


def adamw_steps(
    parameters: Sequence[torch.Tensor],
    gradients: Sequence[Sequence[torch.Tensor | None]],
    *,
    groups: Sequence[Mapping[str, Any]],
    version: AdamWVersion = VERSIONS[0],
) -> tuple[torch.Tensor, ...]:
    """Return parameters after several steps; one without a gradient is left as it is and counts no step.

    Arguments:
        parameters: `Float[...]` each.
        gradients: one sequence a step, of one gradient or None a parameter.
        groups: for each parameter its `lr`, `weight_decay`, `betas` and `eps`; an `lr` may be a sequence,
            one value a step.
        version: see `AdamWVersion`.
    """
    return tuple(
        _after(parameter, [step[place] for step in gradients], group, version)
        for place, (parameter, group) in enumerate(zip(parameters, groups, strict=True))
    )


def _after(
    parameter: torch.Tensor,
    gradients: Sequence[torch.Tensor | None],
    group: Mapping[str, Any],
    version: AdamWVersion,
) -> torch.Tensor:
    state = fresh_state(parameter)
    for place, gradient in enumerate(gradients):
        if gradient is not None:
            lr = group["lr"][place] if isinstance(group["lr"], Sequence) else group["lr"]
            parameter, state = adamw_step(parameter, gradient, state, version=version, **{**group, "lr": lr})
    return parameter


class AdamW(torch.optim.Optimizer):
    """AdamW as an optimizer; what it remembers lies in `state`, so `state_dict` has all of it.

    Arguments:
        params: tensors, or groups of them with settings of their own.
        lr, weight_decay, betas, eps: see `adamw_step`.

    Raises:
        ValueError: a setting that cannot be meant.
    """

    version = VERSIONS[0]

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if min(lr, weight_decay, eps) < 0 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"{lr=}, {weight_decay=}, {betas=}, {eps=}: negative, or a beta not below 1")
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step with the gradients that are there; return what `closure` returns, None without."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            settings = {name: group[name] for name in ("lr", "weight_decay", "betas", "eps")}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, settings)
        return loss

    def _update(self, parameter: torch.Tensor, gradient: torch.Tensor, settings: Mapping[str, Any]) -> None:
        known = self.state[parameter]
        state = (known["step"], known["first"], known["second"]) if known else fresh_state(parameter)
        new, state = adamw_step(parameter, gradient, state, version=self.version, **settings)
        known["step"], known["first"], known["second"] = state
        parameter.copy_(new)
