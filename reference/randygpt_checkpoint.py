"""randyGPT's checkpoint: a header of 24 bytes, weights, first and second moments, 4 bytes each.

The journal gives the magic, the order and the size; the header holds, little-endian: magic (8 bytes),
iteration, optimiser step (unsigned, 4 bytes each), best loss (float32), vocabulary (unsigned, 4 bytes).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .randygpt import GPTSize, from_order, in_order, initial_weights

MAGIC = b"RGPT0003"
HEADER = struct.Struct("<8sIIfI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A training run between two steps; tensors in the order of `in_order`."""

    weights: dict[str, Any]
    first: Sequence[torch.Tensor]
    second: Sequence[torch.Tensor]
    iteration: int
    step: int
    best_loss: float


def checkpoint_bytes(parameters: int) -> int:
    """Return the size of a checkpoint: `24 + 12 P`."""
    return HEADER.size + 12 * parameters


def saved(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as bytes: header, weights, first moments, second moments."""
    tensors = [*in_order(checkpoint.weights), *checkpoint.first, *checkpoint.second]
    vocabulary = len(checkpoint.weights["wte"])
    head = HEADER.pack(MAGIC, checkpoint.iteration, checkpoint.step, checkpoint.best_loss, vocabulary)
    return head + b"".join(each.detach().cpu().float().numpy().astype("<f4").tobytes() for each in tensors)


def loaded(data: bytes, size: GPTSize) -> Checkpoint:
    """Return the checkpoint that `saved` wrote for a model of this size.

    Raises:
        ValueError: another magic, another vocabulary, or another length than this size has.
    """
    magic = data[: len(MAGIC)]
    if magic != MAGIC:
        msg = f"not a checkpoint: it starts with {magic!r}, expected {MAGIC!r}"
        raise ValueError(msg)
    if len(data) != checkpoint_bytes(size.parameters):
        msg = f"a checkpoint of this size has {checkpoint_bytes(size.parameters)} bytes, this one {len(data)}"
        raise ValueError(msg)
    _, iteration, step, best_loss, vocabulary = HEADER.unpack_from(data)
    if vocabulary != size.vocabulary:
        msg = f"the checkpoint has a vocabulary of {vocabulary}, the model one of {size.vocabulary}"
        raise ValueError(msg)
    shapes = [each.shape for each in in_order(initial_weights(size, seed=0, device="meta"))]
    tensors, place = [], HEADER.size
    for shape in shapes * 3:
        tensors.append(
            torch.frombuffer(bytearray(data[place : place + 4 * shape.numel()]), dtype=torch.float32)
        )
        tensors[-1] = tensors[-1].reshape(shape)
        place += 4 * shape.numel()
    count = len(shapes)
    return Checkpoint(
        weights=from_order(tensors[:count]),
        first=tensors[count : 2 * count],
        second=tensors[2 * count :],
        iteration=iteration,
        step=step,
        best_loss=best_loss,
    )
