"""Models at the sizes that fit two cores, and what a fresh process runs to see how much memory they hold."""

from __future__ import annotations

from typing import Any

import torch

from .. import reference
from .material import random_tokens, training

VOCABULARY = 256
OVERFLOWING = {"width": 256, "heads": 1, "multiplier": 32, "layers": 6}  # N = 8192, as in the journal
SMALL = {"width": 128, "heads": 4, "multiplier": 16}


def bdh(seed: int = 0, **config: Any) -> Any:
    """Return BDH with drawn weights."""
    torch.manual_seed(seed)
    return reference.BDH(reference.BDHConfig(**config))


def bdh_hrm(seed: int = 0, **config: Any) -> Any:
    """Return BDH-HRM with drawn weights."""
    torch.manual_seed(seed)
    return reference.BDHHRM(reference.BDHConfig(**config))


def train_one_step(checkpointing: bool) -> None:  # noqa: FBT001 - called by name in another process
    """Train BDH for one step, activations kept or computed again."""
    model = bdh(width=256, heads=4, multiplier=32, layers=6, checkpointing=checkpointing)
    tokens = random_tokens(VOCABULARY, 4, 257)
    training.next_token_losses(model, tokens).mean().backward()
