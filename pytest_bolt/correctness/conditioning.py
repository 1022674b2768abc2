"""How far inputs that are off by a few units in the last place move an answer.

No implementation is more exact than the conditioning of its formula allows, and one that happens to be is no
measure for others (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 1.6). So before an
answer is rejected, further honest ones are asked for: what the framework gives for inputs beside these.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch

from pytest_bolt.correctness.nested import each_tensor, map_tensors

# In one pattern the errors may happen to cancel.
_PATTERNS = 4
_UNITS = 4
_SINGLE = torch.finfo(torch.float32).eps

Nudge: TypeAlias = Callable[[Any], Any]


def nudges(arguments: Any) -> Iterator[Nudge]:
    """Yield functions that return the arguments with every number off by four units in the last place.

    Tensors of a dtype narrower than float32 become float32 first: a unit of their own is far more than an
    honest implementation loses, since that works in float32 inside. Where all are narrow, nothing is yielded.
    """
    floating = [tensor for tensor in each_tensor(arguments) if tensor.is_floating_point()]
    if any(torch.finfo(tensor.dtype).eps <= _SINGLE for tensor in floating):
        for pattern in range(_PATTERNS):
            yield functools.partial(_nudged, pattern)


def _nudged(pattern: int, arguments: Any) -> Any:
    """Move each element of each tensor up or down, as a generator draws it; always the same way."""
    numbers = itertools.count(1000 * pattern)
    return map_tensors(arguments, lambda tensor: _off(tensor, next(numbers)))


def _off(tensor: torch.Tensor, seed: int) -> torch.Tensor:
    if not tensor.is_floating_point():
        return tensor
    tensor = tensor.to(at_least_single(tensor.dtype))
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(0, 2, tensor.shape, generator=generator, dtype=torch.int8)
    signs = (2 * drawn - 1).to(device=tensor.device, dtype=tensor.dtype)
    return tensor * (1 + _UNITS * torch.finfo(tensor.dtype).eps * signs)


def at_least_single(dtype: torch.dtype) -> torch.dtype:
    """Return float32 for a narrower dtype."""
    return torch.promote_types(dtype, torch.float32)
