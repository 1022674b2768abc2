"""Tokens to predict."""

from __future__ import annotations

import torch


def some_targets(logits, seed=0):
    """Return a target for each row of logits, drawn uniformly."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(logits.shape[-1], logits.shape[:-1], generator=generator).to(logits.device)


def middling_targets(logits):
    """Return for each row of logits a token of middling probability.

    One that has nearly all of it costs next to nothing, and is the difference of two nearly equal numbers: so
    are its gradients.
    """
    return logits.argsort(-1)[..., logits.shape[-1] // 2]
