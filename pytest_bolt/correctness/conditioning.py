"""How far inputs that are off by a few units in the last place move an answer.

No implementation is more exact than the conditioning of its formula allows, and one that happens to be is no
measure for others (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 1.6).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from pytest_bolt.correctness.nested import map_tensors

_SINGLE = torch.finfo(torch.float32).eps


def off_by(units: int, tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor whose elements are off by `units` in the last place, up or down in a fixed pattern.

    Tensors that are not of a floating-point dtype are returned as they are.
    """
    if not tensor.is_floating_point():
        return tensor
    signs = torch.arange(tensor.numel(), device=tensor.device).reshape(tensor.shape) * 7 % 5 % 2 * 2 - 1
    return tensor * (1 + units * torch.finfo(tensor.dtype).eps * signs).to(tensor.dtype)


def conditioned(function: Callable[..., Any], dtype: torch.dtype, units: int = 4) -> Callable[..., Any]:
    """Return the function of inputs that are off by `units`, where arithmetic has no more digits than inputs.

    Of a dtype narrower than float32 it is the function itself: there a unit of the input is far more than an
    honest implementation loses, since it works in float32 inside.
    """
    return nudged(function, units) if torch.finfo(dtype).eps <= _SINGLE else function


def nudged(function: Callable[..., Any], units: int) -> Callable[..., Any]:
    """Return the function of inputs that are off by `units` in the last place."""

    @functools.wraps(function)
    def off(*args: Any, **kwargs: Any) -> Any:
        return function(*map_tensors(args, functools.partial(off_by, units)), **kwargs)

    return off
