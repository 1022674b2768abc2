"""Cross-entropy of logits."""

from __future__ import annotations

import torch

from .precision import widened


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean of `log(sum exp(x)) - x[target]` over all leading dimensions.

    The maximum is subtracted first, from every logit: nothing overflows, and no digits are lost where all
    logits are large. Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.3.

    Arguments:
        logits: `Float[..., V]`, any floating-point dtype.
        targets: `Int[...]`, each in [0, V).

    Returns:
        `Float[]`, the dtype of `logits`.
    """
    wide = widened(logits)
    # The maximum is a constant here: it cancels, and so does its gradient.
    shifted = wide - wide.amax(-1, keepdim=True).detach()
    chosen = shifted.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (shifted.exp().sum(-1).log() - chosen).mean().to(logits.dtype)
