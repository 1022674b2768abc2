"""What a training loop is made of."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO

import numpy as np
import numpy.typing as npt
import torch

from ...adamw import AdamW
from ...batches import token_batch
from ...checkpoints import load_checkpoint, save_checkpoint
from ...clipping import clip_gradients
from ...schedules import warmup_cosine


def run_get_batch(
    dataset: npt.NDArray[np.integer], batch_size: int, context_length: int, device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and targets `Int64[B, T]`, windows that start anywhere in `dataset` `Int[n]`."""
    return token_batch(dataset, batch_size, context_length, device)


def run_gradient_clipping(parameters: Iterable[torch.nn.Parameter], max_l2_norm: float) -> None:
    """Scale all gradients in place so that their norm together is at most `max_l2_norm`."""
    clip_gradients(parameters, max_l2_norm)


def get_adamw_cls() -> type[torch.optim.Optimizer]:
    """Return the optimizer's class: `(params, lr, weight_decay, betas, eps)`."""
    return AdamW


def run_get_lr_cosine_schedule(
    it: int,
    max_learning_rate: float,
    min_learning_rate: float,
    warmup_iters: int,
    cosine_cycle_iters: int,
) -> float:
    """Return the learning rate of iteration `it`."""
    return warmup_cosine(
        it,
        max_learning_rate=max_learning_rate,
        min_learning_rate=min_learning_rate,
        warmup_iters=warmup_iters,
        cosine_cycle_iters=cosine_cycle_iters,
    )


def run_save_checkpoint(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    iteration: int,
    out: str | os.PathLike[str] | IO[bytes],
) -> None:
    """Write model, optimizer and iteration to a path or a binary stream."""
    save_checkpoint(model, optimizer, iteration, out)


def run_load_checkpoint(
    src: str | os.PathLike[str] | IO[bytes], model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    """Restore model and optimizer in place and return the iteration."""
    return load_checkpoint(src, model, optimizer)
