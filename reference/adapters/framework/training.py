"""What a training loop is made of."""

from __future__ import annotations

from collections.abc import Iterable

import torch


def run_gradient_clipping(parameters: Iterable[torch.nn.Parameter], max_l2_norm: float) -> None:
    """Scale all gradients in place so that their norm together is at most `max_l2_norm`."""
    torch.nn.utils.clip_grad_norm_(parameters, max_l2_norm)


def get_adamw_cls() -> type[torch.optim.Optimizer]:
    """Return the optimizer's class: `(params, lr, weight_decay, betas, eps)`, by these names."""
    return torch.optim.AdamW
